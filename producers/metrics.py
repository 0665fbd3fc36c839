"""The producers' metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.events import FailureReason

UNREADABLE = "unreadable"
"""Why a file is skipped that this user may not read; every other reason is a Failure's."""


class ProducerMetrics:
    """Counts what a producer publishes; an image counts when Kafka has it for good.

    Args:
        registry: gets the metrics.
        now: seconds since 1970.
    """

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._published = Counter(
            "vigie_producer_images_published",
            "Images whose reference Kafka has acknowledged.",
            registry=registry,
        )
        self._refused = Counter(
            "vigie_producer_images_refused",
            "Images that were not published, by `reason`: a Failure's, or unreadable.",
            ["reason"],
            registry=registry,
        )
        for reason in (*FailureReason, UNREADABLE):
            self._refused.labels(str(reason))  # 0 from the start: a rate needs a first value
        self._last = Gauge(
            "vigie_producer_last_publish_timestamp_seconds",
            "When Kafka acknowledged the last reference; 0 before the first.",
            registry=registry,
        )

    def published(self) -> None:
        """Kafka has one more reference."""
        self._published.inc()
        self._last.set(self._now())

    def refused(self, reason: str) -> None:
        """An image was not published, for one of the known reasons."""
        self._refused.labels(reason).inc()


class SimulatorMetrics:
    """Counts the images that simulated cameras write into their folders; the watcher publishes."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._written = Counter(
            "vigie_simulator_images_written",
            "Images that simulated cameras wrote into camera folders.",
            registry=registry,
        )
        self._last = Gauge(
            "vigie_simulator_last_image_timestamp_seconds",
            "When the last was written; 0 before the first.",
            registry=registry,
        )

    def written(self) -> None:
        """One more image lies in its folder."""
        self._written.inc()
        self._last.set(self._now())
