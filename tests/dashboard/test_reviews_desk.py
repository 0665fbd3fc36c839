"""What may be said of which event, over HTTP and without Kafka."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from dashboard.app import Site, create_app
from dashboard.feed.hub import Hub
from dashboard.feed.items import Place, read_item
from dashboard.feed.pictures import Pictures
from dashboard.reviews.desk import LONGEST_NAME, LONGEST_NOTE, ReviewDesk
from dashboard.reviews.routes import BODY_BYTES
from dashboard.reviews.writer import ReviewNotTakenError
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from schemas.codec import decode_review, encode_prediction, encode_review
from schemas.reviews import Review
from storage.images import ImageStore
from tests.dashboard.kit import FAILED, KEYS, START, Kept, prediction, seen

ORIGIN = "http://127.0.0.1:8050"
DRINK = KEYS.index("drink")
OLD, UNREADABLE, FAILURE = Place(0, 1), Place(0, 90), Place(0, 91)
NEWEST = Place(0, 12)


class Topic:
    """A reviews topic in memory, through the codec: what is written is read at once."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.reviews: list[Review] = []
        self.is_there = self.takes = self.is_read = True
        self.beside: Callable[[], object] = lambda: None

    def write(self, review: Review) -> int:
        if not self.takes:
            raise ReviewNotTakenError("Kafka did not take the review.")
        self.beside()
        self.reviews.append(decode_review(encode_review(review)))
        self.hub.review([(self.reviews[-1], 100.0 + len(self.reviews))])
        return len(self.reviews) - 1

    def answers(self) -> bool:
        return self.is_there

    def await_read(self, _offset: int, _within_s: float) -> bool:
        return self.is_read


class Page:
    """A page of three drinking drivers, a failure and an event that cannot be read."""

    def __init__(self, store: ImageStore) -> None:
        self.hub = Hub(100, clock=lambda: 2e9)
        self.topic = Topic(self.hub)
        events = {Place(0, 10 + n): encode_prediction(prediction(n, seen(DRINK))) for n in range(3)}
        events |= {
            UNREADABLE: b"rubbish",
            FAILURE: encode_prediction(prediction(9, FAILED, source="cabin-02")),
        }
        self.hub.open("log")
        self.hub.add(read_item(place, 1000, message) for place, message in events.items())
        self.hub.complete()
        self.hub.reviews_complete()
        messages = Kept({**events, OLD: encode_prediction(prediction(7, seen(DRINK)))})
        numbers = count(1)
        desk = ReviewDesk(
            *("driver", self.hub, messages, KEYS, self.topic.write, self.topic),
            clock=START.timestamp,
            new_id=lambda: f"id-{next(numbers)}",
        )
        pictures = Pictures(store, messages, 1 << 20)
        site = Site(
            *(self.hub, messages, pictures, BEHAVIOURS, DashboardSettings(), "cameras"),
            reviews=desk,
        )
        self.client = TestClient(create_app(site), base_url=ORIGIN)

    def say(self, action: str = "confirm", event: Place = NEWEST, **more: Any) -> Response:
        said = {"reviewer": "Ada", "action": action, "event": str(event), **more}
        return self.client.post("/api/reviews", json=said, headers={"Origin": ORIGIN})

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(path).json()
        return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return ImageStore(tmp_path_factory.mktemp("images"), 1_000_000)


@pytest.fixture
def page(store: ImageStore) -> Page:
    return Page(store)


def test_what_is_said_of_an_event_names_its_image_and_what_the_model_had_said(page: Page) -> None:
    answer = page.say("correct", corrected_to="radio", note="  the hand is at the radio ")
    assert answer.status_code == 201
    assert page.topic.reviews == [
        Review(
            *("id-1", "driver", START, "Ada", "correct", 0, (2,), "cabin-01", "drink"),
            *("infraction", "driver-1", "radio", "the hand is at the radio"),
        )
    ]
    told = answer.json()
    assert (told["review_id"], told["version"], told["card"]["id"]) == ("id-1", 1, "0-12")
    assert (told["card"]["review"]["state"], told["card"]["review"]["label"]) == (
        "corrected",
        "radio",
    )


def test_a_group_is_reviewed_as_one(page: Page) -> None:
    answer = page.say(group=True)
    assert page.topic.reviews[0].source_offsets == (0, 1, 2)
    assert (answer.json()["card"]["review"]["done"], answer.json()["card"]["review"]["of"]) == (
        3,
        3,
    )
    single = page.get("/api/events/0-11")
    assert single["card"]["review"]["of"] == 1
    assert [(one["action"], one["events"]) for one in single["reviews"]] == [("confirm", 3)]


def test_an_event_that_left_the_window_is_reviewed_by_its_place(page: Page) -> None:
    answer = page.say(event=OLD, group=True)
    assert page.topic.reviews[0].source_offsets == (7,)
    assert answer.json()["card"]["review"]["state"] == "confirmed"
    assert page.get("/api/events/0-1")["card"]["review"]["state"] == "confirmed"


def test_an_undo_gives_back_what_stood_before_and_stays_in_the_history(page: Page) -> None:
    page.say(reviewer="Ben")
    page.say("false_positive")
    card = page.say("undo", undoes="id-2").json()["card"]
    assert (card["review"]["state"], card["review"]["by"]) == ("confirmed", "Ben")
    told = page.get("/api/events/0-12")["reviews"]
    assert [(one["id"], one["action"], one["undone"]) for one in told] == [
        ("id-3", "undo", False),
        ("id-2", "false_positive", True),
        ("id-1", "confirm", False),
    ]


def test_a_failure_takes_a_note_alone(page: Page) -> None:
    assert page.say(event=FAILURE).status_code == 400
    card = page.say("note", FAILURE, note="the cable was loose").json()["card"]
    assert (card["review"]["state"], card["review"]["note"]) == ("", "the cable was loose")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"action": "like"}, "'like' is no action"),
        ({"reviewer": " "}, "0 characters; it must have 1 to 80"),
        ({"reviewer": "x" * (LONGEST_NAME + 1)}, "81 characters"),
        ({"action": "note"}, "The note is empty"),
        ({"action": "note", "note": "x" * (LONGEST_NOTE + 1)}, "2001 characters; it may have 2000"),
        ({"action": "correct"}, "'' is no class of driver"),
        ({"action": "correct", "corrected_to": "fly"}, "'fly' is no class of driver"),
        ({"action": "correct", "corrected_to": "drink"}, "confirm it"),
        ({"action": "undo"}, "There is no review ''"),
        ({"action": "undo", "undoes": "id-9"}, "There is no review 'id-9'"),
        ({"event": str(UNREADABLE)}, "cannot be read"),
        ({"event": 3}, "'event' is not as it must be"),
        ({"sorry": "x"}, "'sorry' is not as it must be"),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_sentence(
    page: Page, said: dict[str, Any], words: str
) -> None:
    whole = {"reviewer": "Ada", "action": "confirm", "event": str(NEWEST), **said}
    answer = page.client.post("/api/reviews", json=whole, headers={"Origin": ORIGIN})
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert page.topic.reviews == []


@pytest.mark.parametrize("event", ["0-99", "x", "", "9-9"])
def test_an_event_that_is_not_there_is_not_found(page: Page, event: str) -> None:
    answer = page.client.post(
        "/api/reviews",
        json={"reviewer": "Ada", "action": "confirm", "event": event},
        headers={"Origin": ORIGIN},
    )
    assert answer.status_code == 404


def test_what_is_undone_is_not_undone_again_and_an_undo_stays(page: Page) -> None:
    page.say()
    page.say("undo", undoes="id-1")
    assert page.say("undo", undoes="id-1").status_code == 409
    assert page.say("undo", undoes="id-2").status_code == 409
    assert len(page.topic.reviews) == 2


def test_who_undoes_second_in_a_race_is_told_so(page: Page) -> None:
    page.say()
    racing = Review(
        *("other", "driver", START, "Ben", "undo", 0, (2,), "cabin-01", "drink"),
        *("infraction", "driver-1"),
        undoes="id-1",
    )
    page.topic.beside = lambda: page.hub.review([(racing, 101.5)])
    assert page.say("undo", undoes="id-1").status_code == 409


def test_a_broker_that_is_away_is_said_at_once_and_nothing_is_written(page: Page) -> None:
    page.topic.is_there = False
    answer = page.say()
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka_away")
    assert page.topic.reviews == []


def test_a_broker_that_takes_nothing_is_said(page: Page) -> None:
    page.topic.takes = False
    assert page.say().status_code == 503
    assert page.hub.ledger.version == 0


def test_a_review_that_was_not_read_back_is_told_to_be_recorded(page: Page) -> None:
    page.topic.is_read = False
    answer = page.say()
    assert answer.status_code == 504
    assert "is recorded at offset 0" in answer.json()["error"]


@pytest.mark.parametrize("origin", ["http://elsewhere.example", None])
def test_another_sites_page_cannot_speak(page: Page, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    assert page.client.post("/api/reviews", json={}, headers=headers).status_code == 403


def test_a_body_that_is_too_large_is_not_read(page: Page) -> None:
    body = b" " * (BODY_BYTES + 1)
    answer = page.client.post("/api/reviews", content=body, headers={"Origin": ORIGIN})
    assert answer.status_code == 413


def test_the_longest_note_fits_however_it_is_written(page: Page) -> None:
    note = "\\ud83d\\ude00" * LONGEST_NOTE
    body = f'{{"reviewer": "Ada", "action": "note", "event": "{NEWEST}", "note": "{note}"}}'
    answer = page.client.post("/api/reviews", content=body, headers={"Origin": ORIGIN})
    assert answer.status_code == 201
    assert page.topic.reviews[0].note == "\N{GRINNING FACE}" * LONGEST_NOTE


def test_pages_are_told_what_changed(page: Page) -> None:
    page.say()
    assert page.get("/api/feed")["pulse"]["reviews"] == 1
    found = page.get("/api/reviews?since=0&query=%3Freview%3Dopen")
    assert (found["version"], found["reset"]) == (1, False)
    assert [card["id"] for card in found["cards"]] == ["0-12", "0-12"]
    assert found["left"] == {"events": 2, "of": 3}
    for nonsense in ("", "-1", "x", "7", "9" * 30):
        assert page.get(f"/api/reviews?since={nonsense}")["reset"]
