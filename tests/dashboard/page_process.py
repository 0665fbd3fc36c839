"""The page as a process of its own, so that tests can kill it."""

from __future__ import annotations

from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from dashboard.serve import serve
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from producers.settings import SimulatorSettings
from producers.simulator_controls import Controls
from storage.database.engine import open_to_read
from storage.database.settings import DatabaseSettings
from storage.images import ImageStore
from transport.clients import Cluster


def run(
    cluster: Cluster,
    store: Path,
    job: str,
    port: int,
    history: int,
    home: Path | None,
    told: Connection,
) -> None:
    """Serve the page until a signal ends it; its link is told once it listens.

    Args:
        cluster: where the events are.
        store: where the images are.
        job: whose events.
        port: of the page.
        history: how many events it remembers.
        home: where the archive is; ``None``: there is none.
        told: is sent the link.
    """
    serve(
        cluster,
        ImageStore(store, 20_000_000),
        job,
        BEHAVIOURS,
        DashboardSettings(port=port, history=history),
        Path("/home/ada/cameras"),
        simulator=Controls(store / "producers", SimulatorSettings()),
        open_archive=partial(open_to_read, DatabaseSettings(), home) if home else None,
        ready=told.send,
    )
