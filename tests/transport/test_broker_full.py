"""The broker on a disk that is full or may not be written: said clearly, nothing lost, goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.cimpl import NewTopic

from schemas.errors import EXIT_CONFIGURATION
from tests.disks import MEBIBYTE, Disk, bound_by_rights, small_disk
from tests.transport.broker_kit import answering, gone, require_jars, stopped_at_the_end
from tests.transport.sender import Sender
from tests.vigie.cli import vigie
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker, embedded, guard
from transport.broker.errors import FolderError
from transport.broker.state import read_state
from transport.clients import Cluster
from transport.reading import read_to_end

PATIENCE_S = 120.0
NEEDED = 16 * MEBIBYTE  # Kafka itself writes some kilobytes here
ROUNDS = 5
TOPIC = "kept"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path, 32) as disk:
        yield disk


def broker_in(home: Path) -> EmbeddedBroker:
    return EmbeddedBroker(home, BrokerSettings(start_timeout_s=PATIENCE_S))


@pytest.mark.parametrize(("full", "left"), [(True, "0"), (False, r"\d\d")], ids=["full", "small"])
def test_with_too_little_room_it_does_not_start_and_says_how_much_there_is(
    disk: Disk, *, full: bool, left: str
) -> None:
    home = disk.path / "home"
    if full:
        disk.fill()
    with pytest.raises(
        FolderError, match=rf"^The disk of {home}/kafka has {left} MiB left and .* needs 256: free"
    ):
        broker_in(home).start()


def test_a_full_disk_is_one_sentence_and_the_exit_code_of_a_configuration(disk: Disk) -> None:
    disk.fill()
    finished = vigie(disk.path, "broker", "start")
    assert (finished.returncode, finished.stderr.count("\n")) == (EXIT_CONFIGURATION, 1)
    assert finished.stderr.startswith(f"vigie: The disk of {disk.path}/kafka has 0 MiB left")


@pytest.mark.parametrize("folder", ["", "kafka", "logs", "broker"])
def test_in_a_folder_that_may_not_be_written_it_does_not_start_and_names_it(
    tmp_path: Path, folder: str
) -> None:
    home = tmp_path / "home"
    (home / folder).mkdir(parents=True)
    (home / folder).chmod(0o500)
    with (
        bound_by_rights(),
        pytest.raises(FolderError, match=rf"cannot write in {home / folder}.*: Permission denied"),
    ):
        broker_in(home).start()


def test_of_another_users_folder_the_status_is_an_error_that_names_it(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.layout.run.mkdir()
    broker.layout.lock_file.touch()
    broker.layout.run.chmod(0)
    with bound_by_rights(), pytest.raises(FolderError, match=rf"{broker.layout.run}/.*Permission"):
        broker.status()


@contextmanager
def guarding(
    disk: Disk, tmp_path: Path, program: str, reserve: int = MEBIBYTE
) -> Iterator[subprocess.Popen[str]]:
    """A guard with a program of the shell in Java's place."""
    folder = disk.path / "kafka"
    folder.mkdir()
    spec = {
        "command": ["/bin/sh", "-c", program],
        "parent": os.getpid(),
        "stop_grace_s": 5.0,
        "folder": str(folder),
        "needed_bytes": 4 * MEBIBYTE,
        "reserve_bytes": reserve,
        "state_file": str(tmp_path / "state.json"),
        "state": {"bootstrap_servers": "127.0.0.1:1", "version": "none"},
    }
    with subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, json.dumps(spec)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def guarded(tmp_path: Path, other_than: int | None = None) -> int:
    """The process that the guard has started, once it is another."""
    state_file = tmp_path / "state.json"

    def pid() -> int | None:
        state = read_state(state_file)
        return state.pid if state else None

    wait_until(lambda: pid() not in {None, other_than}, PATIENCE_S)
    found = pid()
    assert found is not None
    return found


WHEN_IT_IS_FULL = "while ! test -e {mark}; do sleep 0.01; done; "


@pytest.mark.parametrize(
    ("program", "reserve"),
    [
        ("exec sleep 600", MEBIBYTE),
        (WHEN_IT_IS_FULL + "exit 1", 0),
        (WHEN_IT_IS_FULL + "kill -9 $$", 0),
    ],
    ids=["ended-by-its-guard", "ends-by-itself", "crashes"],
)
def test_on_a_disk_that_fills_up_it_waits_and_goes_on_when_there_is_room(
    disk: Disk, tmp_path: Path, program: str, reserve: int
) -> None:
    mark = tmp_path / "full"
    with guarding(disk, tmp_path, program.format(mark=mark), reserve) as process:
        first = guarded(tmp_path)
        disk.fill()
        mark.touch()
        wait_until(lambda: gone(first), PATIENCE_S)
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith(f"The disk of {disk.path}/kafka has 0 MiB left and the broker needs")
        assert process.poll() is None
        mark.unlink()
        disk.make_room()
        second = guarded(tmp_path, other_than=first)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        assert gone(second)


def test_while_it_waits_for_room_it_ends_when_told_to(disk: Disk, tmp_path: Path) -> None:
    with guarding(disk, tmp_path, "exec sleep 600") as process:
        first = guarded(tmp_path)
        disk.fill()
        wait_until(lambda: gone(first), PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_one_that_ends_by_itself_at_once_is_not_started_again(disk: Disk, tmp_path: Path) -> None:
    with guarding(disk, tmp_path, "exit 7") as process:
        assert process.wait(PATIENCE_S) == 7


@pytest.mark.kafka
@pytest.mark.prove
@pytest.mark.timeout(900)
def test_a_disk_that_fills_up_under_load_costs_no_acknowledged_record(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_jars()
    monkeypatch.setattr(embedded, "MINIMUM_FREE_BYTES", NEEDED)
    with stopped_at_the_end(broker_in(disk.path / "home")) as broker:
        address = broker.start().bootstrap_servers
        admin = Cluster(address).admin()
        admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result(PATIENCE_S)
        with Sender(address, TOPIC, lambda number: b"%d %500d" % (number, 0)) as sender:
            for _ in range(ROUNDS):
                before, pid = len(sender.acknowledged), broker.status().pid
                wait_until(lambda n=before: len(sender.acknowledged) > n + 100, PATIENCE_S)
                disk.fill()
                wait_until(lambda: broker.status().waits_for is not None, PATIENCE_S)
                waits_for = broker.status().waits_for or ""
                assert f"{disk.path}/home/kafka has 0 MiB left" in waits_for
                disk.make_room()
                wait_until(lambda p=pid: broker.status().pid != p, PATIENCE_S)
                wait_until(lambda: answering(broker), PATIENCE_S)
        found = [
            int((message.value() or b"").split()[0])
            for message in read_to_end(Cluster(address), TOPIC, "test-full")
        ]
    assert sender.acknowledged == list(range(sender.sent))
    assert found == sender.acknowledged
