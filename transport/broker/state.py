"""The lock on a data folder and the state file: how processes learn of each other's broker."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# `status` of another process holds the lock for some microseconds; a starter outwaits that.
PROBE_PATIENCE_S = 0.25


@dataclass(frozen=True)
class State:
    """What the guard wrote when it last started Java."""

    pid: int
    guard: int
    bootstrap_servers: str
    version: str
    started: float  # seconds since the epoch


def read_state(path: Path) -> State | None:
    """The last state; None when there never was one or it is not readable as one."""
    try:
        return State(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def is_locked(path: Path) -> bool:
    """Whether a broker, or its guard, lives on this lock file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # also on a read-only disk
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path) -> Iterator[int | None]:
    """Take the lock and yield its descriptor, to be inherited; None when somebody has it.

    Leaving closes only our own copy: who inherited the descriptor keeps the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor if _take(descriptor) else None
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    deadline = time.monotonic() + PROBE_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True
