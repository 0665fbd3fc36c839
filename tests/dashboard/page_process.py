"""Runs the page as a process of its own, so that tests can kill it.

Usage: python -m tests.dashboard.page_process BOOTSTRAP_SERVERS STORE JOB PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

from dashboard.serve import serve
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from producers.settings import SimulatorSettings
from producers.simulator_controls import Controls
from storage.images import ImageStore
from transport.clients import Cluster


def main(bootstrap_servers: str, store: str, job: str, port: str) -> None:
    serve(
        Cluster(bootstrap_servers),
        ImageStore(Path(store), 20_000_000),
        job,
        BEHAVIOURS,
        DashboardSettings(port=int(port)),
        Path("/home/ada/cameras"),
        simulator=Controls(Path(store) / "producers", SimulatorSettings()),
        ready=lambda link: print(link, flush=True),  # noqa: T201 - the test reads it
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
