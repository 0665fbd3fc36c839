"""Each alert rule, in Prometheus's own ``promtool``: when it fires, what it says, when not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.requirements import require_program
from tests.vigie.monitoring import MONITORING, rules

RULES = {rule["alert"]: rule for rule in rules()}

TARGET = {"job": "vigie", "instance": "m:1", "process": "worker"}
"""The labels that Prometheus adds to what it scrapes."""


@dataclass(frozen=True)
class Case:
    """A rule and what Prometheus has seen.

    Attributes:
        alert: its name.
        series: samples a minute apart, in promtool's notation (``0x5``: six zeros; ``10+60x5``:
            six, each 60 above the last), by a metric's name or a name with labels.
        minutes: when it is looked at.
        summary: what the person woken reads; ``None``: nobody is.
        labels: of the alert, where they are not those of the target.
    """

    alert: str
    series: Mapping[str, str]
    minutes: int
    summary: str | None = None
    labels: Mapping[str, str] | None = None


PER_PROCESS = {"instance": "m:1"}
"""The labels of what is added up per process."""

LAG, OLDEST = (
    'vigie_worker_lag{partition="0"}',
    'vigie_worker_oldest_waiting_seconds{partition="0"}',
)
IN_PARTITION = {**TARGET, "partition": "0"}
ABORTED = 'vigie_worker_transactions_total{outcome="aborted"}'
FAILED = 'vigie_worker_failures_total{reason="model_error"}'

CASES = [
    Case("VigieProcessDown", {"up": "0x5"}, 2, "The worker on m:1 does not answer."),
    Case("VigieProcessDown", {"up": "0 1 0x1"}, 2),
    Case(
        "VigieProcessHangs",
        {"vigie_loop_age_seconds": "90+60x5"},
        2,
        "The worker on m:1 has not turned its loop for 3m 30s.",
    ),
    Case("VigieProcessHangs", {"vigie_loop_age_seconds": "50x5"}, 2),
    Case("VigieNotReady", {"vigie_ready": "0x9"}, 6, "The worker on m:1 cannot work."),
    Case("VigieNotReady", {"vigie_ready": "0x9"}, 4),
    Case(
        "VigieNoWorker",
        {"vigie_job_worker_alive": "0x5", "vigie_job_images_waiting": "37x5"},
        2,
        "37 images wait, and no worker answers them.",
    ),
    Case("VigieNoWorker", {"vigie_job_worker_alive": "0x5", "vigie_job_images_waiting": "0x5"}, 2),
    Case("VigieNoWorker", {"vigie_job_worker_alive": "1x5", "vigie_job_images_waiting": "9x5"}, 2),
    Case(
        "VigieNoCommit",
        {"vigie_worker_last_commit_timestamp_seconds": "30x9", OLDEST: "61+60x9"},
        5,
        "Images wait, and the worker on m:1 has committed nothing for 4m 30s.",
    ),
    Case(  # one that never committed is as old as its process
        "VigieNoCommit",
        {
            "vigie_worker_last_commit_timestamp_seconds": "0x9",
            "process_start_time_seconds": "60x9",
            OLDEST: "61+60x9",
        },
        5,
        "Images wait, and the worker on m:1 has committed nothing for 4m 0s.",
    ),
    Case(
        "VigieNoCommit",
        {"vigie_worker_last_commit_timestamp_seconds": "30x9", OLDEST: "0x9"},
        5,
    ),
    Case(
        "VigieLagGrows",
        {LAG: "200+30x30"},
        25,
        "More images come than m:1 judges: 300 more wait than ten minutes ago.",
        IN_PARTITION,
    ),
    Case("VigieLagGrows", {LAG: "5000-100x30"}, 25),
    Case("VigieLagGrows", {LAG: "200x30"}, 25),
    Case(
        "VigieOldestWaits",
        {OLDEST: "301+60x5"},
        3,
        "The oldest image of partition 0 waits for 8m 1s.",
        IN_PARTITION,
    ),
    Case("VigieOldestWaits", {OLDEST: "290x5"}, 3),
    Case(
        "VigieFailures",
        {FAILED: "0+10x30", "vigie_worker_images_total": "0+100x30"},
        25,
        "10% of the images on m:1 fail.",
        PER_PROCESS,
    ),
    Case("VigieFailures", {FAILED: "0+4x30", "vigie_worker_images_total": "0+100x30"}, 25),
    Case(
        "VigieAborts",
        {ABORTED: "0+1x30"},
        15,
        "Transactions of m:1 are given up: 10 in ten minutes.",
        {**TARGET, "outcome": "aborted"},
    ),
    Case(
        "VigieAborts",
        {"vigie_worker_transactions_in_doubt_total": "0+1x30"},
        15,
        "Transactions of m:1 are given up: 10 in ten minutes.",
    ),
    Case("VigieAborts", {ABORTED: "3x30"}, 15),
    Case(
        "VigieRefusals",
        {'vigie_producer_images_refused_total{reason="too_large"}': "0+2x30"},
        15,
        "20 images were not published by m:1 in ten minutes.",
        PER_PROCESS,
    ),
    Case("VigieRefusals", {'vigie_producer_images_refused_total{reason="empty"}': "9x30"}, 15),
    Case(
        "VigieRecordsLag",
        {'vigie_archive_lag{topic="predictions"}': "12000x30"},
        15,
        "m:1 is 12k events behind.",
        PER_PROCESS,
    ),
    Case(
        "VigieRecordsLag",
        {'vigie_statistics_lag{topic="predictions"}': "12000x30"},
        15,
        "m:1 is 12k events behind.",
        PER_PROCESS,
    ),
    Case("VigieRecordsLag", {'vigie_archive_lag{topic="predictions"}': "12000x3 0x30"}, 15),
]


@pytest.fixture(scope="module")
def promtool() -> str:
    return require_program("promtool", "apt-get install prometheus (its service is not needed)")


def labelled(metric: str) -> str:
    """A series' name with the target's labels beside its own."""
    name, _, own = metric.rstrip("}").partition("{")
    labels = [*([own] if own else []), *(f'{key}="{value}"' for key, value in TARGET.items())]
    return f"{name}{{{','.join(labels)}}}"


def expected(case: Case) -> list[dict[str, Any]]:
    if case.summary is None:
        return []
    rule = RULES[case.alert]
    return [
        {
            "exp_labels": {**(case.labels or TARGET), **rule["labels"]},
            "exp_annotations": {**rule["annotations"], "summary": case.summary},
        }
    ]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.alert}-{'fires' if case.summary else 'is silent'}"
)
def test_an_alert_fires_and_says_what_happened_or_stays_silent(promtool, tmp_path, case):
    file = tmp_path / "case.yml"
    looked = {"eval_time": f"{case.minutes}m", "alertname": case.alert}
    seen = [{"series": labelled(name), "values": each} for name, each in case.series.items()]
    alerts = {**looked, "exp_alerts": expected(case)}
    tested = {"interval": "1m", "input_series": seen, "alert_rule_test": [alerts]}
    shutil.copy(MONITORING / "alerts.yml", tmp_path)
    file.write_text(
        yaml.safe_dump(
            {"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": [tested]}
        )
    )

    found = subprocess.run(
        [promtool, "test", "rules", file.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("alert", RULES)
def test_each_alert_has_been_seen_to_fire_and_to_stay_silent(alert):
    assert {case.summary is None for case in CASES if case.alert == alert} == {True, False}


def test_prometheus_takes_the_files_as_they_are(promtool):
    found = subprocess.run(
        [promtool, "check", "config", MONITORING / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr
