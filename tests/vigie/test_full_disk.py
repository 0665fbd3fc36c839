"""``vigie up`` on a disk that fills up: said in one sentence, and everything goes on by itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import EXIT_CONFIGURATION, EXIT_OK
from tests.disks import Disk, small_disk
from tests.transport.broker_kit import require_jars
from tests.vigie.cli import environment, vigie
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics
from vigie.processes import Ended, Service

PATIENCE_S = 180.0
MEBIBYTES = 400  # the broker wants 256 to start


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path, MEBIBYTES) as disk:
        yield disk


def events(home: Path, topic: str) -> int:
    address = EmbeddedBroker(home, BrokerSettings()).status().bootstrap_servers
    assert address is not None
    return len(list(read_to_end(Cluster(address), topic, "test-full")))


def test_a_process_whose_log_has_no_room_is_neither_stopped_nor_is_it_told_at_length(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path, 1) as small:
        small.fill()
        program = (
            "print('x' * 200_000); print('vigie: the last sentence.')"  # more than a pipe holds
        )
        service = Service("talker", [sys.executable, "-c", program], small.path)
        service.start()
        found: list[Ended] = []
        wait_until(lambda: bool(found.append(service.watch()) or found[-1]), PATIENCE_S)
        service.ask_to_end()
        service.await_end(0)
    assert (found[-1].exit_code, found[-1].sentence) == (0, "the last sentence.")
    assert capfd.readouterr().err == ""


@pytest.mark.kafka
@pytest.mark.prove
@pytest.mark.timeout(900)
def test_everything_goes_on_by_itself_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    require_jars()
    home, topics = disk.path / "home", JobTopics("driver")
    home.mkdir()
    said = tmp_path / "said"
    settings = {"VIGIE_PRODUCERS__SIMULATOR__CAMERAS": "1"}
    with (
        said.open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "vigie", "up", "--port", "0"],
            cwd=home,
            env=environment(home, settings),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as up,
    ):
        try:
            wait_until(lambda: "Vigie is at" in said.read_text(), PATIENCE_S)
            wait_until(lambda: events(home, topics.predictions) >= 3, PATIENCE_S)

            disk.fill()
            wait_until(lambda: "The broker waits" in said.read_text(), PATIENCE_S)
            told = vigie(home, "broker", "status")
            assert "the broker waits, and goes on by itself: The disk of" in told.stdout
            sent = vigie(home, "send", str(Path(__file__)))
            assert (sent.returncode, sent.stderr.count("\n")) == (EXIT_CONFIGURATION, 1)
            assert f"{home}/kafka has" in sent.stderr
            # Long enough for each process to meet the full disk several times.
            with pytest.raises(AssertionError):
                wait_until(lambda: up.poll() is not None, 10)

            disk.make_room()
            wait_until(lambda: "The broker is started again" in said.read_text(), PATIENCE_S)
            wait_until(lambda: vigie(home, "verify", "driver").returncode == 0, PATIENCE_S)
            seen = events(home, topics.predictions)
            wait_until(lambda: events(home, topics.predictions) >= seen + 3, PATIENCE_S)
        finally:
            up.send_signal(signal.SIGINT)
    assert up.wait(PATIENCE_S) == EXIT_OK
    assert "Traceback" not in said.read_text()
    assert "is not started again" not in said.read_text()
