"""The small parts of the embedded broker, without Java."""

import multiprocessing
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis.strategies import uuids

from transport.broker.configuration import cluster_id, server_properties
from transport.broker.log import last_words
from transport.broker.ports import choose_ports, is_free
from transport.broker.settings import BrokerSettings
from transport.broker.state import is_locked, locked, read_state


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_the_ports_of_the_last_start_are_kept(tmp_path: Path) -> None:
    first = choose_ports(0, tmp_path / "ports")

    assert choose_ports(0, tmp_path / "ports") == first


def test_a_remembered_port_that_is_taken_is_replaced(
    tmp_path: Path, listener: socket.socket
) -> None:
    taken = listener.getsockname()[1]
    (tmp_path / "ports").write_text(f"[{taken}, {taken}]")

    port, controller = choose_ports(0, tmp_path / "ports")

    assert len({port, controller, taken}) == 3
    assert is_free(port)


def test_a_configured_port_wins_over_the_remembered_one(tmp_path: Path) -> None:
    choose_ports(0, tmp_path / "ports")
    free, _ = choose_ports(0, tmp_path / "others")

    assert choose_ports(free, tmp_path / "ports")[0] == free


@pytest.mark.parametrize("memory", ["", "{", "[1]", "null", '"x"'])
def test_damaged_remembered_ports_are_forgotten(tmp_path: Path, memory: str) -> None:
    (tmp_path / "ports").write_text(memory)

    assert all(choose_ports(0, tmp_path / "ports"))


def test_only_one_can_take_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path / "lock") as first, locked(tmp_path / "lock") as second:
        assert first is not None
        assert second is None


def test_the_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    holder = context.Process(target=_hold, args=(tmp_path / "lock", ready := context.Event()))
    holder.start()
    assert ready.wait(20)
    assert is_locked(tmp_path / "lock")

    holder.kill()
    holder.join()

    assert not is_locked(tmp_path / "lock")


def _hold(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with locked(path):
        ready.set()
        multiprocessing.Event().wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_state_is_no_state(tmp_path: Path, content: str) -> None:
    (tmp_path / "state").write_text(content)

    assert read_state(tmp_path / "state") is None


def test_the_last_line_that_names_a_fault_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ERROR of an earlier run\n")
    begins = log.stat().st_size
    with log.open("a") as file:
        file.write("java.io.IOException: No space left on device.\n\tat somewhere\nWARN closing\n")

    assert last_words(log, begins) == "java.io.IOException: No space left on device"


def test_without_a_fault_the_last_line_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\n\n")

    assert last_words(tmp_path / "log") == "two"


def test_nothing_said_is_quoted_as_nothing(tmp_path: Path) -> None:
    assert last_words(tmp_path / "missing") == ""


@given(uuids())
def test_a_cluster_id_is_never_taken_for_an_option(identity: UUID) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{21}", cluster_id(identity))


def test_topics_are_never_made_by_accident() -> None:
    assert "auto.create.topics.enable=false\n" in server_properties(1, 2)


@pytest.mark.parametrize("heap", ["384", "0m", "1g; rm", "-Xmx1g"])
def test_a_heap_that_java_would_misread_is_refused(heap: str) -> None:
    with pytest.raises(ValueError, match="heap"):
        BrokerSettings(heap=heap)
