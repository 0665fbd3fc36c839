"""Alive, ready, metrics: what a process answers, and to whom."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from prometheus_client import Counter

from schemas.errors import ConfigurationError
from transport.health.answers import reply
from transport.health.server import AT_ONCE, serving
from transport.health.settings import MetricsSettings
from transport.health.vitals import ALIVE_S, StopFlag, Vitals


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stop(clock: Clock) -> StopFlag:
    return StopFlag(clock)


@pytest.fixture
def vitals(stop: StopFlag) -> Vitals:
    return Vitals("worker", "driver", stop)


@contextmanager
def asking(vitals: Vitals, **settings) -> Iterator[http.client.HTTPConnection]:
    with serving(vitals, MetricsSettings(port=0, **settings)) as address:
        place = urlsplit(address or "")
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        yield connection
        connection.close()


def test_a_loop_that_asks_whether_to_stop_is_alive(clock, stop, vitals):
    clock.now = 10 * ALIVE_S
    stop.is_set()

    assert reply("/healthz", vitals).status == 200


def test_a_loop_that_waits_on_its_stop_flag_is_alive_afterwards(clock, stop, vitals):
    clock.now = 10 * ALIVE_S
    stop.wait(0)

    assert reply("/healthz", vitals).status == 200


def test_a_loop_that_hangs_is_not(clock, vitals):
    clock.now = ALIVE_S + 1

    assert reply("/healthz", vitals).status == 503


def test_a_flag_that_is_set_stops_whoever_asks(stop):
    stop.set()

    assert (stop.is_set(), stop.wait(0)) == (True, True)


def test_ready_says_what_is_waited_for(vitals):
    vitals.waits("Kafka")
    found = reply("/readyz", vitals)

    assert (found.status, json.loads(found.body)) == (503, {"ready": False, "waits_for": "Kafka"})


def test_ready_when_nothing_is_missing(vitals):
    vitals.waits(None)
    found = reply("/readyz", vitals)

    assert (found.status, json.loads(found.body)) == (200, {"ready": True, "waits_for": None})


def test_metrics_say_which_process_this_is(vitals):
    text = reply("/metrics", vitals).body.decode()

    assert 'vigie_process_info{role="worker",version="' in text
    assert "\nvigie_ready 0.0\n" in text


def test_a_counter_is_one_series(vitals):
    Counter("a", "A.", registry=vitals.registry).inc()

    assert b"a_created" not in reply("/metrics", vitals).body


def test_two_processes_in_one_program_share_no_metric(vitals, stop):
    vitals.waits(None)
    other = Vitals("page", "driver", stop)

    assert b"\nvigie_ready 0.0\n" in reply("/metrics", other).body


def test_nothing_listens_without_a_port(vitals):
    with serving(vitals, MetricsSettings()) as address:
        assert address is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/metrics?name[]=x"])
def test_the_three_paths_are_answered(vitals, path):
    vitals.waits(None)
    with asking(vitals) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()

    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(body) > 0


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../etc/passwd"])
def test_no_other_path_is(vitals, path):
    with asking(vitals) as connection:
        connection.request("GET", path)

        assert connection.getresponse().status == 404


def test_head_gets_no_body(vitals):
    with asking(vitals) as connection:
        connection.request("HEAD", "/metrics")

        assert connection.getresponse().read() == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_is_taken(vitals, method):
    with asking(vitals) as connection:
        connection.request(method, "/metrics")

        assert connection.getresponse().status == 501


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "["])
def test_on_loopback_no_other_name_leads_here(vitals, host):
    with asking(vitals) as connection:
        connection.request("GET", "/metrics", headers={"Host": host})

        assert connection.getresponse().status == 421


def test_a_request_line_without_end_is_refused(vitals):
    with asking(vitals) as connection:
        connection.putrequest("GET", "/" + 70_000 * "x", skip_host=True)
        connection.endheaders()

        assert connection.getresponse().status == 414


def test_too_many_at_once_are_turned_away_and_the_rest_is_served(vitals, monkeypatch):
    monkeypatch.setattr("transport.health.server._Handler.timeout", 60)  # whatever the machine does
    with serving(vitals, MetricsSettings(port=0)) as address:
        place = urlsplit(address or "")
        where = (place.hostname or "", place.port or 0)
        silent = [socket.create_connection(where, 30) for _ in range(AT_ONCE)]
        with socket.create_connection(where, 30) as one_more:
            assert one_more.recv(1) == b""  # hung up on: those before are all being answered
        for each in silent:
            each.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")

        assert [each.recv(15) for each in silent] == AT_ONCE * [b"HTTP/1.0 200 OK"]
        for each in silent:
            each.close()


def test_a_port_in_use_is_a_sentence_with_a_way_out(vitals):
    with (
        serving(vitals, MetricsSettings(port=0)) as address,
        pytest.raises(ConfigurationError, match="VIGIE_METRICS__PORT"),
        serving(vitals, MetricsSettings(port=urlsplit(address or "").port)),
    ):
        pass
