"""The page as a process of its own, so that tests can kill it."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from dashboard.serve import serve
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from producers.settings import SimulatorSettings
from producers.simulator_controls import Controls
from storage.images import ImageStore
from transport.clients import Cluster


def run(cluster: Cluster, store: Path, job: str, port: int, told: Connection) -> None:
    """Serve the page until a signal ends it; its link is told once it listens."""
    serve(
        cluster,
        ImageStore(store, 20_000_000),
        job,
        BEHAVIOURS,
        DashboardSettings(port=port),
        Path("/home/ada/cameras"),
        simulator=Controls(store / "producers", SimulatorSettings()),
        ready=told.send,
    )
