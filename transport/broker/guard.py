"""The process that starts the broker's Java and stays with it.

It runs alone (``python -I -S guard.py SPEC``, standard library only: 10 MB, 30 ms), so it has
one thread, and neither forking nor the parent-death signal has its usual traps. It

1. starts Java, which the kernel kills when this process dies in any way;
2. writes the state file, from which other processes learn who runs;
3. starts Java again when a signal killed it (out of memory, kill -9, a crash), or when it failed by
   itself after it had worked;
4. ends Java in order while the disk is nearly full, and starts it again when there is room: Kafka
   halts in the middle of a write otherwise;
5. ends Java when told to (SIGTERM) or when the process that started us is gone, even by kill -9:
   SIGTERM first, SIGKILL after a grace.

The lock on the data folder is a file descriptor inherited by this process and by Java: it is
free when, and only when, both are gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
WATCH_INTERVAL_S = 1.0  # how late we may notice that our starter is gone
ORPHAN_GRACE_S = 6.0  # nothing of ours outlives its parent by more than 10 s
RESTARTS = 5  # more deaths than this within the window are not an accident
RESTART_WINDOW_S = 60.0
STARTING_S = 10.0  # who ends by itself sooner is configured wrongly; a start takes 4 at most
REGULAR_ENDS = {0, 130, 143}  # Java's exit codes after SIGINT and SIGTERM: somebody wanted it
NEARLY_FULL = -1  # in a wait status' place, which is never negative
MEBIBYTE = 2**20
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def say(sentence: str) -> None:
    """Leave a line in the console's file, unless there is no room for it either."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"{sentence}\n".encode())


def unwritable(place: Path | str, error: OSError) -> str:
    """Why nothing can be written in a place, and the way out."""
    return (
        f"The broker cannot write in {place}: {error.strerror}."
        " Make it writable, or set another folder by VIGIE_HOME."
    )


def trouble(folder: Path, needed_bytes: int) -> str | None:
    """Why Kafka cannot write in its folder now, and the way out; None when it can."""
    probe = folder / ".writable"
    try:
        free = shutil.disk_usage(folder).free
        if free < needed_bytes:
            return (
                f"The disk of {folder} has {free // MEBIBYTE} MiB left and the broker needs"
                f" {needed_bytes // MEBIBYTE}: free some space, or set another folder by"
                " VIGIE_HOME."
            )
        probe.touch()
        probe.unlink()
    except OSError as error:
        return unwritable(folder, error)
    return None


def start_java(command: list[str]) -> int:
    """Fork Java so that the kernel kills it when we die; return its process id."""
    guard = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)
    if pid := os.fork():
        return pid
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:  # we died before the kernel was told
        os._exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        say(f"cannot start {command[0]}: {error.strerror}")
    os._exit(127)


def write_state(path: Path, state: dict[str, Any], java: int) -> None:
    """Replace the state file in one step, so that a reader never sees half of it."""
    full = {**state, "guard": os.getpid(), "pid": java, "started": time.time()}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(full), encoding="utf-8")
    fresh.replace(path)


def ended(java: int, timeout_s: float) -> int | None:
    """Wait up to `timeout_s` for Java's end; return its wait status."""
    deadline = time.monotonic() + timeout_s
    while True:
        pid, status = os.waitpid(java, os.WNOHANG)
        if pid:
            return status
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        signal.sigtimedwait({signal.SIGCHLD}, left)


def end_java(java: int, grace_s: float) -> int:
    """SIGTERM, then after `grace_s` SIGKILL; return the wait status when Java is gone."""
    os.kill(java, signal.SIGTERM)
    status = ended(java, grace_s)
    if status is None:
        os.kill(java, signal.SIGKILL)
        _, status = os.waitpid(java, 0)
    return status


class Guard:
    """Keeps one broker's Java running as a spec says (see `EmbeddedBroker`)."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._folder = Path(spec["folder"])

    def run(self) -> int:
        """Stay until told to end, or until Java cannot be kept alive; return our exit code."""
        deaths: list[float] = []
        while True:
            began = time.monotonic()
            status = self._run_java()
            if status is None:
                return 0
            sentence = trouble(self._folder, self._spec["needed_bytes"])
            if sentence or status == NEARLY_FULL:
                say(sentence or f"The disk of {self._folder} was nearly full.")
                if not self._await_mended():
                    return 0
                continue
            now = time.monotonic()
            code = os.waitstatus_to_exitcode(status)
            if code in REGULAR_ENDS or (code > 0 and now - began < STARTING_S):
                return code
            deaths = [*(at for at in deaths if now - at < RESTART_WINDOW_S), now]
            if len(deaths) > RESTARTS:
                say(f"ended {len(deaths)} times in {RESTART_WINDOW_S:.0f} s: giving up")
                return 1

    def _run_java(self) -> int | None:
        """Start Java and stay until it ends (its wait status), or was ended: NEARLY_FULL, or None.

        None: we have to end too.
        """
        java = start_java(self._spec["command"])
        try:
            write_state(Path(self._spec["state_file"]), self._spec["state"], java)
        except OSError:  # the room is gone again: nobody would know of this Java
            return end_java(java, 0)
        while True:
            received = signal.sigtimedwait(WATCHED, WATCH_INTERVAL_S)
            pid, status = os.waitpid(java, os.WNOHANG)
            if pid:
                return status
            grace_s = self._time_to_leave(received)
            if grace_s is not None:
                end_java(java, grace_s)
                return None
            if self._is_nearly_full():
                end_java(java, self._spec["stop_grace_s"])
                return NEARLY_FULL

    def _await_mended(self) -> bool:
        """Wait until Kafka can write in its folder; False when we have to leave before."""
        while trouble(self._folder, self._spec["needed_bytes"]):
            received = signal.sigtimedwait(WATCHED, WATCH_INTERVAL_S)
            if self._time_to_leave(received) is not None:
                return False
        return True

    def _time_to_leave(self, received: signal.struct_siginfo | None) -> float | None:
        """The grace to leave within, because we were told to or are left alone; else None."""
        parent = self._spec["parent"]
        if parent is not None and os.getppid() != parent:
            return ORPHAN_GRACE_S
        told = received is not None and received.si_signo != signal.SIGCHLD
        return float(self._spec["stop_grace_s"]) if told else None

    def _is_nearly_full(self) -> bool:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return False  # Kafka will find out, and say more of it
        return bool(free < self._spec["reserve_bytes"])


def main(spec: dict[str, Any]) -> int:
    """Guard Java, on behalf of nobody where the spec names no parent; return our exit code."""
    if spec["parent"] is None and os.fork():
        return 0  # detached: our starter has no child to wait for
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    return Guard(spec).run()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
