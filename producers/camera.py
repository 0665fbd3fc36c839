"""Takes images from a camera, a stream or a video file, for ``vigie camera``."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import numpy.typing as npt
import structlog

from producers.errors import CameraError, StoreError
from producers.files import moment, printable
from producers.publish import MAX_SOURCE_CHARACTERS, Publisher
from producers.settings import CameraSettings
from schemas.errors import RefusedError, UsageError
from schemas.events import ImageReference

Frame = npt.NDArray[np.uint8]

log = structlog.get_logger(__name__)

ANSWER_MS = 5000
"""How long a stream may take to open or to send its next image. Cameras on a network take a
second or two; a request to stop must not wait longer than this."""

BACKOFF_S = (0.5, 10.0)
"""First and longest wait before a lost camera is opened again; it doubles in between. A camera
that restarts is back in half a minute, and one that is off must not be asked all the time."""

STORE_RETRY_S = 1.0
"""Wait before a full image store is tried again: somebody has to make room first."""

SLACK_S = 0.001
"""An image may be early by this: containers such as Matroska round times to milliseconds."""


class Kind(Enum):
    """What an address leads to."""

    DEVICE = "device"
    """A camera of this machine, by its number."""
    STREAM = "stream"
    """A camera on the network, by its address."""
    RECORDING = "recording"
    """A video file, which has an end."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where images come from.

    Attributes:
        kind: what it is.
        opened: what OpenCV opens. It may hold a password: never show it.
        shown: the same for people, without anything secret.
        source: the source named in the references unless another is given.
    """

    kind: Kind
    opened: int | str
    shown: str
    source: str

    def __repr__(self) -> str:
        return f"Origin({self.shown})"


def parse_origin(text: str) -> Origin:
    """What a camera's number, a stream's address or a video's path means.

    Of an address only scheme, host and port are ever shown: user, path and query all serve as
    places for passwords.

    Raises:
        UsageError: there is no such file.
    """
    if text.isdecimal():
        return Origin(Kind.DEVICE, int(text), f"camera {text}", f"camera-{text}")
    if "://" in text:
        return _parse_stream(text)
    path = Path(text)
    if not path.is_file():
        raise UsageError(
            f"There is no video file {printable(text)}. Give a path, the number of a camera (0 is"
            " the first) or an address such as rtsp://camera/stream."
        )
    return Origin(Kind.RECORDING, os.fspath(path), printable(text), printable(path.stem, 100))


def _parse_stream(text: str) -> Origin:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Its message may quote the address: not chained, not shown.
        host, port = "", None
    if not host:
        raise UsageError(
            "The camera's address names no host, or a port that is no number. Write it as"
            " rtsp://user:password@host:port/path."
        )
    shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "") + "/…"
    return Origin(Kind.STREAM, text, printable(shown), printable(host, MAX_SOURCE_CHARACTERS))


class Sampler:
    """Chooses at most one image per interval: the first at or after each point of a grid."""

    def __init__(self, rate: float) -> None:
        """``rate`` in images per second."""
        self._rate = rate
        self._first: float | None = None
        self._slot = -1

    def takes(self, at: float) -> bool:
        """Whether to take the image of this time, in seconds; times do not go back."""
        if self._first is None:
            self._first = at
        slot = math.floor((at - self._first + SLACK_S) * self._rate)
        if slot <= self._slot:
            return False
        self._slot = slot
        return True


def publish_camera(
    origin: Origin,
    publisher: Publisher,
    *,
    settings: CameraSettings,
    stop: threading.Event,
    source: str | None = None,
    on_published: Callable[[ImageReference], None] = lambda _reference: None,
    on_refused: Callable[[str], None] = lambda _reason: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Publish a recording's images to its end, or a camera's until asked to stop.

    A recording is read as fast as it can be; rate and times are those of its own timestamps,
    and its end is taken to be the file's time. A camera that is lost is opened again.

    Args:
        origin: from `parse_origin`.
        publisher: takes the images.
        settings: the rate and the JPEG quality.
        stop: ends it after the present image.
        source: the source named in the references, instead of the origin's.
        on_published: called with each reference.
        on_refused: called with a Failure's reason for each image that is not sent.
        now: the clock.

    Returns:
        How many images were published.

    Raises:
        CameraError: it cannot be opened or gives no image.
        StoreError: the image store took no image until we were asked to stop.
        PublishError: Kafka did not take an image.
        UsageError: the source has no name or too long a one.
    """
    source = origin.source if source is None else source
    recorded = origin.kind is Kind.RECORDING
    images = _recording(origin, settings) if recorded else _camera(origin, settings, stop, now)
    count = 0
    for index, (captured_at, frame) in enumerate(images):
        if stop.is_set():
            break
        name = f"{source}-{index:06d}.jpg" if recorded else f"{captured_at:%Y%m%dT%H%M%S.%f}.jpg"
        try:
            data = _jpeg(frame, settings.jpeg_quality)
            publish = partial(
                publisher.publish, data, source=source, name=name, captured_at=captured_at
            )
            reference = _as_soon_as_stored(publish, stop)
        except RefusedError as error:
            log.warning("image skipped", camera=origin.shown, reason=error.detail)
            on_refused(str(error.reason))
            continue
        count += 1
        on_published(reference)
    publisher.flush()
    return count


def _as_soon_as_stored(
    publish: Callable[[], ImageReference], stop: threading.Event
) -> ImageReference:
    """Publish an image; while the image store takes none, keep it and try again."""
    waits = False
    while True:
        try:
            return publish()
        except StoreError as error:
            if not waits:
                log.warning("waiting for the image store", reason=str(error))
            waits = True
            if stop.wait(STORE_RETRY_S):
                raise


def _recording(origin: Origin, settings: CameraSettings) -> Iterator[tuple[datetime, Frame]]:
    sampler = Sampler(settings.rate)
    empty = True
    with _open(origin) as capture:
        began = _recording_began(origin, capture)
        while capture.grab():
            at = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            if sampler.takes(at) and (frame := _retrieve(capture)) is not None:
                empty = False
                yield began + timedelta(seconds=at), frame
    if empty:
        raise _gives_nothing(origin)


def _recording_began(origin: Origin, capture: cv2.VideoCapture) -> datetime:
    ended = moment(Path(str(origin.opened)).stat().st_mtime_ns)
    frames, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    # A damaged index gives any number; a day is longer than any camera's file.
    lasted = frames / rate if rate > 0 else 0.0
    return ended - timedelta(seconds=lasted if 0 < lasted < 24 * 3600 else 0.0)


def _camera(
    origin: Origin, settings: CameraSettings, stop: threading.Event, now: Callable[[], datetime]
) -> Iterator[tuple[datetime, Frame]]:
    """Images of a camera, opened again whenever it is lost; the first opening must succeed."""
    found = False
    wait = BACKOFF_S[0]
    while not stop.is_set():
        try:
            with _open(origin) as capture:
                for frame in _live(capture, settings.rate, stop):
                    found, wait = True, BACKOFF_S[0]
                    yield now(), frame
            if not found and not stop.is_set():
                raise _gives_nothing(origin)
        except CameraError:
            if not found:
                raise
        if not stop.is_set():
            log.warning("camera lost; opening it again", camera=origin.shown, wait_s=wait)
        stop.wait(wait)
        wait = min(2 * wait, BACKOFF_S[1])


def _live(capture: cv2.VideoCapture, rate: float, stop: threading.Event) -> Iterator[Frame]:
    sampler = Sampler(rate)
    # Every image is grabbed, or the camera's buffer would give us older and older ones.
    while not stop.is_set() and capture.grab():
        if sampler.takes(time.monotonic()) and (frame := _retrieve(capture)) is not None:
            yield frame


def _retrieve(capture: cv2.VideoCapture) -> Frame | None:
    good, frame = capture.retrieve()
    return frame.astype(np.uint8, copy=False) if good else None


@contextmanager
def _open(origin: Origin) -> Iterator[cv2.VideoCapture]:
    # FFmpeg and OpenCV print addresses, passwords included, to stderr.
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = (
        cv2.VideoCapture(origin.opened)
        if isinstance(origin.opened, int)
        else cv2.VideoCapture(
            origin.opened,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                ANSWER_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                ANSWER_MS,
            ],
        )
    )
    try:
        if not capture.isOpened():
            raise CameraError(_NOT_OPENED[origin.kind].format(shown=origin.shown))
        yield capture
    finally:
        capture.release()


_NOT_OPENED = {
    Kind.DEVICE: "There is no {shown}, or another program uses it. `ls /dev/video*` lists the"
    " cameras of this machine; 0 is the first.",
    Kind.STREAM: "The camera at {shown} does not answer, or refuses. Check address, user and"
    " password, and whether this machine reaches it.",
    Kind.RECORDING: "{shown} is no video that can be read. Save it as MP4, MKV, AVI or WebM.",
}


def _gives_nothing(origin: Origin) -> CameraError:
    return CameraError(f"No image comes from {origin.shown}. Check it with a video player.")


def _jpeg(frame: Frame, quality: int) -> bytes:
    _good, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
