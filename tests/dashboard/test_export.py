"""The events as a file: what stands in it, and what a spreadsheet may not run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dashboard.feed.filters import EVERYTHING, FeedFilter
from dashboard.feed.hub import Hub
from dashboard.guard import answer_refusals
from dashboard.reviews.export import AT_ONCE, COLUMNS, Row, add_export_route, as_csv, file_name
from tests.dashboard.kit import FAILED, item, seen
from tests.dashboard.reviewing import review

NONE = np.empty((0, 3), np.int64)
NOW = 1795248000.0  # 2026-11-21 08:00:00 UTC


@pytest.fixture
def hub() -> Hub:
    hub = Hub(1000, clock=lambda: NOW)
    hub.open("log")
    hub.add([item(0, seen(4)), item(1, FAILED), item(2, seen(1), source='=cmd|"x"')])
    hub.review(
        [
            (review("1", "correct", (0,), corrected_to="safe"), NOW),
            (review("2", "note", (0,), note="-2+3\nsecond line"), NOW + 1),
        ]
    )
    return hub


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    server = FastAPI()
    answer_refusals(server)
    add_export_route(server, hub, "driver", lambda: NOW)
    with TestClient(server) as client:
        yield client


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_table_holds_events_and_reviews_newest_first(client: TestClient) -> None:
    answer = client.get("/api/export")
    assert answer.content.startswith(b"\xef\xbb\xbftime,camera,")
    assert answer.text.count("\r\n") == 4
    newest, failed, oldest = read(answer.text)
    assert newest["camera"] == '\'=cmd|"x"'
    assert (failed["severity"], failed["confidence"], failed["reason"]) == (
        *("failure", ""),
        FAILED.reason,
    )
    assert oldest == {
        "time": "2026-11-21T08:00:00.000+00:00",
        "camera": "cabin-01",
        "severity": "infraction",
        "class": "phone-left",
        "confidence": "0.91",
        "reason": "",
        "model": "driver-1",
        "image_sha256": "a" * 64,
        "place": "0-0",
        "review": "corrected",
        "corrected_to": "safe",
        "reviewer": "Ada",
        "reviewed_at": "2026-11-21T08:00:00.000+00:00",
        "note": "'-2+3\nsecond line",
    }


def test_the_same_as_json_keeps_every_text_as_it_is(client: TestClient) -> None:
    answer = client.get("/api/export?format=json")
    found = json.loads(answer.content)
    assert [list(row) for row in found] == [list(COLUMNS)] * 3
    assert (found[0]["camera"], found[2]["note"]) == ('=cmd|"x"', "-2+3\nsecond line")
    assert (found[1]["confidence"], found[2]["confidence"]) == (None, 0.91)


def test_the_filter_decides_what_is_in_it(client: TestClient) -> None:
    assert [row["place"] for row in read(client.get("/api/export?query=review%3Dopen").text)] == [
        "0-4"
    ]
    nothing = client.get("/api/export?query=source%3Dnobody&format=json")
    assert json.loads(nothing.content) == []


def test_a_format_that_is_none_is_refused(client: TestClient) -> None:
    answer = client.get("/api/export?format=xlsx")
    assert answer.status_code == 400
    assert "'xlsx' is no format" in answer.json()["error"]


def test_it_is_a_file_to_be_kept_and_not_opened(client: TestClient) -> None:
    headers = client.get("/api/export").headers
    assert headers["content-disposition"] == (
        'attachment; filename="vigie-driver-20261121T080000Z-20261121T080002Z.csv"'
    )
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (FeedFilter(last=3600), "vigie-driver-20261121T070000Z-20261121T080000Z"),
        (FeedFilter(start=0, end=60), "vigie-driver-19700101T000000Z-19700101T000100Z"),
        (EVERYTHING, "vigie-driver-20261121T080000Z"),
    ],
)
def test_the_name_says_the_job_and_the_period(wanted: FeedFilter, name: str) -> None:
    assert file_name("driver", wanted, NONE, NOW) == name


def test_a_name_has_only_signs_that_every_file_system_takes() -> None:
    name = file_name('../"x\r\n/é', EVERYTHING, np.zeros((1, 3), np.int64), NOW)
    assert name == "vigie-..-x--19700101T000000Z-19700101T000000Z"


def test_a_period_beyond_all_calendars_is_named_too() -> None:
    period = FeedFilter(start=1 << 40, end=1 << 40)
    assert (
        file_name("driver", period, NONE, NOW) == "vigie-driver-99991231T000000Z-99991231T000000Z"
    )
    always = FeedFilter(last=1 << 40)
    assert (
        file_name("driver", always, NONE, NOW) == "vigie-driver-19700101T000000Z-20261121T080000Z"
    )


def test_it_is_written_some_at_a_time_without_what_is_let_go_meanwhile() -> None:
    hub = Hub(AT_ONCE * 2, clock=lambda: NOW)
    hub.open("log")
    hub.add(item(n) for n in range(AT_ONCE * 2))
    server = FastAPI()
    add_export_route(server, hub, "driver", lambda: NOW)
    orders = hub.orders(EVERYTHING)
    hub.add([item(AT_ONCE * 2)])
    assert len(orders) == AT_ONCE * 2
    assert len(hub.items(orders)) == AT_ONCE * 2 - 1
    with TestClient(server) as client:
        assert len(read(client.get("/api/export").text)) == AT_ONCE * 2


@settings(deadline=None)
@given(st.text())
def test_no_text_begins_as_a_formula_and_every_text_comes_back(text: str) -> None:
    row: Row = dict.fromkeys(COLUMNS, text) | {"confidence": -0.5}
    made = b"".join(as_csv(iter([[row]]))).decode()
    (found,) = read(made)
    assert found["confidence"] == "-0.5"
    assert not found["camera"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert found["camera"].removeprefix("'") == text.removeprefix("'")
