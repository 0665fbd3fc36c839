"""Producers before an image store whose disk is full: said once, nothing lost, order kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from producers import simulator_service
from producers.camera import parse_origin, publish_camera
from producers.errors import PublishError, StoreError
from producers.folder import FolderEvents, watch_folder
from producers.publish import Publisher
from producers.script import send_files
from producers.settings import CameraSettings, FolderSettings, SimulatorSettings
from producers.simulator import simulate
from producers.simulator_controls import Controls
from producers.simulator_service import follow
from storage.images import ImageStore
from tests.disks import MEBIBYTE, Disk, small_disk
from tests.producers.support import Bench, jpeg
from tests.vigie.cli import vigie
from tests.waiting import wait_until

PATIENCE_S = 60.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path, 2) as disk:
        yield disk


@pytest.fixture
def full(bench: Bench, disk: Disk) -> Bench:
    """A bench whose image store has no room."""
    (disk.path / "images").mkdir()
    disk.fill()
    bench.store = ImageStore(disk.path / "images", MEBIBYTE)
    return bench


class Waits(threading.Thread):
    """A producer on a thread that is told when the store is waited for."""

    def __init__(self, run: Callable[[Waits, threading.Event], object]) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.heard: list[str | None] = []
        self.error: BaseException | None = None
        self._produce = run

    def run(self) -> None:
        try:
            self._produce(self, self.stop)
        except PublishError as error:
            self.error = error

    def __enter__(self) -> Waits:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()


def numbered(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(jpeg(number))
    return files


def watcher(bench: Bench) -> Waits:
    def run(waits: Waits, stop: threading.Event) -> None:
        watch_folder(
            bench.root,
            cluster=bench.cluster,
            job=bench.job,
            store=bench.store,
            state=bench.state,
            settings=FolderSettings(),
            stop=stop,
            events=FolderEvents(
                bench.published.append,
                interrupted=lambda: waits.heard.append("interrupted"),
                waits=waits.heard.append,
            ),
        )

    return Waits(run)


def test_the_folder_watcher_waits_for_room_and_publishes_in_the_order_of_arrival(
    full: Bench, disk: Disk
) -> None:
    names = [file.name for file in numbered(full.root / "cam", 5)]
    with watcher(full) as waits:
        wait_until(lambda: "the image store" in waits.heard, PATIENCE_S)
        assert full.names() == []
        disk.make_room()
        wait_until(lambda: len(full.published) == len(names), PATIENCE_S)
    assert (full.names(), waits.heard[-1], waits.error) == (names, None, None)


def test_a_watcher_that_is_ended_while_it_waits_leaves_its_images_to_the_next(
    full: Bench, disk: Disk
) -> None:
    names = [file.name for file in numbered(full.root / "cam", 3)]
    with watcher(full) as waits:
        wait_until(lambda: "the image store" in waits.heard, PATIENCE_S)
    disk.make_room()
    with watcher(full):
        wait_until(lambda: len(full.published) == len(names), PATIENCE_S)
    assert full.names() == names


def test_a_memory_that_cannot_be_written_makes_no_image_lost_or_sent_twice(
    bench: Bench, disk: Disk
) -> None:
    bench.state = disk.path / "state"
    numbered(bench.root / "cam", 2)
    with watcher(bench) as waits:
        wait_until(lambda: len(bench.published) == 2, PATIENCE_S)
        disk.fill()
        names = [file.name for file in numbered(bench.root / "cam", 40)]
        wait_until(lambda: "interrupted" in waits.heard, PATIENCE_S)
        disk.make_room()
        numbered(bench.root / "cam", 41)
        wait_until(lambda: len(bench.names()) > len(names), PATIENCE_S)
    assert (bench.names(), waits.error) == ([*names, "40.jpg"], None)


def test_a_camera_keeps_its_image_until_there_is_room(
    full: Bench, disk: Disk, tmp_path: Path
) -> None:
    video = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for number in range(3):
        writer.write(np.full((48, 64, 3), 80 * number, np.uint8))
    writer.release()
    tried = threading.Event()

    class Counting(ImageStore):
        def put(self, data: bytes):
            try:
                return super().put(data)
            except OSError:
                tried.set()
                raise

    store = Counting(full.store.root, MEBIBYTE)

    def run(_waits: Waits, stop: threading.Event) -> None:
        with Publisher(full.cluster, full.job, store) as publisher:
            publish_camera(
                parse_origin(str(video)), publisher, settings=CameraSettings(rate=10), stop=stop
            )

    with Waits(run) as waits:
        assert tried.wait(PATIENCE_S)
        assert full.names() == []
        disk.make_room()
        waits.join(PATIENCE_S)
    assert full.names() == [f"video-{number:06d}.jpg" for number in range(3)]
    assert waits.error is None


def test_sending_publishes_what_was_stored_and_names_the_first_that_was_not(
    full: Bench, disk: Disk, tmp_path: Path
) -> None:
    files = numbered(tmp_path / "files", 5)
    disk.make_room()
    full.store.put(jpeg(0))
    full.store.put(jpeg(1))  # room is not needed for what is there already
    disk.fill()
    with (
        Publisher(full.cluster, full.job, full.store) as publisher,
        pytest.raises(
            StoreError,
            match=rf"{full.store.root} cannot be written: No space left on device \(0\.0 MiB free\)"
            r".* 2 of 5 files were sent; the first that was not is 2\.jpg",
        ),
    ):
        send_files(files, publisher, source="script", stop=threading.Event())
    assert full.names() == ["0.jpg", "1.jpg"]


def test_the_command_says_it_in_one_sentence(full: Bench, tmp_path: Path) -> None:
    [file] = numbered(tmp_path / "files", 1)
    finished = vigie(
        tmp_path,
        *("send", str(file), "--job", "driver"),
        VIGIE_KAFKA__BOOTSTRAP_SERVERS=full.cluster.bootstrap_servers,
        VIGIE_STORAGE__IMAGES=str(full.store.root),
    )
    assert (finished.returncode, finished.stderr.count("\n")) == (1, 1)
    assert "No space left on device (0.0 MiB free). Free disk space" in finished.stderr
    assert [file for file in full.store.root.rglob("*") if file.is_file()] == []


def test_simulated_cameras_go_on_when_there_is_room(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SimulatorSettings(cameras=1, rate=20, keep=1000, width=64, height=48)
    controls = Controls(tmp_path / "controls", settings)
    written: list[object] = []
    refused = threading.Event()

    def simulating(*arguments: object, **more: object) -> int:
        try:
            return simulate(*arguments, **more)
        except PublishError:
            refused.set()
            raise

    monkeypatch.setattr(simulator_service, "simulate", simulating)

    def run(_waits: Waits, stop: threading.Event) -> None:
        cameras = disk.path / "cameras"
        follow(cameras, controls, settings=settings, stop=stop, on_written=written.append)

    with Waits(run) as waits:
        wait_until(lambda: bool(written), PATIENCE_S)
        disk.fill()
        assert refused.wait(PATIENCE_S)
        before = len(written)
        disk.make_room()
        wait_until(lambda: len(written) > before, PATIENCE_S)
    assert waits.error is None
