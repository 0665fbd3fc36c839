"""What the page tells Prometheus: what its operations strip shows, and nothing it does not know."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard.metrics import PageMetrics, add_vitals_routes
from dashboard.operations.report import Report, not_known
from transport.health.vitals import StopFlag, Vitals

KNOWN = Report(100.0, "alive", lag=7, oldest_at=98.0, dead_letters=3).snapshot(100.0)
IDLE = Report(100.0, "absent", lag=0, dead_letters=0).snapshot(100.0)


def made(snapshot=KNOWN, state="up") -> Vitals:
    vitals = Vitals("page", "driver", StopFlag())
    page = PageMetrics(lambda: snapshot, lambda: 42, lambda: state)
    vitals.registry.register(page)
    vitals.ready_when(page.waits_for)
    return vitals


def told(vitals: Vitals) -> list[float | None]:
    names = ("worker_alive", "images_waiting", "oldest_waiting_seconds", "dead_letters")
    return [vitals.registry.get_sample_value(f"vigie_job_{name}") for name in names]


def test_what_the_strip_shows_is_told():
    assert told(made()) == [1, 7, 2.0, 3]


def test_without_a_worker_and_with_nothing_waiting_all_is_zero():
    assert told(made(IDLE)) == [0, 0, 0, 0]


def test_what_is_not_known_is_not_told():
    assert told(made(not_known(0.0))) == [None, None, None, None]


@pytest.mark.parametrize(("state", "status"), [("up", 200), ("loading", 503), ("down", 503)])
def test_ready_when_the_topic_is_read(state, status):
    server = FastAPI()
    add_vitals_routes(server, made(state=state))

    assert TestClient(server).get("/readyz").status_code == status


def test_metrics_are_served_as_text():
    server = FastAPI()
    add_vitals_routes(server, made())
    found = TestClient(server).get("/metrics")

    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\nvigie_page_events 42.0\n" in found.text
