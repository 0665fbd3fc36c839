"""A real Prometheus reads a running installation, and each panel of the dashboard has figures."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.requirements import require_program
from tests.vigie.monitoring import MONITORING, panels
from tests.vigie.running import Up, running_up
from tests.waiting import wait_until
from transport.broker import Running
from transport.broker.ports import is_free
from vigie.up import metrics_ports

pytestmark = pytest.mark.kafka

PANELS = [
    (f"{panel['title']} ({target['refId']})", target["expr"])
    for panel in panels()
    for target in panel["targets"]
]

FIRST_PORT, LAST_PORT = 20_000, 30_000


def free_block(size: int) -> int:
    """The first of so many ports in a row that nobody uses."""
    blocks = range(FIRST_PORT, LAST_PORT, size)
    return next(first for first in blocks if all(map(is_free, range(first, first + size))))


@pytest.fixture(scope="module")
def first_port() -> int:
    """Of the processes; Prometheus has the one after theirs."""
    return free_block(len(metrics_ports(1)) + 1)


@pytest.fixture(scope="module")
def up(kafka: Running, tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[Up]:
    settings = {
        "VIGIE_METRICS__PORT": str(first_port),
        "VIGIE_PRODUCERS__SIMULATOR__CAMERAS": "1",
    }
    with running_up(tmp_path_factory.mktemp("home"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(
    up: Up, first_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """It runs with our file: only the ports are others, and it asks every second."""
    program = require_program(
        "prometheus", "apt-get install prometheus (its service is not needed)"
    )
    folder = tmp_path_factory.mktemp("prometheus")
    told = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    told["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    told["rule_files"] = [str(MONITORING / "alerts.yml")]
    ports = [*range(first_port, first_port + len(metrics_ports(1))), urlsplit(up.link).port]
    for group, port in zip(told["scrape_configs"][0]["static_configs"], ports, strict=True):
        group["targets"] = [f"127.0.0.1:{port}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(told))
    address = f"127.0.0.1:{first_port + len(metrics_ports(1))}"
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml", f"--web.listen-address={address}"],
            cwd=folder,
            stdout=log,
            stderr=log,
        ) as process,
        httpx.Client(base_url=f"http://{address}/api/v1", timeout=10) as client,
    ):
        yield client
        process.terminate()


def asked(prometheus: httpx.Client, expression: str) -> list[object]:
    """The series that an expression yields now; none while Prometheus starts."""
    try:
        answer = prometheus.get("query", params={"query": expression})
    except httpx.TransportError:
        return []
    assert answer.status_code in {200, 503}, answer.text
    return answer.json()["data"]["result"] if answer.status_code == 200 else []


def test_every_process_of_an_installation_answers_it(prometheus):
    every = len(metrics_ports(1)) + 1

    wait_until(lambda: len(asked(prometheus, 'up{job="vigie"} == 1')) == every)


@pytest.mark.parametrize("expression", [text for _, text in PANELS], ids=[n for n, _ in PANELS])
def test_each_panel_has_figures(prometheus, expression):
    expression = expression.replace("$__rate_interval", "10s")

    if expression.startswith("sum by (reason)"):
        asked(prometheus, expression)
    else:
        wait_until(lambda: asked(prometheus, expression))


def test_no_alert_fires_where_all_is_well(prometheus):
    found = prometheus.get("rules").json()["data"]["groups"]
    rules = [rule for group in found for rule in group["rules"]]

    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []
