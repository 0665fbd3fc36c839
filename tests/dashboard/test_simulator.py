"""The simulated cameras as the page is told of them and steers them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard import guard
from dashboard.trial.simulator import add_simulator_routes
from producers.settings import SimulatorSettings
from producers.simulator_controls import Controls, Status

ORIGIN = "http://127.0.0.1:8050"
NOW = 1000.0
WISH = {"running": False, "cameras": 4, "rate": 5, "behaviour": 2}


@pytest.fixture
def controls(tmp_path: Path) -> Controls:
    return Controls(tmp_path, SimulatorSettings())


@pytest.fixture
def client(controls: Controls) -> TestClient:
    server = FastAPI()
    guard.answer_refusals(server)
    add_simulator_routes(server, controls, lambda: NOW)
    return TestClient(server, base_url=ORIGIN, headers={"origin": ORIGIN})


def test_what_is_wanted_and_what_is_are_both_told(client: TestClient, controls: Controls) -> None:
    controls.tell(Status(pid=1, at=NOW - 1, running=True, last_image_at=NOW - 1.5))
    assert client.get("/api/simulator").json() == {
        "state": "running",
        "wish": {"running": True, "cameras": 2, "rate": 1.0, "behaviour": None},
        "age_s": 1.5,
        "trouble": "",
    }


def test_without_a_simulator_the_page_learns_that_there_is_none(client: TestClient) -> None:
    answer = client.get("/api/simulator").json()
    assert (answer["state"], answer["age_s"]) == ("absent", None)


def test_a_change_is_kept(client: TestClient, controls: Controls) -> None:
    answer = client.post("/api/simulator", json=WISH)
    assert (answer.status_code, answer.json()["wish"]) == (200, WISH)
    assert controls.wish().model_dump() == WISH


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "it is not JSON"),
        (b"[]", "it is"),
        (b'{"cameras": 17, "rate": 1}', "cameras is 17, but input should be less than or equal"),
        (b'{"cameras": 1, "rate": 0}', "rate is 0"),
        (b'{"cameras": 1, "rate": 1, "folder": "/etc"}', "no field 'folder'"),
        (b'{"cameras": 1, "rate": 1, "behaviour": "3"}', "behaviour is '3'"),
    ],
)
def test_a_wrong_change_is_refused_in_one_sentence(
    client: TestClient, controls: Controls, body: bytes, why: str
) -> None:
    answer = client.post("/api/simulator", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value")
    assert why in answer.json()["error"]
    assert controls.wish() == controls.as_set


def test_a_long_change_is_not_read(client: TestClient) -> None:
    assert client.post("/api/simulator", content=bytes(5000)).status_code == 413


@pytest.mark.parametrize("origin", ["http://evil.example", ""])
def test_another_site_s_page_changes_nothing(
    client: TestClient, controls: Controls, origin: str
) -> None:
    answer = client.post("/api/simulator", json=WISH, headers={"origin": origin})
    assert answer.status_code == 403
    assert controls.wish() == controls.as_set


def test_a_file_that_may_not_be_is_told_and_mended_by_the_next_change(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "simulator.json").write_text('{"rate": -1}')
    answer = client.get("/api/simulator").json()
    assert str(tmp_path / "simulator.json") in answer["trouble"]
    assert not answer["wish"]["running"]
    assert client.post("/api/simulator", json=WISH).json()["trouble"] == ""


def test_a_disk_that_takes_nothing_is_said(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "simulator.json").mkdir()
    answer = client.post("/api/simulator", json=WISH)
    assert (answer.status_code, answer.json()["code"]) == (503, "publish_failed")
