"""What the dashboard and the alert rules name is what the code exposes, and the other way round."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import yaml

from dashboard.settings import DashboardSettings
from schemas.errors import EXIT_CONFIGURATION
from tests.vigie.cli import environment, vigie
from tests.vigie.monitoring import MONITORING, panels, rules
from vigie.metrics import metrics_table
from vigie.up import metrics_ports

OTHERS = {
    "up",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
WORDS = {"and", "or", "unless", "on", "ignoring", "by", "without", "bool", "group_left"}
GROUPING = re.compile(r"\b(?:by|without|on|ignoring) *\([^)]*\)")


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def named(expression: str) -> Iterator[str]:
    """The metrics of a PromQL expression: names that are no function, label or word of it."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = GROUPING.sub(" ", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare))
    for match in re.finditer(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?! *\()\b", bare):
        if match[0] not in WORDS:
            yield match[0]


def exposed() -> set[str]:
    """Every name of ours under which Prometheus keeps a series."""
    names = set()
    for row in metrics_table():
        parts = ("_bucket", "_sum", "_count") if row.kind == "histogram" else ("",)
        names |= {row.name + part for part in parts}
    return names


def test_names_are_found_in_an_expression():
    expression = 'sum by (le) (rate(a_total{b="c"}[5m])) / on (x) d > 1 and time() - e_f > 2'

    assert list(named(expression)) == ["a_total", "d", "e_f"]


def test_every_metric_of_the_dashboard_is_exposed():
    assert {n for text in panel_expressions() for n in named(text)} - exposed() - OTHERS == set()


def test_every_metric_of_the_alerts_is_exposed():
    assert {n for rule in rules() for n in named(rule["expr"])} - exposed() - OTHERS == set()


def test_the_dashboard_shows_every_metric():
    shown = {n.removesuffix("_bucket") for text in panel_expressions() for n in named(text)}

    assert {row.name for row in metrics_table()} - shown == set()


def test_every_panel_asks_the_chosen_data_source():
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}


def test_panels_have_an_id_and_a_place_of_their_own():
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_it_is_and_what_to_do(rule):
    assert {"summary", "what_to_do"} <= rule["annotations"].keys()
    assert rule["labels"]["severity"] in {"critical", "warning"}


def test_what_prometheus_reads_names_the_rules_and_the_ports_of_up():
    told = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    [scraped] = told["scrape_configs"]

    assert told["rule_files"] == ["alerts.yml"]
    ports = [option.rpartition("=")[2] for option in metrics_ports(9400).values()]
    page = DashboardSettings().port
    assert [target for each in scraped["static_configs"] for target in each["targets"]] == [
        f"127.0.0.1:{port}" for port in (*ports, page)
    ]


@pytest.mark.parametrize("port", [None, 0])
def test_processes_without_a_chosen_port_do_not_share_one(port):
    assert metrics_ports(port) == {}


def test_names_follow_prometheus():
    rows = metrics_table()

    assert [r.name for r in rows if r.kind == "counter" and not r.name.endswith("_total")] == []
    assert [r.name for r in rows if r.kind != "counter" and r.name.endswith("_total")] == []
    assert [r.name for r in rows if re.search(r"_(ms|milliseconds|minutes)(_|$)", r.name)] == []


def test_a_running_process_answers_on_its_port_until_it_ends(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "simulate", str(tmp_path / "cameras")],
        env=environment(tmp_path, {"VIGIE_METRICS__PORT": "0"}),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as errors:
        address = next(json.loads(line)["address"] for line in errors if '"address"' in line)
        ready = httpx.get(f"{address}/readyz", timeout=60)
        text = httpx.get(f"{address}/metrics", timeout=60).text
        process.terminate()

        assert process.wait(60) == 0
    assert ready.json() == {"ready": True, "waits_for": None}
    assert "vigie_simulator_images_written_total" in text


def test_a_port_in_use_ends_a_process_with_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = vigie(tmp_path, "simulate", str(tmp_path), VIGIE_METRICS__PORT=str(port))

    assert found.returncode == EXIT_CONFIGURATION
    assert "VIGIE_METRICS__PORT" in found.stderr
