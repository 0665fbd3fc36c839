"""The period that statistics are told over, the one before it, and its columns over time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dashboard.feed.filters import FeedFilter
from dashboard.statistics.local_time import utc_offset

LAST_MOMENT = 250_000_000_000
"""Seconds since 1970, in the year 9892: what lies beyond has no date any more."""

MOST_COLUMNS = 62
"""Sixty and a part of one at either end: wide enough to hit with a mouse, fine enough to see a
minute of the last hour."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = (
    *(1, 5, 10, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 28 * DAY),
)
"""Widths of a column that a reader's clock knows, in seconds."""

MONDAY = 4 * DAY  # 5 January 1970: where weeks are counted from


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to before ``end``, whole seconds since 1970.

    Attributes:
        chosen: whether a person said how long; all that is kept has no period before it.
        grain: its edges and those of its columns are multiples of so many seconds.
    """

    start: int
    end: int
    chosen: bool = True
    grain: int = 1

    @property
    def before(self) -> Period:
        """The period of equal length that ends where this one starts."""
        return Period(2 * self.start - self.end, self.start, self.chosen, self.grain)

    def on(self, grain: int) -> Period:
        """The shortest period around this one whose edges are multiples of so many seconds."""
        end = -(-self.end // grain) * grain
        return replace(self, start=self.start // grain * grain, end=end, grain=grain)

    def step(self) -> int:
        """Width of a column, in seconds."""
        length = self.end - self.start
        for step in STEPS:
            if step >= self.grain and length <= (MOST_COLUMNS - 2) * step:
                return step
        return math.ceil(length / (MOST_COLUMNS - 2) / DAY) * DAY

    def edges(self, zone: dt.tzinfo) -> tuple[int, ...]:
        """Where columns begin, and the end: on round times of the reader's clock.

        Neighbours share an edge; the first and the last column may be cut by the period. Where the
        grain is coarser than those times, columns begin at its multiple before.
        """
        step = self.step()
        shift = MONDAY - utc_offset(self.start, zone)
        first = (self.start - shift) // step * step + shift + step
        rounds: Iterable[int] = range(first, self.end, step)
        if step > HOUR:
            rounds = (at + _set_back(self.start, at, zone) for at in rounds)
        inner = {at // self.grain * self.grain for at in rounds}
        return (self.start, *sorted(at for at in inner if self.start < at < self.end), self.end)


def _set_back(start: int, at: int, zone: dt.tzinfo) -> int:
    """By how many seconds the clock was set back between these moments."""
    return utc_offset(start, zone) - utc_offset(at, zone)


def period(wanted: FeedFilter, since: float | None, newest: float | None, now: float) -> Period:
    """The period an address asks for, and all that is kept when it asks for none.

    The present second is part of it as a whole, so that all who ask within one get the same.

    Args:
        wanted: the period of the address.
        since: when what is kept begins; ``None`` when nothing is.
        newest: when the newest event was known; ``None`` without any.
        now: seconds since 1970, as the others.
    """
    tick = math.floor(now) + 1
    oldest = tick - HOUR if since is None else math.floor(since)
    if wanted.last:
        return _bounded(tick - wanted.last, tick)
    if wanted.start is None and wanted.end is None:
        end = tick if newest is None else max(tick, math.floor(newest) + 1)
        return _bounded(oldest, end, chosen=False)
    end = tick if wanted.end is None else wanted.end
    return _bounded(oldest if wanted.start is None else wanted.start, end)


def _bounded(start: int, end: int, *, chosen: bool = True) -> Period:
    first = min(max(start, 0), LAST_MOMENT - 1)
    return Period(first, min(max(end, first + 1), LAST_MOMENT), chosen)
