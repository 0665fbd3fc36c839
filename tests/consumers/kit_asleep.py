"""Processes that stand still at a marked place of their work, and go on when they are woken."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import psutil

from tests.consumers.kit_forked import PATIENCE_S, ForkedWorker

WORST_FIRST = (
    "before commit",  # all of a transaction is at the broker, only its end is missing
    "before offsets",  # in a call that seems to hang when the process wakes up
    "flushed",
    "begun",
    "produced",
    "after offsets",
    "dead letter produced",
)


def freeze() -> None:
    """Stand still as a whole until woken."""
    os.kill(os.getpid(), signal.SIGSTOP)


def freeze_and_hang() -> None:
    """Stand still; when woken, the call that was under way does not come back."""
    freeze()
    time.sleep(PATIENCE_S)


@dataclass(frozen=True)
class Hold:
    """Say that the place is reached, and wait there to be let go."""

    reached: Any  # events of SERVER
    released: Any

    def __call__(self) -> None:
        self.reached.set()
        self.released.wait(PATIENCE_S)


def is_frozen(worker: ForkedWorker) -> bool:
    return psutil.Process(worker.process.pid).status() == psutil.STATUS_STOPPED
