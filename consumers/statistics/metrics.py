"""The metrics of the statistics. What a state holds is counted when it is kept, and only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from consumers.statistics.aggregator import Aggregator, Taken


class StatisticsMetrics:
    """Counts what is kept and said.

    Args:
        registry: gets the metrics.
        now: seconds since 1970.
    """

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._aggregators: Collection[Aggregator] = ()
        self._add_counts(registry)
        self._open = Gauge(
            "vigie_statistics_windows_open",
            "Windows that are not final, of all sizes and cameras.",
            registry=registry,
        )
        self._open.set_function(lambda: sum(each.open_windows for each in self._aggregators))
        self._lag = Gauge(
            "vigie_statistics_lag",
            "Offsets from the last record counted to the end of its `partition`. The end of the"
            " worker's transaction takes an offset too: when nothing waits it is 1.",
            ["partition"],
            registry=registry,
        )
        self._last_said = Gauge(
            "vigie_statistics_last_emission_timestamp_seconds",
            "When windows were last published; 0 before the first.",
            registry=registry,
        )

    def _add_counts(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "vigie_statistics_events",
            "Records of the predictions topic that are counted and kept.",
            registry=registry,
        )
        self._late = Counter(
            "vigie_statistics_late",
            "Those of them that came after their window of a minute was final.",
            registry=registry,
        )
        self._unreadable = Counter(
            "vigie_statistics_unreadable",
            "Those of them that could not be read.",
            registry=registry,
        )
        self._windows = Counter(
            "vigie_statistics_windows_published",
            "Messages written to the statistics topic.",
            registry=registry,
        )

    def begins(self, aggregators: Collection[Aggregator]) -> None:
        """These count from now on."""
        self._aggregators = aggregators

    def flushed(self, taken: Taken) -> None:
        """A state was kept and what changed was said."""
        self._events.inc(taken.events)
        self._late.inc(taken.late)
        self._unreadable.inc(taken.unreadable)
        self._windows.inc(len(taken.said))
        self._last_said.set(self._now())

    def lags(self, offsets: Mapping[int, int]) -> None:
        """How far each partition is behind its end."""
        for partition, offset in offsets.items():
            self._lag.labels(str(partition)).set(offset)

    def waits_for(self) -> str | None:
        """What is missing before predictions can be counted; ``None``: nothing."""
        return None if self._aggregators else "a partition of the predictions topic"
