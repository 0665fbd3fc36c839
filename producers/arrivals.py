"""Which files of a camera folder have arrived, and in what order. Pure: no clock, no disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from producers.files import FileStamp, natural_key


class Completeness(Enum):
    """What the system can say about a file that someone may still be writing."""

    WHOLE = "whole"
    """No writer has it open, and it ends as its format does."""
    OPEN = "open"
    """A writer has it open."""
    UNKNOWN = "unknown"
    """Neither: it must stand still for the settle time."""
    CHANGED = "changed"
    """It is no longer what its stamp says."""


class Arrivals:
    """The files noticed and not yet done with.

    A file has arrived when it is complete; its place is that of its last write (``mtime_ns``),
    equal times in natural order of the paths. One that still settles holds back the younger
    ones, for the settle time at most, so that this order is kept. One that is open holds nobody
    back: its last write is yet to come.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._files: dict[str, tuple[FileStamp, float]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def notice(self, stamp: FileStamp, now: float) -> None:
        """Take note of a file's present state; ``now`` in seconds of a steady clock."""
        known = self._files.get(stamp.path)
        if known is None or known[0] != stamp:
            self._files[stamp.path] = (stamp, now)

    def forget(self, path: str) -> None:
        """The file is done with, or gone."""
        self._files.pop(path, None)

    def stamps(self) -> list[FileStamp]:
        """The states noticed last, in the order of arrival."""
        stamps = (stamp for stamp, _since in self._files.values())
        return sorted(stamps, key=lambda stamp: (stamp.mtime_ns, natural_key(stamp.path)))

    def arrived(
        self, now: float, completeness: Callable[[FileStamp], Completeness]
    ) -> Iterator[FileStamp]:
        """The files that may be published now, in the order of arrival; forget each when done."""
        for stamp in self.stamps():
            match completeness(stamp):
                case Completeness.WHOLE:
                    yield stamp
                case Completeness.OPEN:
                    continue
                case Completeness.UNKNOWN if now - self._files[stamp.path][1] >= self._settle_s:
                    yield stamp
                case Completeness.UNKNOWN | Completeness.CHANGED:
                    return
