import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.errors import PublishError
from producers.settings import SimulatorSettings
from producers.simulator import Truth
from producers.simulator_controls import Controls
from producers.simulator_service import follow
from tests.waiting import wait_until

SETTINGS = SimulatorSettings(cameras=1, rate=20, keep=1000, width=64, height=48)


class Following:
    """Simulated cameras that follow their controls, on a thread."""

    def __init__(self, folder: Path) -> None:
        self.controls = Controls(folder / "controls", SETTINGS)
        self.wish_file = folder / "controls" / "simulator.json"
        self.cameras = folder / "cameras"
        self.truths: list[Truth] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        follow(
            self.cameras,
            self.controls,
            settings=SETTINGS,
            stop=self._stop,
            on_written=self.truths.append,
            clock=lambda: 1000.0,
        )

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def want(self, **changes: object) -> None:
        self.controls.change(self.controls.as_set.model_copy(update=changes))

    def becomes(self, state: str) -> None:
        wait_until(lambda: self.controls.state(1000.0)[0] == state)

    def draws(self, behaviour: int) -> None:
        wait_until(lambda: bool(self.truths) and self.truths[-1].behaviour == behaviour)


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    made = Following(tmp_path)
    yield made
    made.end()


def test_cameras_stop_and_start_as_the_controls_say(following: Following) -> None:
    following.start()
    following.becomes("running")
    following.want(running=False)
    following.becomes("stopped")
    drawn = len(following.truths)
    following.want(running=True, behaviour=7)
    following.becomes("running")
    wait_until(lambda: len(following.truths) > drawn)  # the last before may have been a 7, too
    assert {truth.behaviour for truth in following.truths[drawn:]} == {7}


def test_a_change_of_cameras_holds_at_once_and_the_numbers_go_on(following: Following) -> None:
    following.start()
    wait_until(lambda: len(following.truths) >= 2)
    following.want(cameras=2, behaviour=3)
    wait_until(lambda: any("cabin-2" in str(truth.path) for truth in following.truths))
    names = [truth.path for truth in following.truths]
    assert len(set(names)) == len(names)


def test_a_wish_that_cannot_be_read_stops_them_until_it_can(following: Following) -> None:
    following.start()
    following.becomes("running")
    following.wish_file.write_text('{"rate": 1e9}')
    following.becomes("stopped")
    following.want(running=True)
    following.becomes("running")


def test_who_starts_stopped_draws_nothing(following: Following) -> None:
    following.want(running=False)
    following.start()
    following.becomes("stopped")
    assert not following.cameras.exists()


def test_the_status_tells_when_the_last_image_came(following: Following) -> None:
    following.start()

    def told() -> bool:
        _, status = following.controls.state(1000.0)
        return status is not None and status.last_image_at == 1000.0

    following.want(behaviour=1)
    following.draws(1)
    following.want(running=False)  # a change is told at once, not with the next heartbeat
    wait_until(told)


def test_a_folder_that_cannot_be_written_ends_them_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "cameras").write_bytes(b"a file")
    controls = Controls(tmp_path / "controls", SETTINGS)
    with pytest.raises(PublishError, match="Free disk space"):
        follow(tmp_path / "cameras", controls, settings=SETTINGS, stop=threading.Event())
