"""How one process is, without any web: kept by its loop, read by whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

ALIVE_S = 60.0
"""A loop away for longer hangs. A commit that waits for its deadline and the abort after it take
40 s at most, starting a model a few."""


class StopFlag(threading.Event):
    """A stop flag that knows when it was last looked at.

    Every loop of ours asks whether to stop, also while it waits for Kafka: the looks are its pulse.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._looked_at = clock()

    def is_set(self) -> bool:
        """Whether to stop."""
        self._looked_at = self._clock()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until told to stop; whether that was so within ``timeout`` seconds."""
        self._looked_at = self._clock()
        told = super().wait(timeout)
        self._looked_at = self._clock()
        return told

    @property
    def unseen_s(self) -> float:
        """Seconds since somebody looked."""
        return self._clock() - self._looked_at


class Vitals(Collector):
    """Whether a process lives and can work, and the registry that its parts add their metrics to.

    Args:
        process: what it is: worker, watcher, camera, simulator or page.
        job: whose images it works on.
        stop: the flag that its loop looks at.
    """

    def __init__(self, process: str, job: str, stop: StopFlag) -> None:
        # Or each counter had a second series that nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._stop = stop
        self._waits_for: Callable[[], str | None] = lambda: "its parts to be put together"
        ProcessCollector(registry=self.registry)
        about = Info(
            "vigie_process",
            "Which process this is: `role`, `vigie_job`, `version`.",
            registry=self.registry,
        )
        # Not "job": Prometheus gives every series a label of that name.
        about.info({"role": process, "vigie_job": job, "version": version("vigie")})
        self.registry.register(self)

    def ready_when(self, waits_for: Callable[[], str | None]) -> None:
        """From now on this says what the process waits for; ``None``: it can work."""
        self._waits_for = waits_for

    def waits(self, what: str | None) -> None:
        """From now on the process waits for this; ``None``: it can work."""
        self._waits_for = lambda: what

    @property
    def unseen_s(self) -> float:
        """Seconds since the loop last turned."""
        return self._stop.unseen_s

    @property
    def is_alive(self) -> bool:
        """Whether the loop turned lately."""
        return self.unseen_s <= ALIVE_S

    def waits_for(self) -> str | None:
        """What is missing before it can work; ``None``: nothing."""
        return self._waits_for()

    def collect(self) -> Iterator[Metric]:
        """The metrics that every process has."""
        yield GaugeMetricFamily(
            "vigie_ready",
            "1 while the process can work; /readyz says what it waits for.",
            float(self.waits_for() is None),
        )
        yield GaugeMetricFamily(
            "vigie_loop_age_seconds",
            f"Time since the main loop last turned; above {ALIVE_S:.0f} the process hangs.",
            self.unseen_s,
        )
