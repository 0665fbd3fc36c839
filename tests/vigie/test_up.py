"""``vigie up`` on a real broker: one link, predictions, one at a time, and nothing left behind."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from schemas.errors import EXIT_CONFIGURATION
from schemas.events import Classification
from tests.vigie.cli import vigie
from tests.vigie.running import Up, start_up
from tests.waiting import wait_until
from transport.broker import Running


def start(home: Path, *words: str) -> Up:
    """With one simulated camera."""
    return start_up(home, *words, VIGIE_PRODUCERS__SIMULATOR__CAMERAS="1")


@pytest.fixture(scope="module")
def home(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder; the broker of the run has shown before that its jars can be had."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def up(home: Path) -> Iterator[Up]:
    """The first start; a later test ends it."""
    running = start(home)
    everything = [psutil.Process(running.process.pid), *running.family()]
    yield running
    for process in everything:
        if process.is_running():
            process.kill()


def test_the_link_answers(up):
    answer = httpx.get(up.link)

    assert (answer.status_code, "Vigie" in answer.text) == (200, True)


def test_images_of_the_simulated_camera_are_judged(up):
    wait_until(lambda: len(up.predictions()) >= 2)

    assert all(isinstance(outcome, Classification) for outcome in up.predictions())


def test_a_second_one_on_the_same_home_is_refused_and_names_the_first(up, home):
    finished = vigie(home, "up")

    assert finished.returncode == EXIT_CONFIGURATION
    assert f"process {up.process.pid}" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_killed_worker_is_back_and_goes_on(up):
    worker = up.member("infer driver")
    before = len(up.predictions())
    worker.kill()
    wait_until(lambda: not worker.is_running())

    wait_until(lambda: up.member("infer driver").pid != worker.pid, 5.0)
    wait_until(lambda: len(up.predictions()) >= before + 3)


def test_other_commands_find_the_broker_by_themselves(up, home):
    finished = vigie(home, "verify", "driver", "--sample", "1", "--json")

    assert (finished.returncode, '"offence": null' in finished.stdout) == (0, True)


def test_ctrl_c_ends_everything_in_order(up):
    family = up.family()
    began = time.monotonic()

    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(timeout=20) == 0
    assert time.monotonic() - began < 10
    assert [process for process in family if process.is_running()] == []


def test_the_next_start_has_the_same_history_and_kill_9_leaves_nothing(up, home):
    again = start(home)
    family = again.family()
    before = up.predictions()
    again.process.kill()
    again.process.wait()

    _, alive = psutil.wait_procs(family, timeout=10)

    for process in alive:
        process.kill()
    assert alive == []
    assert len(before) >= 5


def test_without_simulation_the_cameras_wait_for_the_page_to_start_them(up, home):
    again = start(home, "--no-simulate")
    address = f"{again.link}/api/simulator"
    try:
        wait_until(lambda: httpx.get(address).json()["state"] == "stopped")
        wish = httpx.get(address).json()["wish"] | {"running": True}

        answer = httpx.post(address, json=wish, headers={"origin": again.link})

        assert answer.status_code == 200
        wait_until(lambda: httpx.get(address).json()["state"] == "running")
    finally:
        again.process.send_signal(signal.SIGINT)
        again.process.wait(timeout=20)


def test_a_port_in_use_is_one_sentence(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        finished = vigie(home, "up", "--port", str(port))

    assert finished.returncode == EXIT_CONFIGURATION
    assert f"Port {port} is in use" in finished.stderr
    assert "--port" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "home").write_text("a file stands where the folder should be")

    finished = vigie(tmp_path, "--home", str(tmp_path / "home"), "up")

    assert finished.returncode == EXIT_CONFIGURATION
    assert "VIGIE_HOME" in finished.stderr
    assert finished.stderr.count("\n") == 1
