"""Shares of few or many events with their intervals: what chance may have made comes later."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.feed.filters import FeedFilter
from dashboard.statistics.counts import ENOUGH, FAILURE, INFRACTION
from dashboard.statistics.telling import View, feed_link, percent
from model.measures import wilson_interval


@dataclass(frozen=True, slots=True)
class Rate:
    """Some of a number of events.

    Attributes:
        link: the feed with them; empty where no filter can name them.
        low, high: the 95 % interval of the share, from 0 to 1.
    """

    name: str
    link: str
    some: int
    events: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """From 0 to 1; ``None`` where the events are too few to tell it."""
        return self.some / self.events if self.events >= ENOUGH else None

    def words(self, view: View) -> tuple[str, str]:
        """Share and interval; without a share, that there are too few events."""
        if self.share is None:
            return view.t("too few"), "–"
        ends = percent(view.t, self.low), percent(view.t, self.high)
        return percent(view.t, self.share), " – ".join(ends)


def source_rates(view: View) -> list[Rate]:
    """Infractions among the verdicts of each camera, the surely highest share first.

    Ordered by the lower end of the interval, so that a camera with a few events cannot lead; those
    with too few to tell a share come last.
    """
    period = view.found.period
    found = []
    for source, kinds in view.now.sources.items():
        some, events = kinds[INFRACTION], sum(kinds) - kinds[FAILURE]
        link = feed_link(period, source=source) if source else ""
        found.append(Rate(view.source(source), link, some, events, *wilson_interval(some, events)))
    told = [rate for rate in found if rate.events]
    return sorted(told, key=lambda rate: (rate.share is None, -rate.low, -rate.events, rate.name))


def precision_rates(view: View) -> list[Rate]:
    """Verdicts found right among those that people judged, the surely worst class first."""
    found = [
        Rate(view.name(key), _open_link(key), told.right, told.reviewed, told.low, told.high)
        for key, told in view.precision.items()
        if told.reviewed
    ]
    return sorted(found, key=lambda rate: (rate.share is None, rate.high, -rate.events, rate.name))


def _open_link(behaviour: str) -> str:
    """What of this class is still to be reviewed."""
    return "/" + FeedFilter(behaviours=(behaviour,), review="open").to_query()
