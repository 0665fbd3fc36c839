"""The worker's metrics. What a transaction holds is counted when it is committed, and only then."""

from __future__ import annotations

import threading
import time
from collections import Counter as Count
from collections.abc import Callable, Collection, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumers.inference.events import Committed, WorkerEvents
from consumers.inference.waiting import Waiting
from schemas.events import FailureReason

LATENCY_BOUNDS_S = (
    *(0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)
"""An idle worker needs 20 ms, a transaction ends after 250, an outage lasts seconds to minutes, and
a backlog of a night hours."""

STAGE_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Reading takes less than a millisecond, decoding one or two, inference 5 to 20 on one core."""

Look = Callable[[Mapping[int, int]], dict[int, Waiting] | None]


class WorkerMetrics(Collector):
    """Counts what a worker tells; asks what waits when somebody asks.

    Args:
        registry: gets the metrics.
        look: says what waits behind each partition's position; ``None`` while Kafka is away.
        now: seconds since 1970.
    """

    def __init__(
        self, registry: CollectorRegistry, look: Look, now: Callable[[], float] = time.time
    ) -> None:
        self._look = look
        self._now = now
        self._lock = threading.Lock()
        self._positions: dict[int, int] = {}
        self._model: Info | None = None
        self._registry = registry
        self._add_images()
        self._add_transactions()
        self._add_timings()
        registry.register(self)

    def _add_images(self) -> None:
        registry = self._registry
        self._images = Counter(
            "vigie_worker_images", "Images whose answer is committed.", registry=registry
        )
        self._failures = Counter(
            "vigie_worker_failures",
            "Committed answers that are a Failure, by `reason`.",
            ["reason"],
            registry=registry,
        )
        for reason in FailureReason:
            self._failures.labels(str(reason))  # 0 from the start: a rate needs a first value
        self._abstentions = Counter(
            "vigie_worker_abstentions",
            "Committed answers that the model abstained from.",
            registry=registry,
        )

    def _add_transactions(self) -> None:
        registry = self._registry
        ended = Counter(
            "vigie_worker_transactions",
            "Transactions by `outcome`: committed or aborted.",
            ["outcome"],
            registry=registry,
        )
        self._commits, self._aborts = map(ended.labels, ("committed", "aborted"))
        self._undecided = Counter(
            "vigie_worker_transactions_in_doubt",
            "Commits that did not end in time; each counts above too, when Kafka has said which.",
            registry=registry,
        )
        self._last_commit = Gauge(
            "vigie_worker_last_commit_timestamp_seconds",
            "When the last transaction was committed; 0 before the first.",
            registry=registry,
        )

    def _add_timings(self) -> None:
        registry = self._registry
        self._latency = Histogram(
            "vigie_worker_latency_seconds",
            "From Kafka taking the reference to its answer being committed.",
            registry=registry,
            buckets=LATENCY_BOUNDS_S,
        )
        stages = Histogram(
            "vigie_worker_stage_seconds",
            "What a judged image took, by `stage`: read, decode or inference.",
            ["stage"],
            registry=registry,
            buckets=STAGE_BOUNDS_S,
        )
        self._read, self._decode, self._inference = map(
            stages.labels, ("read", "decode", "inference")
        )

    @property
    def events(self) -> WorkerEvents:
        """What the worker is given."""
        return WorkerEvents(
            self._assigned, self._released, self._committed, self._aborts.inc, self._undecided.inc
        )

    def serves(self, model_version: str, model_sha256: str) -> None:
        """The model is in memory."""
        self._model = Info(
            "vigie_worker_model",
            "Which weights judge: `model_version` and `model_sha256`.",
            registry=self._registry,
        )
        self._model.info({"model_version": model_version, "model_sha256": model_sha256})

    def waits_for(self) -> str | None:
        """What is missing before images can be judged; ``None``: nothing."""
        if self._model is None:
            return "the model"
        positions = self._copy()
        if not positions:
            return "a partition of the images topic"
        return "Kafka" if self._look(positions) is None else None

    def collect(self) -> Iterator[Metric]:
        """What is asked from Kafka at this moment."""
        positions = self._copy()
        found = (self._look(positions) if positions else None) or {}
        yield GaugeMetricFamily(
            "vigie_worker_partitions", "Partitions assigned to this worker.", len(positions)
        )
        lag = GaugeMetricFamily(
            "vigie_worker_lag",
            "Offsets from the first waiting image to the end of its `partition`; 0: none waits."
            " Absent while Kafka does not answer.",
            labels=["partition"],
        )
        oldest = GaugeMetricFamily(
            "vigie_worker_oldest_waiting_seconds",
            "Age of the image that waits longest in its `partition`; 0: none waits.",
            labels=["partition"],
        )
        for partition, waiting in found.items():
            age = 0.0 if waiting.oldest_at is None else max(0.0, self._now() - waiting.oldest_at)
            lag.add_metric([str(partition)], waiting.lag)
            oldest.add_metric([str(partition)], age)
        yield lag
        yield oldest

    def _copy(self) -> dict[int, int]:
        with self._lock:
            return dict(self._positions)

    def _assigned(self, positions: Mapping[int, int]) -> None:
        with self._lock:
            self._positions.update(positions)

    def _released(self, partitions: Collection[int]) -> None:
        with self._lock:
            for partition in partitions:
                self._positions.pop(partition, None)

    def _committed(self, transaction: Committed) -> None:
        now, images = self._now(), transaction.images
        reasons = Count(each.reason for each in images if each.reason is not None)
        with self._lock:
            self._positions[transaction.partition] = transaction.position
        for each in images:
            # The broker's clock and ours may differ by more than an image takes.
            self._latency.observe(max(0.0, now - each.published_at.timestamp()))
            if each.reason is None:
                self._read.observe(each.timings.read_ms / 1e3)
                self._decode.observe(each.timings.decode_ms / 1e3)
                self._inference.observe(each.timings.inference_ms / 1e3)
        self._images.inc(len(images))
        self._abstentions.inc(sum(each.abstained for each in images))
        for reason, number in reasons.items():
            self._failures.labels(reason).inc(number)
        self._commits.inc()
        self._last_commit.set(now)
