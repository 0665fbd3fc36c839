"""A child of ours ends with its parent, also when the parent is killed with -9."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PARENT_VARIABLE = "_VIGIE_PARENT"
"""Names the process to follow. Not a setting: it has another prefix, and only we set it."""

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
WATCH_INTERVAL_S = 1.0
ORPHAN_GRACE_S = 6.0
"""From SIGTERM to the end in any case: nothing of ours outlives its parent by more than 10 s."""


def parent_environment() -> dict[str, str]:
    """What a child's environment must hold so that it follows this process."""
    return {**os.environ, PARENT_VARIABLE: str(os.getpid())}


def follow_parent() -> None:
    """End when the process that started us so ends; nothing where nobody asked for it.

    On Linux the kernel tells us at once (SIGTERM). Everywhere a thread looks once a second, and
    ends us in any case when SIGTERM did not within the grace.
    """
    named = os.environ.pop(PARENT_VARIABLE, "")
    if not named.isdecimal():
        return
    parent = int(named)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_INTERVAL_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_GRACE_S)
    os._exit(1)
