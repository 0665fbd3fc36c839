"""The bars of the statistics: what charts draw and tables list, with where each one leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from dashboard.statistics.counts import CONFIDENCE_STEP, Kinds
from dashboard.statistics.telling import View, feed_link, percent, span
from schemas.events import SEVERITIES


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        link: the feed with its events; empty where no filter can name them.
        before: events in the period before; ``None`` when that is not wholly known.
    """

    name: str
    link: str
    kinds: Kinds
    before: int | None

    @property
    def events(self) -> int:
        """Its length."""
        return sum(self.kinds)


def behaviour_bars(view: View) -> list[Bar]:
    """Every class of the job, and those met beside them, most frequent first."""
    counted = dict.fromkeys(view.names, (0,) * len(SEVERITIES)) | view.now.behaviours
    before = view.before.behaviours if view.before else None
    period = view.found.period
    bars = [
        Bar(
            view.name(key),
            feed_link(period, behaviours=(key,)) if key else "",
            kinds,
            _total(before, key),
        )
        for key, kinds in counted.items()
    ]
    return _longest_first(bars)


def source_bars(view: View) -> list[Bar]:
    """Every camera, most events first. The unknown one is no camera that a feed could show."""
    before = view.before.sources if view.before else None
    period = view.found.period
    bars = [
        Bar(
            view.source(source),
            feed_link(period, source=source) if source else "",
            kinds,
            _total(before, source),
        )
        for source, kinds in view.now.sources.items()
    ]
    return _longest_first(bars)


def reason_bars(view: View) -> list[Bar]:
    """Failures per reason, most frequent first."""
    before = view.before.reasons if view.before else None
    period = view.found.period
    bars = [
        Bar(
            view.reason(reason),
            feed_link(period, severity="failure", reason=reason),
            tuple(count if kind == "failure" else 0 for kind in SEVERITIES),
            before.get(reason, 0) if before is not None else None,
        )
        for reason, count in view.now.reasons.items()
    ]
    return _longest_first(bars)


def time_bars(view: View) -> list[Bar]:
    """Every column of the period, oldest first."""
    before = view.before.columns if view.before else None
    period = view.found.period
    return [
        Bar(
            span(view.t, start, end),
            feed_link(period, start=start, end=end),
            view.now.columns[n],
            sum(before[n]) if before else None,
        )
        for n, (start, end) in enumerate(pairwise(view.found.edges))
    ]


def confidence_bars(view: View) -> list[Bar]:
    """Every share of certainty, least sure first."""
    t, period = view.t, view.found.period
    before = view.before.confidence if view.before else None
    bars = []
    for n, kinds in enumerate(view.now.confidence):
        low, high = n * CONFIDENCE_STEP, (n + 1) * CONFIDENCE_STEP
        name = f"{percent(t, low / 100)} – {percent(t, high / 100)}"
        was = sum(before[n]) if before else None
        # The filter takes whole percent, both ends included; nothing is surer than 100.
        percents = low, high if high == 100 else high - 1
        bars.append(Bar(name, feed_link(period, confidence=percents), kinds, was))
    return bars


def _longest_first(bars: Iterable[Bar]) -> list[Bar]:
    return sorted(bars, key=lambda bar: (-bar.events, bar.name))


def _total(before: Mapping[str, Kinds] | None, key: str) -> int | None:
    return sum(before.get(key, ())) if before is not None else None
