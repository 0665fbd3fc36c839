"""Processes that are kept alive: started, watched, started again, ended in order."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from schemas.errors import (
    EXIT_CONFIGURATION,
    EXIT_OK,
    EXIT_POISON_STORM,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
)
from vigie.lifeline import parent_environment

FINAL_CODES = frozenset({EXIT_USAGE, EXIT_CONFIGURATION, EXIT_POISON_STORM})
"""A new start would end the same way, or do harm: a person must change something first."""

RESTARTS = 5
"""More deaths than this within the window are no accident: something is broken."""

RESTART_WINDOW_S = 60.0

LOG_BYTES = 2_000_000
LOG_FILES = 2
"""A log holds some 10,000 lines, and is kept once more when it is full."""

SENTENCE_MARK = "vigie: "
"""What a process of ours says last, when it ends by an error."""

ROOT = Path(__file__).resolve().parents[1]
"""Where our packages are, for a child that is started in any folder."""


class RestartPolicy:
    """Whether a process that ended is started again."""

    def __init__(self, restarts: int = RESTARTS, window_s: float = RESTART_WINDOW_S) -> None:
        self._restarts = restarts
        self._window_s = window_s
        self._deaths: deque[float] = deque()

    def restarts(self, exit_code: int, now: float) -> bool:
        """Take note of a death at ``now`` (seconds, steady clock), and decide.

        One that only found Kafka away is no sign of anything broken, however often it does.
        """
        if exit_code == EXIT_UNAVAILABLE:
            return True
        self._deaths.append(now)
        while now - self._deaths[0] > self._window_s:
            self._deaths.popleft()
        return exit_code not in FINAL_CODES and len(self._deaths) <= self._restarts


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended without being asked to."""

    name: str
    exit_code: int
    restarted: bool
    sentence: str | None

    def __str__(self) -> str:
        what = f"{self.name} ended (exit code {self.exit_code})"
        if self.restarted:
            return f"{what}; it is started again"
        return f"{what} and is not started again: {self.sentence or 'see its log'}"


class LogFile(RotatingFileHandler):
    """A log of bounded size. What a full disk does not take is lost; who speaks must not be."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing: logging itself would print a traceback for each line."""

    def close(self) -> None:
        """Let go of the file, and of the lines that it did not take."""
        with suppress(OSError):
            super().close()


class Service:
    """One child process that is wanted alive.

    Start it from the main thread only: where the system ties a child's life to its parent's, it
    ties it to the thread that made it.

    Args:
        name: for people, and of its log file.
        command: its command line.
        logs: folder of the log files.
    """

    def __init__(self, name: str, command: Sequence[str], logs: Path) -> None:
        self.name = name
        self.gave_up = False
        self._command = list(command)
        self._logs = logs
        self._policy = RestartPolicy()
        self._process: subprocess.Popen[bytes] | None = None
        self._copier: threading.Thread | None = None
        self._sentence: str | None = None

    @property
    def pid(self) -> int | None:
        """The process id; ``None`` while there is no process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; its output goes to its log file."""
        environment = parent_environment()
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), before)))
        self._process = subprocess.Popen(
            self._command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C in a terminal reaches the whole group: we decide who ends when.
            start_new_session=True,
        )
        self._copier = threading.Thread(
            target=self._copy, args=(self._process.stdout,), name=f"log-{self.name}", daemon=True
        )
        self._copier.start()

    def watch(self, clock: Callable[[], float] = time.monotonic) -> Ended | None:
        """Start the process again if it ended; say so."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._finish()
        restarted = self._policy.restarts(code, clock())
        self.gave_up = not restarted
        if restarted:
            self.start()
        return Ended(self.name, code, restarted, self._sentence)

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def await_end(self, deadline: float) -> int:
        """Wait until it has ended; from ``deadline`` on (steady clock) it is killed.

        Returns:
            Its exit code.
        """
        if self._process is None:
            return EXIT_OK
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
        code = self._process.wait()
        self._finish()
        return code

    def _finish(self) -> None:
        # A grandchild may hold the pipe open: what it still says is not waited for.
        if self._copier is not None:
            self._copier.join(0.5)
        self._process = None

    def _copy(self, output: IO[bytes]) -> None:
        """Write what the process says to its log, of bounded size."""
        handler = LogFile(
            self._logs / f"{self.name}.log",
            maxBytes=LOG_BYTES,
            backupCount=LOG_FILES - 1,
            delay=True,
        )
        with output:
            for line in output:
                text = line.decode("utf-8", errors="replace").rstrip()
                if text.startswith(SENTENCE_MARK):
                    self._sentence = text.removeprefix(SENTENCE_MARK)
                handler.emit(logging.makeLogRecord({"msg": "%s", "args": (text,)}))
        handler.close()


def end_all(services: Sequence[Service], grace_s: float) -> None:
    """End these processes together; those that are not gone after the grace are killed."""
    deadline = time.monotonic() + grace_s
    for service in services:
        service.ask_to_end()
    for service in services:
        service.await_end(deadline)
