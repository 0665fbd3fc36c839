"""What a period is counted from: single events in memory, or windows of the statistics topic.

One rule. What there is stands in a row from fine to coarse: single events, minutes, hours, days.
A period, with the one before it, is counted from the first of them that reaches back to its
beginning, or beyond which nothing coarser reaches; and wholly from that one. A mix would count the
events at a seam twice or not at all: each size has its own idea of which events came too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.feed.filters import FeedFilter
from dashboard.statistics.periods import Period, period


@dataclass(frozen=True, slots=True)
class Memory:
    """Something to count from.

    Attributes:
        grain: length of its windows in seconds; 1 for single events.
        since: when what it holds begins, seconds since 1970.
        whole_since: from when on nothing is missing in it.
    """

    grain: int
    since: float
    whole_since: float

    def is_before(self, moment: float) -> bool:
        """Whether it knows of events that happened before this moment, for sure."""
        return self.since + self.grain <= moment


def choose(
    wanted: FeedFilter, memories: Sequence[Memory], newest: float | None, now: float
) -> tuple[Period, Memory | None]:
    """The period that an address asks for, with its edges as they can be counted, and from what.

    Args:
        wanted: the period of the address.
        memories: what there is, finest first.
        newest: when the newest event was known; ``None`` without any.
        now: seconds since 1970.
    """
    for place, memory in enumerate(memories):
        coarser = memories[place + 1 :]
        chosen = period(wanted, memory.since, newest, now).on(memory.grain)
        first = chosen.before.start if chosen.chosen else memory.since
        is_known = chosen.chosen and first >= memory.whole_since
        if is_known or not any(other.is_before(memory.since) for other in coarser):
            return chosen, memory
    return period(wanted, None, newest, now), None
