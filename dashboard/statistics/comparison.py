"""A period and the one before it, counted from what reaches back to them; no web, no chart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from dashboard.feed.filters import FeedFilter
from dashboard.feed.pulse import SLACK_MS
from dashboard.feed.rows import Rows
from dashboard.statistics.choice import Memory, choose
from dashboard.statistics.counts import Summary, summarise
from dashboard.statistics.periods import Period
from dashboard.statistics.window_counts import summarise_windows
from dashboard.windows.columns import Windows
from dashboard.windows.store import NOTHING_KEPT, Kept, WindowStore
from schemas.statistics import WINDOW_SIZES

COUNTED_WITHIN_S = 60
"""How long an event may wait until a window has counted it, which takes seconds. Later than this,
nobody counts."""


class Comparison(Enum):
    """Whether the period before says anything about this one."""

    NONE = "none"
    """No period was chosen: all that is kept has nothing before it."""
    NOTHING = "nothing"
    """What is kept begins in or after the chosen period."""
    PARTIAL = "partial"
    """What is kept begins within the period before."""
    WHOLE = "whole"
    """What is kept begins before the period before."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """A period, the one before it where there is one, and how far they can be compared.

    Attributes:
        edges: where the columns over time begin, and the end; those of the period before lie one
            length earlier.
        kept_from: when what was counted from begins; ``None`` without anything.
        behind: events that should be in the windows counted from and are not yet.
        late: events of the period that came too late for their window and are in no other number.
    """

    period: Period
    edges: tuple[int, ...]
    now: Summary
    before: Summary | None
    comparison: Comparison
    kept_from: float | None
    behind: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a period and the one before are counted from, copied out of what others change.

    Attributes:
        events: single events, or windows as long as the period's grain.
    """

    period: Period
    events: Rows | Windows
    kept_from: float | None
    behind: int = 0

    @property
    def first(self) -> int:
        """Where the period before begins, if there is one."""
        return self.period.before.start if self.period.chosen else self.period.start


def take(rows: Rows, wanted: FeedFilter, now: float, kept: Kept = NOTHING_KEPT) -> Taken:
    """Copy what the statistics of a period need: quick, for it is done under the hub's lock.

    Where the rows do not reach back far enough, none are copied: ``with_windows`` does the rest.
    """
    newest = float(rows.at.max()) if len(rows) else None
    chosen, memory = choose(wanted, [*_memories(rows, kept)], newest, now)
    since = memory.since if memory else None
    if chosen.grain == 1:
        taken = Taken(chosen, rows, since)
        return replace(taken, events=rows.between(taken.first, chosen.end))
    return Taken(chosen, rows.between(0, 0), since, _behind(rows, chosen, kept, now))


def with_windows(taken: Taken, store: WindowStore) -> Taken:
    """The same with the windows of the period, where it is counted from windows."""
    period = taken.period
    if period.grain == 1:
        return taken
    return replace(taken, events=store.between(period.grain, taken.first, period.end))


def _memories(rows: Rows, kept: Kept) -> Iterator[Memory]:
    """Single events, if there are any, and the sizes of windows; finest first."""
    if len(rows):
        since, appended = float(rows.at.min()), int(rows.appended_ms[0])
        if kept.since:
            # One verdict with a wrong clock must not make the memory reach back for years.
            since = max(since, (appended - SLACK_MS) / 1e3)
        # What was let go of may have been known after the first row's outcome, but hardly after
        # that row was appended.
        yield Memory(1, since, max(since, appended / 1e3))
    for size in WINDOW_SIZES:
        if size in kept.since:
            yield Memory(size, kept.since[size], kept.since[size])


def _behind(rows: Rows, period: Period, kept: Kept, now: float) -> int:
    """Events of the period that are in memory and in no window, though there was time to count."""
    waiting = (period.start <= rows.at) & (rows.at < min(period.end, now - COUNTED_WITHIN_S))
    for partition, through in kept.through.items():
        waiting &= (rows.partition != partition) | (rows.offset > through)
    return int(np.count_nonzero(waiting))


def statistics(taken: Taken, zone: dt.tzinfo) -> Statistics:
    """Count the period and the one before it, hours of day by the clock of ``zone``."""
    chosen = taken.period
    edges = chosen.edges(zone)
    length = chosen.end - chosen.start
    earlier = tuple(edge - length for edge in edges)
    return Statistics(
        period=chosen,
        edges=edges,
        now=_summary(taken.events, edges, zone),
        before=_summary(taken.events, earlier, zone) if chosen.chosen else None,
        comparison=_comparison(chosen, taken.kept_from),
        kept_from=taken.kept_from,
        behind=taken.behind,
        late=_late(taken.events, chosen),
    )


def _summary(events: Rows | Windows, edges: tuple[int, ...], zone: dt.tzinfo) -> Summary:
    if isinstance(events, Rows):
        return summarise(events, edges, zone)
    return summarise_windows(events, edges, zone)


def _late(events: Rows | Windows, period: Period) -> int:
    if isinstance(events, Rows):
        return 0
    within = (period.start <= events.start) & (events.start < period.end)
    return int(events.late[within].sum())


def _comparison(chosen: Period, kept_from: float | None) -> Comparison:
    if not chosen.chosen:
        return Comparison.NONE
    if kept_from is None or kept_from >= chosen.start:
        return Comparison.NOTHING
    return Comparison.PARTIAL if kept_from > chosen.before.start else Comparison.WHOLE
