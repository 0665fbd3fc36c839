"""The system's notices of changes below a folder, gathered in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from watchfiles import watch

log = structlog.get_logger(__name__)

STEP_MS = 10
"""Silence after which changes are told: the first part of the way from file to page."""

DEBOUNCE_MS = 50
"""Longest time that changes without such a silence are held together."""

READY_MS = 200
"""The watcher tells by its first time-out, after this, that it has begun to watch."""


@contextmanager
def noticing(root: Path, *, enabled: bool = True) -> Iterator[Notices]:
    """Watch a folder, already when the block begins and until it ends; or nothing at all."""
    stop, ready = threading.Event(), threading.Event()
    notices = Notices(root, enabled)
    thread = threading.Thread(target=notices.gather, args=(stop, ready), name="notices")
    if enabled:
        thread.start()
        ready.wait()
    try:
        yield notices
    finally:
        stop.set()
        if enabled:
            thread.join()


class Notices:
    """Paths that changed since they were last taken.

    Notices can be lost (a queue that overflows, a network drive): list the folder now and then.
    """

    def __init__(self, root: Path, working: bool) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._paths: set[str] = set()
        self.working = working
        """Whether changes are told at all."""

    def take(self, timeout_s: float) -> set[str]:
        """The absolute paths that changed; waits for the first until the time-out."""
        if self._news.wait(timeout_s):
            with self._lock:
                self._news.clear()
                paths, self._paths = self._paths, set()
                return paths
        return set()

    def gather(self, stop: threading.Event, ready: threading.Event) -> None:
        """Gather changes until asked to stop; ``ready`` is set as soon as none will be missed."""
        try:
            for changes in watch(
                self._root,
                watch_filter=None,
                step=STEP_MS,
                debounce=DEBOUNCE_MS,
                stop_event=stop,
                rust_timeout=READY_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                ready.set()
                if changes:
                    with self._lock:
                        self._paths.update(path for _change, path in changes)
                        self._news.set()
        except (OSError, RuntimeError) as error:  # RuntimeError: the library's own
            self.working = False
            log.warning(
                "no notices of changes: listing the folder instead",
                folder=str(self._root),
                reason=str(error),
            )
        finally:
            ready.set()
