"""The archive's metrics. What a transaction holds is counted when it is committed, not before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumers.archive.source import Place


class ArchiveMetrics(Collector):
    """Counts what the archive tells.

    Args:
        registry: gets the metrics.
        now: seconds since 1970.
    """

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._behind: Mapping[Place, int] = {}
        rows = Counter(
            "vigie_archive_rows",
            "Messages whose row is committed, by `kind`: event or review.",
            ["kind"],
            registry=registry,
        )
        self._events, self._reviews = map(rows.labels, ("event", "review"))
        self._unreadable = Counter(
            "vigie_archive_unreadable",
            "Those among them that could not be read.",
            registry=registry,
        )
        self._deleted = Counter(
            "vigie_archive_deleted",
            "Events and reviews deleted because they were older than VIGIE_DATABASE__KEEP_DAYS.",
            registry=registry,
        )
        self._database_failures = Counter(
            "vigie_archive_database_failures",
            "Times that the database did not take what it was given; it is given it again.",
            registry=registry,
        )
        self._last_commit = Gauge(
            "vigie_archive_last_commit_timestamp_seconds",
            "When rows were last committed; 0 before the first.",
            registry=registry,
        )
        self._size = Gauge(
            "vigie_archive_database_bytes",
            "What the database takes on its disk, looked at twice a minute.",
            registry=registry,
        )
        registry.register(self)

    def committed(self, events: int, reviews: int, unreadable: int) -> None:
        """A transaction is in the database."""
        self._events.inc(events)
        self._reviews.inc(reviews)
        self._unreadable.inc(unreadable)
        self._last_commit.set(self._now())

    def deleted(self, rows: int) -> None:
        """Rows were too old."""
        self._deleted.inc(rows)

    def failed(self) -> None:
        """The database did not take something."""
        self._database_failures.inc()

    def measured(self, size_bytes: int) -> None:
        """The database is so large."""
        self._size.set(size_bytes)

    def lags(self, behind: Mapping[Place, int]) -> None:
        """So many offsets are not read yet."""
        self._behind = behind

    def collect(self) -> Iterator[Metric]:
        """How far behind each partition is."""
        lag = GaugeMetricFamily(
            "vigie_archive_lag",
            "Offsets from the last message read to the end of its `topic` and `partition`; 0: none"
            " waits.",
            labels=["topic", "partition"],
        )
        for place, behind in self._behind.items():
            lag.add_metric([place.topic, str(place.partition)], behind)
        yield lag
