"""The process that starts the broker's Java and stays with it.

It runs alone (``python -I -S guard.py SPEC``, standard library only: 10 MB, 30 ms), so it has
one thread, and neither forking nor the parent-death signal has its usual traps. It

1. starts Java, which the kernel kills when this process dies in any way;
2. writes the state file, from which other processes learn who runs;
3. starts Java again when a signal killed it (out of memory, kill -9, a crash);
4. ends Java when told to (SIGTERM) or when the process that started us is gone, even by kill -9:
   SIGTERM first, SIGKILL after a grace.

The lock on the data folder is a file descriptor inherited by this process and by Java: it is
free when, and only when, both are gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
WATCH_INTERVAL_S = 1.0  # how late we may notice that our starter is gone
ORPHAN_GRACE_S = 6.0  # nothing of ours outlives its parent by more than 10 s
RESTARTS = 5  # more deaths by signal than this within the window are not an accident
RESTART_WINDOW_S = 60.0
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


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
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        sys.stderr.flush()
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


def end_java(java: int, grace_s: float) -> None:
    """SIGTERM, then after `grace_s` SIGKILL; returns when Java is gone."""
    os.kill(java, signal.SIGTERM)
    if ended(java, grace_s) is None:
        os.kill(java, signal.SIGKILL)
        os.waitpid(java, 0)


def watch(java: int, parent: int | None, stop_grace_s: float) -> int | None:
    """Stay until Java ends (its wait status) or until it was ended on purpose (None)."""
    while True:
        received = signal.sigtimedwait(WATCHED, WATCH_INTERVAL_S)
        pid, status = os.waitpid(java, os.WNOHANG)
        if pid:
            return status
        if parent is not None and os.getppid() != parent:
            end_java(java, ORPHAN_GRACE_S)
            return None
        if received is not None and received.si_signo != signal.SIGCHLD:
            end_java(java, stop_grace_s)
            return None


def main(spec: dict[str, Any]) -> int:
    """Run Java as `spec` says until it ends or is ended; return our exit code."""
    if spec["parent"] is None and os.fork():
        return 0  # detached: our starter has no child to wait for
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    deaths: list[float] = []
    while True:
        java = start_java(spec["command"])
        write_state(Path(spec["state_file"]), spec["state"], java)
        status = watch(java, spec["parent"], spec["stop_grace_s"])
        if status is None:
            return 0
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        now = time.monotonic()
        deaths = [*(at for at in deaths if now - at < RESTART_WINDOW_S), now]
        if len(deaths) > RESTARTS:
            sys.stderr.write(f"killed {len(deaths)} times in {RESTART_WINDOW_S:.0f} s: giving up\n")
            return 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
