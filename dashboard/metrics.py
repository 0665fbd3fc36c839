"""The page's metrics: what it knows of the whole job, also while no worker runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi import FastAPI
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from dashboard.feed.hub import SourceState
from dashboard.operations.report import Snapshot
from transport.health.answers import reply
from transport.health.vitals import Vitals


class PageMetrics(Collector):
    """Tells what the operations strip shows.

    Args:
        snapshot: how the work goes now.
        events: how many events feed and statistics reach back to now.
        state: what the topic's reader last knew.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        events: Callable[[], int],
        state: Callable[[], SourceState],
    ) -> None:
        self._snapshot = snapshot
        self._events = events
        self._state = state

    def waits_for(self) -> str | None:
        """What is missing before the page shows everything; ``None``: nothing."""
        return {"down": "Kafka", "loading": "the predictions to be read", "up": None}[self._state()]

    def collect(self) -> Iterator[Metric]:
        """What is known; what is not known has no sample."""
        now = self._snapshot()
        alive = None if now["worker"] == "unknown" else float(now["worker"] == "alive")
        yield _gauge(
            "vigie_job_worker_alive",
            "1 while a worker is a member of the group and answers; 0: none is, or it is stuck.",
            alive,
        )
        yield _gauge(
            "vigie_job_images_waiting",
            "Images without a committed answer, over all partitions; 1000 means that many or more.",
            now["lag"],
        )
        yield _gauge(
            "vigie_job_oldest_waiting_seconds",
            "Age of the image that waits longest; 0: none waits.",
            None if now["lag"] is None else now["oldest_s"] or 0.0,
        )
        yield _gauge(
            "vigie_job_dead_letters", "Dead letters that the page reaches.", now["dead_letters"]
        )
        yield _gauge("vigie_page_events", "Events that the feed reaches back to.", self._events())


def add_vitals_routes(server: FastAPI, vitals: Vitals) -> None:
    """``/readyz`` and ``/metrics``, as every process answers them; the page has its own health."""

    def told(path: str) -> Response:
        found = reply(path, vitals)
        headers = {"Cache-Control": "no-store"}
        return Response(found.body, found.status, headers, found.media_type)

    @server.get("/readyz")
    def ready() -> Response:
        return told("/readyz")

    @server.get("/metrics")
    def metrics() -> Response:
        return told("/metrics")


def _gauge(name: str, documentation: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value)
