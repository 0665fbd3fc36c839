"""Asks the system whether anybody is still writing a file."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from pathlib import Path

from producers.arrivals import Completeness
from producers.files import HEAD_BYTES, FileStamp, ends_whole


def completeness(root: Path, stamp: FileStamp) -> Completeness:
    """What can be said now about the file that a stamp describes."""
    try:
        descriptor = os.open(
            root / stamp.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
    except OSError:
        return Completeness.UNKNOWN  # its reading will say what is wrong with it
    try:
        return _of_open_file(descriptor, stamp)
    except OSError:
        return Completeness.UNKNOWN
    finally:
        os.close(descriptor)


def _of_open_file(descriptor: int, stamp: FileStamp) -> Completeness:
    found = os.fstat(descriptor)
    if (found.st_mtime_ns, found.st_size) != (stamp.mtime_ns, stamp.size):
        return Completeness.CHANGED
    closed = _closed_by_writers(descriptor)
    if closed is False:
        return Completeness.OPEN
    head = os.pread(descriptor, HEAD_BYTES, 0)
    tail = os.pread(descriptor, HEAD_BYTES, max(0, stamp.size - HEAD_BYTES))
    # A writer may close and open again for each piece: closed alone is not complete.
    return Completeness.WHOLE if closed and ends_whole(head, tail) else Completeness.UNKNOWN


def _closed_by_writers(descriptor: int) -> bool | None:
    """Whether no process has the file open for writing; ``None`` where Linux cannot tell.

    A read lease (fcntl(2), F_SETLEASE) is given only on a file that nobody has open for writing.
    It needs a local file system, and this user to own the file.
    """
    if sys.platform != "linux":
        return None
    try:
        # Whoever opens the file while we hold the lease waits these microseconds, and we are told
        # by a signal: by default one that kills, so choose one that is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return False if error.errno == errno.EAGAIN else None
    return True
