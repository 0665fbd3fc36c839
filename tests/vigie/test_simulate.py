"""``vigie simulate`` by hand: it can be steered on the page, and begins by drawing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from producers.settings import SimulatorSettings
from producers.simulator_controls import Controls
from tests.vigie.cli import environment
from tests.waiting import wait_until

SMALL = {
    "VIGIE_PRODUCERS__SIMULATOR__WIDTH": "64",
    "VIGIE_PRODUCERS__SIMULATOR__HEIGHT": "48",
    "VIGIE_PRODUCERS__SIMULATOR__CAMERAS": "1",
}


@contextmanager
def simulating(home: Path, *words: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "simulate", *words],
        env=environment(home, SMALL),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def controls(home: Path) -> Controls:
    return Controls(home / "producers", SimulatorSettings(cameras=1))


def want(home: Path, **changes: object) -> None:
    panel = controls(home)
    panel.change(panel.wish().model_copy(update=changes))


def becomes(home: Path, state: str) -> None:
    wait_until(lambda: controls(home).state(time.time())[0] == state)


def test_who_starts_it_by_hand_gets_images_also_when_the_page_stopped_it_before(tmp_path):
    want(tmp_path, running=False)

    with simulating(tmp_path):
        wait_until(lambda: list(tmp_path.glob("cameras/cabin-1/*.jpg")))


def test_the_page_steers_one_that_was_started_by_hand(tmp_path):
    with simulating(tmp_path):
        becomes(tmp_path, "running")
        want(tmp_path, running=False)
        becomes(tmp_path, "stopped")

    becomes(tmp_path, "absent")


def test_what_the_page_said_last_holds_after_a_new_start(tmp_path):
    want(tmp_path, running=False)

    with simulating(tmp_path, "--follow"):
        becomes(tmp_path, "stopped")

    assert not (tmp_path / "cameras").exists()


def test_a_second_one_waits_for_the_end_of_the_first(tmp_path):
    def pid() -> int | None:
        state, status = controls(tmp_path).state(time.time())
        return status.pid if status and state == "running" else None

    with ExitStack() as first:
        first.enter_context(simulating(tmp_path))
        wait_until(pid)
        before = pid()
        with simulating(tmp_path, "--follow"):
            assert pid() == before
            first.close()
            wait_until(lambda: pid() not in {None, before})
