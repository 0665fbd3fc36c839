"""The feed's routes with a real archive behind them: what is told of events that left memory."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from dashboard.app import Site, create_app
from dashboard.feed import archive as archive_module
from dashboard.feed.archive import AT_ONCE, REST_S, Archive, NoArchiveError
from dashboard.feed.hub import Hub
from dashboard.feed.items import Place, read_item
from dashboard.feed.past import Past
from dashboard.feed.pictures import Pictures
from dashboard.reviews.desk import ReviewDesk
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from schemas.reviews import Review
from storage.database.engine import FILE_NAME, Database, open_to_read
from storage.database.errors import AwayError
from storage.database.retention import forget_subject
from storage.database.settings import DatabaseSettings
from storage.images import ImageStore
from tests.dashboard.archiving import archive
from tests.dashboard.kit import FAILED, KEYS, START, Kept, prediction, seen
from tests.dashboard.reviewing import review
from tests.storage.databases import opened
from transport.topics import JobTopics

ORIGIN = "http://127.0.0.1:8050"
DRINK = KEYS.index("drink")
HELD = 10
"""Of twenty events; the topic has deleted the first five."""


def made(n: int) -> Any:
    return prediction(n, FAILED if n == 3 else seen(DRINK, 0.4 + n / 50, abstained=n == 4))


@dataclass
class Page:
    """The page of a topic with twenty events, of which it remembers ten."""

    home: Path
    hub: Hub = field(init=False)
    reviews: list[Review] = field(default_factory=list)

    def __post_init__(self) -> None:
        events = {Place(0, n): made(n) for n in range(20)}
        self.hub = Hub(HELD, clock=lambda: 2e9)
        self.hub.open("now")
        for place, one in events.items():
            message = encode_prediction(one)
            appended_ms = int(one.finished_at.timestamp() * 1000)
            self.hub.add([read_item(place, appended_ms, message)])
        self.hub.complete()
        self.hub.reviews_complete()
        kept = Kept({p: encode_prediction(one) for p, one in events.items() if p.offset >= 5})
        asked = Archive(partial(open_to_read, DatabaseSettings(), self.home))
        past = Past(self.hub, asked, "driver", JobTopics("driver").predictions, lambda: 2e9)
        desk = ReviewDesk("driver", self.hub, kept, KEYS, self._write, self, past=past)
        pictures = Pictures(ImageStore(self.home / "images", 1000), kept, 1000)
        site = Site(
            *(self.hub, kept, pictures, BEHAVIOURS, DashboardSettings(), "cameras"),
            reviews=desk,
            past=past,
        )
        self.client = TestClient(create_app(site), base_url=ORIGIN)

    def _write(self, one: Review) -> int:
        self.reviews.append(one)
        self.hub.review([(one, 100.0)])
        return len(self.reviews) - 1

    def answers(self) -> bool:
        return True

    def await_read(self, _offset: int, _within_s: float) -> bool:
        return True

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def archived(self, query: str = "") -> dict[str, Any]:
        """The first page of the archive, as a page comes to it."""
        last = self.get(f"/api/events?query={query}")
        assert last["older"]
        return self.get(f"/api/events?query={query}&seam={last['seam']}")

    def say(self, event: str) -> Any:
        said = {"reviewer": "Ada", "action": "confirm", "event": event}
        return self.client.post("/api/reviews", json=said, headers={"Origin": ORIGIN})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of an earlier topic, and of the first fifteen events of the one of now."""
    home = tmp_path_factory.mktemp("home")
    earlier = {
        Place(0, 8 + n): prediction(n, seen(1), at=START - timedelta(hours=1, seconds=-n))
        for n in range(3)
    }
    with opened(DatabaseSettings(), home) as database:
        archive(database, "driver", "before", earlier)
        archive(database, "driver", "now", {Place(0, n): made(n) for n in range(15)})
    return home


@pytest.fixture
def page(template: Path, tmp_path: Path) -> Page:
    shutil.copy(template / FILE_NAME, tmp_path)
    return Page(tmp_path)


def ids(page: dict[str, Any]) -> list[str]:
    return [card["id"] for card in page["cards"]]


def test_the_archive_begins_where_memory_ends(page: Page) -> None:
    newest = page.get("/api/events?query=?flat=1")
    assert ids(newest) == [f"0-{n}" for n in range(19, 9, -1)]
    assert newest["seam"] == "now/0-10"
    found = page.archived("?flat=1")
    assert [card["at"] for card in found["cards"][:10]] == [
        made(n).finished_at.timestamp() for n in range(9, -1, -1)
    ]
    assert len(found["cards"]) == 13
    assert (found["older"], found["archive"]) == (False, "up")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?severity=failure", 1),
        ("?severity=check", 1),
        ("?behaviour=drink", 9),
        ("?behaviour=drink%26behaviour=reach-behind", 9),
        ("?behaviour=phone-left%26behaviour=drink", 9),
        ("?source=nobody", 0),
        ("?reason=image_truncated", 1),
        ("?confidence=40-49", 4),  # from 0.40 to 0.48, but for the failure
        ("?from=1795248005", 5),
        ("?to=1795248005%26severity=infraction", 6),
        ("?last=60", 0),
    ],
)
def test_filters_mean_the_same_in_the_archive(page: Page, query: str, count: int) -> None:
    assert START.timestamp() == 1795248000
    assert len(page.archived(query)["cards"]) == count


MANY = "%26".join(f"behaviour={n}" for n in range(51))


@pytest.mark.parametrize("query", ["?review=open", f"?{MANY}"])
def test_what_the_archive_cannot_be_asked_ends_the_feed(page: Page, query: str) -> None:
    found = page.archived(query)
    assert (found["cards"], found["older"], found["archive"]) == ([], False, "filter")


def test_an_archived_event_has_its_heat_maps_while_the_topic_has_it(page: Page) -> None:
    card = page.archived()["cards"][0]
    told = page.get(f"/api/events/{card['id']}")
    assert told["card"]["id"] == card["id"]
    assert len(told["classes"]) == 10
    assert told["card"]["heat"].startswith("0-9-")
    assert "archived" not in told


def test_an_event_that_the_topic_has_deleted_is_told_from_its_row(page: Page) -> None:
    card = page.archived()["cards"][5]
    told = page.get(f"/api/events/{card['id']}")
    assert (told["archived"], told["classes"], told["doubts"]) == ("gone", [], ["abstained"])
    assert told["facts"]["reference_id"] == "reference-4"
    assert told["raw"]["severity"] == "check"
    page.hub.kafka_answers(False)
    assert page.get(f"/api/events/{card['id']}")["archived"] == "away"
    assert page.get("/api/events/0-4")["card"] == card  # a link from when the topic had it
    assert page.client.get("/api/events/0-400").status_code == 404
    assert page.client.get("/api/events/a1-1").status_code == 404


def test_an_event_of_an_earlier_topic_is_never_taken_for_one_of_this(page: Page) -> None:
    card = page.archived()["cards"][-1]  # the place 0-8, where the topic of now has a drink
    told = page.get(f"/api/events/{card['id']}")
    assert (told["card"]["label"], told["archived"]) == (KEYS[1], "gone")
    assert "of" not in card
    refused = page.say(card["id"])
    assert (refused.status_code, refused.json()["code"]) == (400, "wrong_review")
    page.hub.review([(review("r", offsets=(0,)), 1.0)])
    assert page.archived()["cards"][-1]["review"] is None


def test_an_archived_event_is_reviewed_by_the_place_of_its_image(page: Page) -> None:
    card = page.archived()["cards"][5]
    before = page.get("/api/reviews")["version"]
    assert page.say(card["id"]).status_code == 201
    assert page.reviews[0].source_offsets == (4,)
    assert page.archived()["cards"][5]["review"]["by"] == "Ada"
    assert [one["action"] for one in page.get(f"/api/events/{card['id']}")["reviews"]] == [
        "confirm"
    ]
    changed = page.get(f"/api/reviews?since={before}")
    assert [one["of"] for one in changed["beyond"]] == [card["of"]] == ["0-4"]
    assert changed["beyond"][0]["review"]["state"] == "confirmed"
    assert page.say("a1-1").status_code == 404


def test_a_moment_before_all_memory_is_looked_up_in_the_archive(page: Page) -> None:
    found = page.get(f"/api/events?at={START.timestamp() + 4}")
    assert [card["at"] - START.timestamp() for card in found["cards"][:2]] == [4, 3]
    assert found["newer"]
    up = page.get(f"/api/events?query=?flat=1&after={found['cards'][0]['id']}")
    assert [card["at"] - START.timestamp() for card in up["cards"]] == [9, 8, 7, 6, 5]
    top = page.get(f"/api/events?query=?flat=1&after={up['cards'][0]['id']}")
    assert ids(top) == [f"0-{n}" for n in range(19, 9, -1)]
    assert not top["newer"]


def test_who_was_forgotten_is_in_the_archive_no_more(page: Page) -> None:
    with opened(DatabaseSettings(), page.home) as database:
        kept = page.archived()["cards"]
        with database.writing() as connection:
            connection.execute(text("UPDATE events SET subject = 'p-1' WHERE topic_offset < 5"))
        forget_subject(database, "driver", "p-1")
    assert len(page.archived()["cards"]) == len(kept) - 5
    assert page.client.get(f"/api/events/{kept[5]['id']}").status_code == 404


def test_without_a_file_there_is_no_archive_and_none_is_made(page: Page) -> None:
    (page.home / FILE_NAME).unlink()
    found = page.archived()
    assert (found["cards"], found["older"], found["archive"]) == ([], False, "none")
    assert page.client.get("/api/events/0-1").status_code == 404
    assert page.get("/api/events?after=a1-0")["cards"]
    assert not (page.home / FILE_NAME).exists()


def test_an_archive_that_lags_behind_memory_ends_the_feed(page: Page) -> None:
    page.hub.add([read_item(Place(0, 20 + n), 30000 + n, b"") for n in range(6)])
    found = page.archived()
    assert (found["cards"], found["older"], found["archive"]) == ([], False, "behind")


def test_tables_of_another_version_are_left_alone(page: Page) -> None:
    with opened(DatabaseSettings(), page.home) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert page.archived()["archive"] == "other"


def test_an_archive_that_does_not_answer_is_said_and_left_alone_for_a_while(page: Page) -> None:
    found = page.archived()["cards"]
    kept = (page.home / FILE_NAME).read_bytes()
    (page.home / FILE_NAME).write_bytes(b"this is no database at all" * 1000)
    assert page.archived()["archive"] == "away"
    (page.home / FILE_NAME).write_bytes(kept)
    for path in (f"/api/events/{found[0]['id']}", f"/api/events?after={found[0]['id']}"):
        assert page.client.get(path).status_code == 503
    assert page.say(found[0]["id"]).status_code == 503
    assert len(page.get("/api/events?query=?flat=1")["cards"]) == HELD


def test_questions_that_hang_are_few_and_the_next_is_answered(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "TURN_S", 0.01)
    asked = Archive(partial(open_to_read, DatabaseSettings(), template))
    inside, go_on = threading.Semaphore(0), threading.Event()

    def hang(_connection: Connection) -> None:
        inside.release()
        go_on.wait(30)

    threads = [threading.Thread(target=asked.ask, args=(hang,)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=30)
    with pytest.raises(NoArchiveError) as refused:
        asked.ask(lambda _: None)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert refused.value.trouble == "away"
    assert asked.ask(lambda _: "again") == "again"


def test_one_that_failed_is_asked_again_after_a_rest() -> None:
    now, tries = [100.0], []

    def open_database() -> Database:
        tries.append(now[0])
        raise AwayError("The archive's database does not answer.")

    asked = Archive(open_database, clock=lambda: now[0])
    for moment in (100.0, 100.0 + REST_S / 2, 100.0 + REST_S):
        now[0] = moment
        with pytest.raises(NoArchiveError):
            asked.ask(lambda _: None)
    assert tries == [100.0, 100.0 + REST_S]
