"""Sends files and folders, for ``vigie send PATH...``."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from producers.errors import StoreError
from producers.files import FileChangedError, moment, natural_key, printable, read_file, walk
from producers.publish import Publisher
from schemas.errors import RefusedError, UsageError
from schemas.events import ImageReference

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not sent, and why, in one sentence."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class SendReport:
    """What became of the files of one call, in their order."""

    sent: tuple[ImageReference, ...]
    skipped: tuple[Skipped, ...]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files to send: paths as given; within a folder in natural order, sub-folders included.

    Hidden files of a folder are left out; links are followed only where they are given.

    Raises:
        UsageError: a path is neither file nor folder, or a folder cannot be listed.
    """
    return [file for path in paths for file in _files_of(path)]


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path.resolve()
    elif path.is_dir():
        try:
            names = sorted((stamp.path for stamp in walk(path)), key=natural_key)
        except OSError as error:
            raise UsageError(
                f"The folder {path} cannot be listed: {error.strerror}. Give this user the right"
                " to read it."
            ) from error
        yield from (path / name for name in names)
    else:
        raise UsageError(
            f"There is no file or folder {printable(os.fspath(path))}. Check the path; nothing was"
            " sent."
        )


def send_files(
    files: Sequence[Path],
    publisher: Publisher,
    *,
    source: str,
    stop: threading.Event,
    on_progress: Callable[[Path], None] = lambda _path: None,
) -> SendReport:
    """Publish the files in their order and wait until Kafka has acknowledged them all.

    A file that does not begin like an image, is empty, too large or unreadable is logged and
    skipped. One that only begins like an image is sent: the worker says what is wrong with it.

    Args:
        files: from `find_files`.
        publisher: takes the images.
        source: the source named in every reference.
        stop: ends the sending after the present file.
        on_progress: called with each file when it is done with.

    Raises:
        StoreError: the image store did not take an image; all before it are published.
        PublishError: Kafka did not take an image.
        UsageError: the source has no name or too long a one.
    """
    sent: list[ImageReference] = []
    skipped: list[Skipped] = []
    for file in files:
        if stop.is_set():
            break
        try:
            sent.append(_send(file, publisher, source))
        except StoreError as error:
            publisher.flush()  # what was stored before counts
            raise StoreError(
                f"{error} {len(sent)} of {len(files)} files were sent; the first that was not is"
                f" {printable(file.name)}: send it and those behind it again.",
                is_full=error.is_full,
            ) from error
        except (RefusedError, FileChangedError, OSError) as error:
            skipped.append(Skipped(file, _reason(file, error)))
            log.warning("file skipped", path=printable(str(file)), reason=skipped[-1].reason)
        on_progress(file)
    publisher.flush()
    return SendReport(tuple(sent), tuple(skipped))


def _send(file: Path, publisher: Publisher, source: str) -> ImageReference:
    data, found = read_file(file, publisher.max_bytes)
    return publisher.publish(
        data, source=source, name=file.name, captured_at=moment(found.st_mtime_ns)
    )


def _reason(file: Path, error: RefusedError | FileChangedError | OSError) -> str:
    name = printable(file.name)
    match error:
        case RefusedError():
            return error.detail
        case FileChangedError():
            return f"{name} is still being written. Send it again when it is complete."
        case OSError():
            return f"{name} cannot be read: {error.strerror}. Check its rights."
