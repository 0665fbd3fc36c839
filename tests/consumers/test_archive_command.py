"""``vigie archive`` and ``vigie forget`` as a person calls them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from storage.database.settings import DatabaseSettings
from tests.consumers.archive_kit import Ground, looking
from tests.storage.databases import prediction
from tests.vigie.cli import environment
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.topics import JobTopics
from vigie.app import app

PATIENCE_S = 60.0


@contextmanager
def called(home: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", *words],
        cwd=home,
        env=environment(home, settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it answers, as its log says."""
    assert process.stderr is not None
    for line in process.stderr:
        if "health and metrics" in line:
            return str(json.loads(line)["address"])
    pytest.fail("it ended before it answered")


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:  # noqa: S310 - ours
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


def forget(home: Path, *words: str) -> str:
    found = CliRunner().invoke(app, ["--home", str(home), "forget", *words])
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.mark.kafka
def test_it_archives_until_told_to_stop_and_a_subject_can_be_forgotten(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    job = topic_name("job")
    ground = Ground(Cluster(kafka.bootstrap_servers), JobTopics(job), DatabaseSettings(), tmp_path)
    ground.publish([prediction(n, subject=("p-1", "p-2")[n % 2]) for n in range(10)])
    where = {"VIGIE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    asked = where | {"VIGIE_METRICS__PORT": "0", "VIGIE_DATABASE__KEEP_DAYS": "0"}
    words = ("archive", "driver", "--wait", "--topics", job)
    with looking(ground) as looker, called(tmp_path, *words, **asked) as process:
        address = address_of(process)
        looker.await_events(10)
        wait_until(lambda: is_ready(address), PATIENCE_S, "readiness")
        forgotten = forget(tmp_path, job, "--subject", "p-1", "--json")
        assert json.loads(forgotten) == {"events": 5, "erased": True}
        assert looker.numbers() == [1, 3, 5, 7, 9]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_subject_that_nobody_knows_is_told_as_such(tmp_path: Path) -> None:
    found = forget(tmp_path, "driver", "--subject", "nobody")

    assert found.startswith("0 events of this subject deleted from ")
