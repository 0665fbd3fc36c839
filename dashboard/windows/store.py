"""All windows of the statistics topic that are worth keeping: the newest of each key, as columns.

A function of the messages, in their order, and of the clock: minutes are let go of after some days.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.table import Codes, Table
from dashboard.windows.columns import Windows
from dashboard.windows.facts import KindCodes, facts_of
from schemas.statistics import DAY_S, MINUTE_S, WINDOW_SIZES, StatisticsWindow

MINUTES_KEPT_S = 3 * DAY_S
"""How long windows of a minute are kept: a day, the day before it, and one to spare. They are sixty
times as many as those of an hour; of what is older, nobody asks for the minute."""

SPARE_FACTS = 1 << 16
"""Replaced numbers that may lie about beside as many as are in use: tidying up moves everything."""

MOST_SOURCES = 1 << 16
"""Cameras that are told apart; the rest is counted as unknown. Their names come from outside."""

MOST_LATE = (1 << 32) - 1

Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Kept:
    """How far the windows reach.

    Attributes:
        since: per size in seconds, where the oldest window begins, seconds since 1970.
        through: per partition, offset of the newest event that is counted.
    """

    since: Mapping[int, int] = field(default_factory=dict)
    through: Mapping[int, int] = field(default_factory=dict)


NOTHING_KEPT = Kept()


class Shelf:
    """The windows of one size. Not safe between threads: the store holds a lock."""

    def __init__(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._windows = Table(
            {
                "start": (np.int64, ()),
                "source": (np.uint32, ()),
                "late": (np.uint32, ()),
                "first": (np.int64, ()),
                "facts": (np.uint32, ()),
                "live": (np.bool_, ()),
            }
        )
        self._facts = Table({"what": (np.uint16, ()), "count": (np.uint32, ())})
        self._used = 0  # facts of live windows

    def __len__(self) -> int:
        return len(self._slots)

    def put(
        self,
        key: bytes,
        start: int,
        source: int,
        late: int,
        facts: tuple[NDArray[np.uint16], NDArray[np.uint32]],
    ) -> None:
        """Take a window in the place of the one with the same key."""
        self.remove(key)
        self._slots[key] = len(self._windows)
        row = (start, source, late, len(self._facts), len(facts[0]), True)
        self._windows.insert(len(self._windows), row)
        self._facts.extend(facts)
        self._used += len(facts[0])
        if len(self._facts) > 2 * self._used + SPARE_FACTS:
            self._tidy()

    def remove(self, key: bytes) -> None:
        """Let go of the window with this key, if there is one."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._windows["live"][slot] = False
            self._used -= int(self._windows["facts"][slot])

    def forget(self, before: int) -> None:
        """Let go of what begins before this moment."""
        start = self._windows["start"]
        for key in [key for key, slot in self._slots.items() if start[slot] < before]:
            self.remove(key)
        self._tidy()

    def since(self) -> int | None:
        """Where the oldest window begins; ``None`` without any."""
        live = self._windows["live"]
        return int(self._windows["start"][live].min()) if len(self) else None

    def between(self, start: int, end: int) -> tuple[Numbers, Numbers]:
        """Windows that begin within these moments, and the rows of all their facts."""
        starts = self._windows["start"]
        within = self._windows["live"] & (start <= starts) & (starts < end)
        slots = np.flatnonzero(within)
        return slots, self._rows(slots)

    def window(self, name: str, slots: Numbers) -> NDArray[np.int64]:
        """One column of some windows."""
        return self._windows[name][slots].astype(np.int64)

    def fact(self, name: str, rows: Numbers) -> NDArray[np.integer]:
        """One column of some facts: a copy."""
        found: NDArray[np.integer] = self._facts[name][rows]
        return found

    def _rows(self, slots: Numbers) -> Numbers:
        lengths = self._windows["facts"][slots].astype(np.intp)
        ends = lengths.cumsum()
        shift = self._windows["first"][slots] - (ends - lengths)
        return np.arange(int(lengths.sum())) + np.repeat(shift, lengths)

    def _tidy(self) -> None:
        """Let go of what was replaced."""
        slots = np.flatnonzero(self._windows["live"])
        places = np.cumsum(self._windows["live"]) - 1
        self._facts.keep(self._rows(slots))
        self._windows.keep(slots)
        lengths = self._windows["facts"].astype(np.int64)
        self._windows["first"][:] = lengths.cumsum() - lengths
        self._slots = {key: int(places[slot]) for key, slot in self._slots.items()}


class WindowStore:
    """The reader adds; the statistics ask. Safe to use from several threads.

    Args:
        clock: seconds since 1970.
        minutes_kept_s: how long windows of a minute are kept.
    """

    def __init__(self, clock: Callable[[], float], minutes_kept_s: int = MINUTES_KEPT_S) -> None:
        self._clock = clock
        self._minutes_kept_s = minutes_kept_s
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._complete = False
        self._forgot_at = 0
        self._shelves = {size: Shelf() for size in WINDOW_SIZES}
        self._sources = Codes(MOST_SOURCES)
        self._kinds = KindCodes()
        self._through: dict[int, int] = {}

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._shelves.values()))

    @property
    def state(self) -> str:
        """``loading`` until the topic was read to its end once, then ``up``."""
        return "up" if self._complete else "loading"

    # What the reader says

    def clear(self) -> None:
        """The topic is another one now."""
        with self._lock:
            self._start()

    def complete(self) -> None:
        """The topic was read to its end."""
        self._complete = True

    def wants(self, size_s: int, start: int) -> bool:
        """Whether a window of this size and beginning would be kept."""
        is_old = size_s == MINUTE_S and start < self._minutes_since()
        return size_s in self._shelves and not is_old

    def add(self, window: StatisticsWindow) -> None:
        """Take the newest message of its key."""
        start = int(window.start.timestamp())
        with self._lock:
            known = self._through.get(window.partition, -1)
            self._through[window.partition] = max(known, window.through)
            if not self.wants(window.size_s, start):
                return
            source, late = self._sources.code(window.source), min(max(window.late, 0), MOST_LATE)
            facts = facts_of(window, self._kinds)
            self._shelves[window.size_s].put(window.key, start, source, late, facts)
            self._forget()

    def remove(self, key: bytes) -> None:
        """Take a tombstone."""
        with self._lock:
            for shelf in self._shelves.values():
                shelf.remove(key)

    def _minutes_since(self) -> int:
        return math.ceil(self._clock() - self._minutes_kept_s)

    def _forget(self) -> None:
        since = self._minutes_since()
        if since - self._forgot_at >= self._minutes_kept_s // 8:
            self._forgot_at = since
            self._shelves[MINUTE_S].forget(since)

    # What is asked

    def kept(self) -> Kept:
        """How far the windows reach; nothing until the topic was read to its end once."""
        if not self._complete:
            return NOTHING_KEPT
        with self._lock:
            found = {size: shelf.since() for size, shelf in self._shelves.items()}
            since = {size: at for size, at in found.items() if at is not None}
            return Kept(since, dict(self._through))

    def between(self, size_s: int, start: int, end: int) -> Windows:
        """The windows of one size that begin from ``start`` to before ``end``: a copy."""
        with self._lock:
            shelf = self._shelves[size_s]
            slots, rows = shelf.between(start, end)
            lengths = shelf.window("facts", slots)
            return Windows(
                size_s=size_s,
                start=shelf.window("start", slots),
                source=shelf.window("source", slots).astype(np.uint32),
                late=shelf.window("late", slots),
                window=np.repeat(np.arange(len(slots), dtype=np.int32), lengths),
                what=shelf.fact("what", rows).astype(np.uint16),
                count=shelf.fact("count", rows).astype(np.uint32),
                sources=self._sources.texts(),
                kinds=self._kinds.kinds(),
            )


def no_windows() -> WindowStore:
    """For a page that counts single events alone."""
    store = WindowStore(time.time)
    store.complete()
    return store
