"""What is in a watched folder and not yet done with."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import structlog

from producers.arrivals import Arrivals
from producers.completeness import completeness
from producers.files import FileStamp, is_ignored, stamp_of, walk
from producers.memory import Memory
from producers.notices import Notices
from producers.settings import FolderSettings

log = structlog.get_logger(__name__)

TICK_S = 0.02
"""How often a file that is not complete is looked at: a small part of the way to the page."""

IDLE_S = 0.5
"""Longest wait, so that a request to stop is seen."""

NEW_FOLDER_S = 0.1
"""A folder that has just appeared is listed after this: what was written into it before its own
watching began is in no notice."""

RESCAN_SHARE = 10
"""The next listing begins at least this many times its own duration after the last: on a slow
drive or in a vast folder listing takes a tenth of one core at most."""

HOUSEKEEPING_S = 3600.0
"""How often the memory is rid of files that are long gone; they are kept for days anyway."""


class Listing:
    """The files of a folder that the memory does not know, kept up to date by notices and scans."""

    def __init__(self, root: Path, memory: Memory, settings: FolderSettings) -> None:
        self._root = root
        self._memory = memory
        self._settings = settings
        self._arrivals = Arrivals(settings.settle_s)
        self._next_scan = 0.0
        self._next_housekeeping = 0.0

    def update(self, notices: Notices) -> None:
        """Wait a little for changes, then take note of them and of what they do not tell."""
        for path in notices.take(self._pause()):
            self._look_at(path)
        if time.monotonic() >= self._next_scan:
            self._scan(notices)
        self._refresh()

    def arrived(self) -> Iterator[FileStamp]:
        """The files that are complete, in the order of arrival; forget each when done with."""
        return self._arrivals.arrived(time.monotonic(), partial(completeness, self._root))

    def forget(self, path: str) -> None:
        """The file is done with, or has to be found anew."""
        self._arrivals.forget(path)

    def _pause(self) -> float:
        longest = TICK_S if len(self._arrivals) else IDLE_S
        return min(longest, max(0.0, self._next_scan - time.monotonic()))

    def _look_at(self, absolute: str) -> None:
        """Take note of what a change left at a path."""
        path = os.path.relpath(absolute, self._root)
        if is_ignored(path):
            return
        if stamp := stamp_of(self._root, path):
            self._notice(stamp)
        elif (self._root / path).is_dir():
            self._next_scan = min(self._next_scan, time.monotonic() + NEW_FOLDER_S)

    def _scan(self, notices: Notices) -> None:
        """Take note of everything in the folder; forget what is long gone."""
        began = time.monotonic()
        present = []
        for stamp in self._walk():
            present.append(stamp.path)
            self._notice(stamp)
        # An empty folder may be a drive that is not mounted: then nothing is known to be gone.
        if present and began >= self._next_housekeeping:
            self._next_housekeeping = began + HOUSEKEEPING_S
            self._memory.forget_gone(present, time.time())
        now = time.monotonic()
        interval = self._settings.rescan_s if notices.working else self._settings.polling_s
        self._next_scan = now + max(interval, (now - began) * RESCAN_SHARE)

    def _walk(self) -> list[FileStamp]:
        try:
            return list(walk(self._root))
        except OSError as error:
            log.warning("the folder cannot be listed", folder=str(self._root), reason=str(error))
            return []

    def _notice(self, stamp: FileStamp) -> None:
        if not self._memory.knows(stamp):
            self._arrivals.notice(stamp, time.monotonic())

    def _refresh(self) -> None:
        now = time.monotonic()
        for stamp in self._arrivals.stamps():
            if found := stamp_of(self._root, stamp.path):
                self._arrivals.notice(found, now)
            else:
                self._arrivals.forget(stamp.path)
