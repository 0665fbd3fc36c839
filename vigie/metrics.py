"""Every metric there is, by the process that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from consumers.archive.metrics import ArchiveMetrics
from consumers.inference.metrics import WorkerMetrics
from consumers.statistics.metrics import StatisticsMetrics
from dashboard.metrics import PageMetrics
from dashboard.operations.report import not_known
from producers.metrics import ProducerMetrics, SimulatorMetrics
from transport.health.vitals import StopFlag, Vitals


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One line of the metrics table."""

    name: str
    kind: str
    served_by: str
    description: str


def metrics_table() -> list[MetricRow]:
    """Every metric of ours, as it is scraped. Those of the library (``process_*``) are left out."""
    common = _vitals()
    worker, producer, simulator, page, statistics, archive = (_vitals() for _ in range(6))
    WorkerMetrics(worker.registry, lambda _: None).serves("", "")
    ProducerMetrics(producer.registry)
    SimulatorMetrics(simulator.registry)
    StatisticsMetrics(statistics.registry)
    ArchiveMetrics(archive.registry)
    page.registry.register(PageMetrics(lambda: not_known(0.0), lambda: 0, lambda: "up"))
    everywhere = [*_rows(common.registry, "every process")]
    known = {row.name for row in everywhere}
    parts = {
        "worker": worker,
        "watcher, camera": producer,
        "simulated cameras": simulator,
        "page": page,
        "statistics": statistics,
        "archive": archive,
    }
    return everywhere + [
        row
        for served_by, vitals in parts.items()
        for row in _rows(vitals.registry, served_by)
        if row.name not in known
    ]


def markdown_table(rows: Sequence[MetricRow]) -> str:
    """The rows as a Markdown table."""
    lines = [f"| `{row.name}` | {row.kind} | {row.served_by} | {row.description} |" for row in rows]
    return "\n".join(["| metric | kind | served by | what it is |", "|---|---|---|---|", *lines])


def _vitals() -> Vitals:
    return Vitals("", "", StopFlag())


def _rows(registry: Collector, served_by: str) -> Iterator[MetricRow]:
    for family in registry.collect():
        if family.name.startswith("vigie_"):
            yield MetricRow(_exposed(family), family.type, served_by, family.documentation)


def _exposed(family: Metric) -> str:
    """The name under which Prometheus keeps it; the library's families are named without it."""
    suffixes = {"counter": "_total", "info": "_info"}
    return family.name + suffixes.get(family.type, "")
