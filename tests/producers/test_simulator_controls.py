import json
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.errors import PublishError
from producers.settings import SimulatorSettings
from producers.simulator_controls import ALIVE_S, Controls, Status, Wish
from schemas.errors import ConfigurationError

wishes = st.builds(
    Wish,
    running=st.booleans(),
    cameras=st.integers(1, 16),
    rate=st.floats(0.01, 30),
    behaviour=st.none() | st.integers(0, 9),
)


@pytest.fixture
def controls(tmp_path: Path) -> Controls:
    return Controls(tmp_path, SimulatorSettings(cameras=3, rate=2.0))


def test_while_nobody_wished_anything_the_cameras_run_as_set(controls: Controls) -> None:
    assert controls.wish() == Wish(running=True, cameras=3, rate=2.0, behaviour=None)


@given(wish=wishes)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_wish_is_read_as_it_was_written(controls: Controls, wish: Wish) -> None:
    controls.change(wish)
    assert controls.wish() == wish


def test_what_the_page_left_as_set_follows_the_settings(controls: Controls, tmp_path: Path) -> None:
    controls.change(controls.as_set.model_copy(update={"running": False}))
    set_anew = Controls(tmp_path, SimulatorSettings(cameras=1, rate=5.0))
    assert set_anew.wish() == Wish(running=False, cameras=1, rate=5.0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"rate": 31}', "rate is 31, but input should be less than or equal to 30"),
        (b'{"rate": NaN}', "rate is nan"),
        (b'{"cameras": 0}', "cameras is 0"),
        (b'{"behaviour": 10}', "behaviour is 10"),
        (b'{"running": "yes"}', "running is 'yes'"),
        (b'{"evil": 1}', "no field 'evil', only running, cameras, rate, behaviour"),
        (b" " * 5000, "4,096 bytes"),
    ],
)
def test_a_wish_that_may_not_be_is_refused_with_the_file_s_name(
    controls: Controls, tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "simulator.json").write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        controls.wish()
    assert str(tmp_path / "simulator.json") in str(refused.value)
    assert why in str(refused.value)
    assert "Delete it" in str(refused.value)


def test_a_status_counts_as_long_as_it_is_fresh(controls: Controls) -> None:
    controls.tell(Status(pid=1, at=100.0, running=True, last_image_at=99.0))
    assert controls.state(100.0 + ALIVE_S - 0.1)[0] == "running"
    assert controls.state(100.0 + ALIVE_S)[0] == "absent"
    controls.tell(Status(pid=1, at=100.0, running=False))
    assert controls.state(100.0)[0] == "stopped"


@pytest.mark.parametrize("content", ["", "{}", '{"pid": 1}', json.dumps({"pid": 1, "at": "now"})])
def test_a_status_that_cannot_be_read_is_that_of_none(
    controls: Controls, tmp_path: Path, content: str
) -> None:
    (tmp_path / "simulator-status.json").write_text(content)
    assert controls.state(0.0) == ("absent", None)


def test_two_simulators_do_not_work_at_the_same_time(controls: Controls) -> None:
    stop = threading.Event()
    stop.set()
    with controls.held(threading.Event()) as first, controls.held(stop) as second:
        assert (first, second) == (True, False)


def test_who_ends_takes_the_status_along(controls: Controls) -> None:
    with controls.held(threading.Event()):
        controls.tell(Status(pid=1, at=0.0, running=True))
    assert controls.state(0.0) == ("absent", None)


def test_a_folder_that_cannot_be_written_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no folder")
    controls = Controls(tmp_path / "file", SimulatorSettings())
    with pytest.raises(PublishError, match="Free disk space"):
        controls.change(controls.as_set.model_copy(update={"running": False}))
