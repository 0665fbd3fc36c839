import http.server
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.camera import Kind, Sampler, parse_origin, publish_camera
from producers.errors import CameraError
from producers.publish import Publisher
from producers.settings import CameraSettings
from schemas.errors import UsageError
from schemas.events import ImageReference
from tests.producers.support import Bench

FPS = 25
SECONDS = 4


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 25 images/s; each image is as bright as its number."""
    path = tmp_path_factory.mktemp("video") / "drive.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (64, 48))
    for number in range(FPS * SECONDS):
        writer.write(np.full((48, 64, 3), 2 * number, np.uint8))
    writer.release()
    os.utime(path, (1_800_000_000, 1_800_000_000))
    return path


def publish(bench: Bench, address: str, rate: float = 2.0, **options: object) -> int:
    with Publisher(bench.cluster, bench.job, bench.store) as to:
        return publish_camera(
            parse_origin(address),
            to,
            settings=CameraSettings(rate=rate),
            **{"stop": threading.Event(), **options},  # type: ignore[arg-type]
        )


@pytest.mark.kafka
def test_a_video_is_sampled_at_the_rate_by_its_own_timestamps(bench: Bench, video: Path) -> None:
    assert publish(bench, str(video), rate=2.0) == 8
    found = bench.references()
    ended = datetime.fromtimestamp(1_800_000_000, UTC)
    times = [(ended - reference.captured_at).total_seconds() for reference in found]
    # The first image at or after each half second: 25 images/s have none at 0.5 s.
    assert times == pytest.approx([4.0, 3.48, 3.0, 2.48, 2.0, 1.48, 1.0, 0.48], abs=1e-3)
    assert [(reference.source, reference.name) for reference in found][:2] == [
        ("drive", "drive-000000.jpg"),
        ("drive", "drive-000001.jpg"),
    ]


@pytest.mark.kafka
def test_the_images_are_those_of_the_video(bench: Bench, video: Path) -> None:
    publish(bench, str(video), rate=1.0, source="front")
    brightness = [
        cv2.imdecode(np.frombuffer(bench.store.read(one), np.uint8), cv2.IMREAD_COLOR).mean()
        for one in bench.references()
    ]
    assert brightness == pytest.approx([0, 50, 100, 150], abs=6)
    assert {one.source for one in bench.references()} == {"front"}


@pytest.mark.kafka
def test_a_rate_above_the_videos_takes_every_image_once(bench: Bench, video: Path) -> None:
    assert publish(bench, str(video), rate=60.0) == FPS * SECONDS


class Stream(http.server.BaseHTTPRequestHandler):
    """A network camera that drops the line after five images, each time."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(5):
            data = cv2.imencode(".jpg", np.full((48, 64, 3), 40 * number, np.uint8))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")
            time.sleep(0.05)

    def log_message(self, *_args: object) -> None:
        """Not on the tests' output."""


@contextmanager
def network_camera() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://user:secret@127.0.0.1:{server.server_port}/stream.mjpg?token=secret"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.kafka
def test_a_camera_that_drops_is_opened_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    stop, count = threading.Event(), itertools.count(1)

    def until_eight(_reference: ImageReference) -> None:
        if next(count) == 8:
            stop.set()

    with network_camera() as address:
        assert publish(bench, address, 60.0, stop=stop, on_published=until_eight) == 8
    found = bench.references()
    assert {one.source for one in found} == {"127.0.0.1"}
    assert all(datetime.now(UTC) - one.captured_at < timedelta(minutes=1) for one in found)


@pytest.mark.kafka
@pytest.mark.parametrize("address", ["93", "rtsp://user:secret@127.0.0.1:1/stream"])
def test_a_camera_that_is_not_there_is_a_clear_error(bench: Bench, address: str) -> None:
    with pytest.raises(CameraError, match=r"There is no camera 93|127\.0\.0\.1:1/… does not"):
        publish(bench, address)


@pytest.mark.kafka
def test_a_file_that_is_no_video_is_a_clear_error(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no video")
    with pytest.raises(CameraError, match="no video that can be read"):
        publish(bench, str(tmp_path / "text.mp4"))


def test_a_path_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no video file"):
        parse_origin("/no/such.mp4")


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://user:secret@127.0.0.1:1/stream",
        "rtsp://127.0.0.1:1/user=admin&password=secret",
        "http://127.0.0.1:1/?token=secret",
        "rtsp://user:secret@127.0.0.1:no-port/",
        "rtsp://user:secret@",
    ],
)
def test_nothing_secret_in_an_address_reaches_output_or_errors(address: str) -> None:
    program = (
        "import sys, threading\n"
        "from producers.camera import parse_origin, publish_camera\n"
        "from producers.settings import CameraSettings\n"
        "origin = parse_origin(sys.argv[1])\n"
        "print(origin, origin.source, origin.shown)\n"
        "publish_camera(origin, None, settings=CameraSettings(), stop=threading.Event())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, address],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Error" in run.stderr
    # The traceback quotes no values; what is left is what we and the libraries say.
    assert "secret" not in run.stdout + run.stderr


def test_what_an_address_is() -> None:
    assert parse_origin("0").kind is Kind.DEVICE
    assert parse_origin("rtsp://cam.local/1").kind is Kind.STREAM
    assert parse_origin(__file__).kind is Kind.RECORDING
    assert parse_origin("rtsp://user:x@cam.local:554/1").shown == "rtsp://cam.local:554/…"


TIMES = st.lists(st.integers(0, 10_000), min_size=1).map(sorted)


@given(TIMES, st.integers(1, 60))
def test_at_most_one_image_of_each_interval_is_taken(times_ms: list[int], rate: int) -> None:
    sampler = Sampler(rate)
    taken = [at for at in times_ms if sampler.takes(at / 1e3)]
    assert taken[0] == times_ms[0]
    intervals = [(at - times_ms[0] + 1) * rate // 1000 for at in taken]
    assert len(set(intervals)) == len(intervals)


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 10_000))
def test_a_steady_camera_is_sampled_at_the_exact_rate(rate: int, factor: int, first: int) -> None:
    sampler = Sampler(rate)
    fps = rate * factor
    # Matroska and WebM round their times to milliseconds.
    times = [(first + round(1e3 * number / fps)) / 1e3 for number in range(10 * fps)]
    assert sum(map(sampler.takes, times)) == 10 * rate
