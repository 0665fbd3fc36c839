"""The promises about starting, staying and ending, on the real broker."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.transport.broker_kit import (
    answering,
    gone,
    read_records,
    require_jars,
    stopped_at_the_end,
    write_records,
)
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.broker.errors import (
    BrokerAlreadyRunningError,
    BrokerError,
    BrokerStartError,
    FolderError,
    PortInUseError,
)
from transport.broker.state import read_state

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
# The promises are for an idle machine; a busy one gets this much longer before a test fails.
SLACK = 2.0


@pytest.fixture(scope="module", autouse=True)
def _jars() -> None:
    require_jars()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with stopped_at_the_end(EmbeddedBroker(tmp_path, BrokerSettings())) as broker:
        yield broker


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One that tests may look at but not stop."""
    home = tmp_path_factory.mktemp("running")
    with stopped_at_the_end(EmbeddedBroker(home, BrokerSettings())) as broker:
        broker.start()
        yield broker


def start_in_another_process(home: Path, *, detached: bool) -> "subprocess.Popen[str]":
    """A process of its own that starts the broker, says so, and waits."""
    program = (
        "import sys, pathlib\n"
        "from transport.broker import BrokerSettings, EmbeddedBroker\n"
        "broker = EmbeddedBroker(pathlib.Path(sys.argv[1]), BrokerSettings())\n"
        f"print(broker.start(detached={detached}).pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_warm_start_is_ready_in_three_seconds(broker: EmbeddedBroker) -> None:
    broker.start()
    broker.stop()

    assert broker.start().ready_s < 3.0 * SLACK


def test_stopping_takes_less_than_five_seconds(broker: EmbeddedBroker) -> None:
    broker.start()
    began = time.monotonic()

    broker.stop()

    assert time.monotonic() - began < 5.0 * SLACK


def test_records_and_address_outlive_a_restart(broker: EmbeddedBroker) -> None:
    first = broker.start().bootstrap_servers
    write_records(first, 20)
    broker.stop()

    second = broker.start().bootstrap_servers

    assert (second, read_records(second, 20)) == (first, list(range(20)))


def test_after_its_own_kill_9_it_is_back_in_six_seconds_with_its_records(
    broker: EmbeddedBroker,
) -> None:
    started = broker.start()
    write_records(started.bootstrap_servers, 20)

    os.kill(started.pid, signal.SIGKILL)
    wait_until(lambda: broker.status().pid != started.pid, 2 * SLACK)
    wait_until(lambda: answering(broker), 6 * SLACK)

    assert read_records(started.bootstrap_servers, 20) == list(range(20))


def test_a_second_start_is_refused_naming_the_process(running: EmbeddedBroker) -> None:
    with pytest.raises(BrokerAlreadyRunningError, match=f"process {running.status().pid} at"):
        EmbeddedBroker(running.layout.home, BrokerSettings()).start()


def test_another_object_sees_the_same_status(running: EmbeddedBroker) -> None:
    seen = EmbeddedBroker(running.layout.home, BrokerSettings()).status()

    assert (seen.running, seen.version, seen.pid) == (True, "4.3.1", running.status().pid)


def test_it_stays_below_a_quarter_gigabyte(running: EmbeddedBroker) -> None:
    assert (running.status().resident_bytes or 0) < 256 * 2**20


def test_it_listens_on_the_loopback_address_only(running: EmbeddedBroker) -> None:
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(running.status().pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_no_java_outlives_the_kill_9_of_its_parent(tmp_path: Path) -> None:
    parent = start_in_another_process(tmp_path, detached=False)
    java = int(parent.stdout.readline())  # type: ignore[union-attr]

    parent.kill()
    parent.communicate()

    wait_until(lambda: gone(java), 10)


def test_the_thread_that_started_it_may_end(broker: EmbeddedBroker) -> None:
    thread = threading.Thread(target=broker.start)
    thread.start()
    thread.join()

    with pytest.raises(AssertionError):
        wait_until(lambda: not broker.status().running, 1.5)


def test_detached_it_lives_on_until_anybody_stops_it(tmp_path: Path) -> None:
    parent = start_in_another_process(tmp_path, detached=True)
    java = int(parent.stdout.readline())  # type: ignore[union-attr]
    parent.communicate()
    with stopped_at_the_end(EmbeddedBroker(tmp_path, BrokerSettings())) as broker:
        assert answering(broker)

        assert broker.stop()
        assert gone(java)


def test_killing_the_guard_leaves_no_java_and_no_lock(broker: EmbeddedBroker) -> None:
    started = broker.start()
    state = read_state(broker.layout.state_file)
    assert state is not None

    os.kill(state.guard, signal.SIGKILL)

    wait_until(lambda: gone(started.pid) and not broker.status().running, 5)


def test_stopping_what_does_not_run_says_so(broker: EmbeddedBroker) -> None:
    assert not broker.stop()


def test_a_configured_port_in_use_is_refused_by_number(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortInUseError, match=f"Port {port} on 127.0.0.1 is in use"):
            EmbeddedBroker(tmp_path, BrokerSettings(port=port)).start()


def test_a_broker_that_dies_while_starting_is_quoted(broker: EmbeddedBroker) -> None:
    broker.start()
    broker.stop()
    meta = broker.layout.data / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=77"))

    with pytest.raises(BrokerStartError, match=r"ended while starting: .*77"):
        broker.start()


def test_a_broker_that_is_late_is_stopped_and_said_so(tmp_path: Path) -> None:
    with stopped_at_the_end(
        EmbeddedBroker(tmp_path, BrokerSettings(start_timeout_s=0.01))
    ) as broker:
        with pytest.raises(BrokerStartError, match=r"did not answer within 0\.01 s"):
            broker.start()

        assert not broker.status().running


def test_another_system_than_linux_is_sent_to_another_kafka(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(BrokerError, match="this is darwin: start docker-compose"):
        EmbeddedBroker(tmp_path, BrokerSettings()).start()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderError, match=r"cannot write in .*file"):
        EmbeddedBroker(tmp_path / "file", BrokerSettings()).start()


def test_a_full_disk_is_refused_before_java_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=3 * 2**20))

    with pytest.raises(FolderError, match="has 3 MiB left and the broker needs 256"):
        EmbeddedBroker(tmp_path, BrokerSettings()).start()


def test_a_start_image_of_something_else_does_no_harm(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.aot"
    foreign.write_bytes(b"not an image" * 1000)
    broker = EmbeddedBroker(
        tmp_path / "home", BrokerSettings(), java_flags=(f"-XX:AOTCache={foreign}",)
    )
    with stopped_at_the_end(broker):
        assert broker.start().ready_s < 10 * SLACK


def test_a_home_with_any_characters_works(tmp_path: Path) -> None:
    home = tmp_path / "été, 日本 & co:1"
    with stopped_at_the_end(EmbeddedBroker(home, BrokerSettings())) as broker:
        broker.start()

        assert (home / "kafka" / "meta.properties").is_file()


def test_java_options_for_other_programs_are_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:NoSuchOption")
    with stopped_at_the_end(EmbeddedBroker(tmp_path, BrokerSettings())) as broker:
        assert broker.start().pid
