"""Counts over a period, from the items alone: no web, no chart, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.hub import latency_quantiles
from dashboard.items import Item, Severity

COLUMNS = (
    48  # columns over time: wide enough to hit with a mouse, fine enough to see a quarter hour
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened in a period.

    Attributes:
        behaviours: classified events per behaviour.
        sources: events per source and severity.
        reasons: failures per reason.
        columns: events per column of ``column_s`` seconds and severity, from ``start`` on.
        latency: quantiles in milliseconds; ``None`` without events.
        latencies: every latency, in milliseconds.
    """

    start: float
    end: float
    events: int
    behaviours: Counter[str]
    sources: Counter[tuple[str, Severity]]
    reasons: Counter[str]
    columns: Counter[tuple[int, Severity]]
    latency: dict[str, float] | None
    latencies: tuple[float, ...]

    @property
    def column_s(self) -> float:
        """Width of one column, in seconds."""
        return (self.end - self.start) / COLUMNS


def summarise(items: Iterable[Item], start: float, end: float) -> Summary:
    """Count the items whose outcome was known from ``start`` to before ``end``."""
    within = [item for item in items if start <= item.at < end]
    width = (end - start) / COLUMNS
    return Summary(
        start=start,
        end=end,
        events=len(within),
        behaviours=Counter(item.behaviour for item in within if item.behaviour),
        sources=Counter((item.source, item.severity) for item in within),
        reasons=Counter(item.reason for item in within if item.reason),
        columns=Counter(
            (min(int((item.at - start) / width), COLUMNS - 1), item.severity) for item in within
        ),
        latency=latency_quantiles(within),
        latencies=tuple(item.latency_ms for item in within if item.latency_ms > 0),
    )
