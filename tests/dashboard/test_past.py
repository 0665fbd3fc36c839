"""Memory and archive are one feed: each event once, in order, wherever memory ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dashboard.feed.archive import Archive
from dashboard.feed.archived import Mark
from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Order, Place, read_item
from dashboard.feed.listing import Card, Page, Where
from dashboard.feed.past import Past
from schemas.codec import encode_prediction
from schemas.events import Prediction
from storage.database.engine import Database, open_database, open_to_read
from storage.database.settings import DatabaseSettings
from storage.database.upgrade import upgrade
from tests.dashboard.archiving import archive, clear
from tests.dashboard.kit import FAILED, START, prediction, seen
from transport.topics import JobTopics

JOB = "driver"
TOPIC = JobTopics(JOB).predictions
LENGTH = 4
"""Cards on a page: with so few, a handful of events has several pages on either side."""

FLAT = FeedFilter(flat=True)

Events = dict[Place, Prediction]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def database(home: Path) -> Iterator[Database]:
    found = open_database(DatabaseSettings(), home)
    upgrade(found)
    yield found
    found.close()


@pytest.fixture(scope="module")
def asked(database: Database, home: Path) -> Archive:
    """As the page looks at it. One for all: what it asks is put into SQL once."""
    return Archive(partial(open_to_read, DatabaseSettings(), home))


@pytest.fixture(scope="module", autouse=True)
def short_pages() -> Iterator[None]:
    with (
        patch("dashboard.feed.listing.PAGE_LENGTH", LENGTH),
        patch("dashboard.feed.past.PAGE_LENGTH", LENGTH),
    ):
        yield


@dataclass
class Scene:
    """A topic that memory and archive both follow."""

    database: Database
    asked: Archive
    history: int = 5
    log: str = "log-1"
    hub: Hub = field(init=False)
    past: Past = field(init=False)

    def __post_init__(self) -> None:
        clear(self.database)
        self.hub = Hub(self.history, clock=lambda: 2e9)
        self.hub.open(self.log)
        self.hub.complete()
        self.past = Past(self.hub, self.asked, JOB, TOPIC, clock=lambda: 2e9)

    def add(self, events: Events, *, archived: bool = True) -> None:
        """Let these events happen."""
        if archived:
            archive(self.database, JOB, self.log, events)
        # In the order that a broker gives them: of two of one moment, the lower partition first.
        for place, made in events.items():
            appended_ms = 1000 * place.offset + place.partition
            self.hub.add([read_item(place, appended_ms, encode_prediction(made))])


@dataclass
class Window:
    """What a page does that reads back and forth: as ``assets/20-model.js``."""

    past: Past
    wanted: FeedFilter = FLAT
    cards: list[Card] = field(default_factory=list)
    seam: str = ""
    older: bool = True
    newer: bool = False
    archive: str = ""

    def stand(self, at: float) -> None:
        page = self.past.page(self.wanted, Where(at=at))
        self.cards, self.newer = page.cards, page.newer
        self._note(page)

    def read_older(self) -> None:
        last = self.cards[-1] if self.cards else None
        seam, mark = Cursor.parse(self.seam), Mark.parse(last["id"]) if last else None
        if seam:
            page = self.past.older(self.wanted, seam, mark)
        else:
            before = Order(*last["group"]["order"]) if last else None
            page = self.past.page(self.wanted, Where(before=before))
        self.cards += page.cards
        self._note(page)

    def read_newer(self) -> None:
        first = self.cards[0]
        if mark := Mark.parse(first["id"]):
            page = self.past.newer(self.wanted, mark)
        else:
            page = self.past.page(self.wanted, Where(after=Order(*first["group"]["order"])))
        self.cards = page.cards + self.cards
        self.newer = page.newer

    def _note(self, page: Page) -> None:
        self.older, self.seam, self.archive = page.older, page.seam, page.archive

    def read_all(self) -> list[str]:
        while self.older:
            self.read_older()
        while self.newer:
            self.read_newer()
        return [told(card) for card in self.cards]


def told(card: Card) -> str:
    """Which event it is, from memory or the archive."""
    return f"{card['source']} {card['at']}"


def events_of(shifts: list[tuple[int, int]], first: int = 0) -> Events:
    """Events of two cameras; each is known some seconds before or after its turn."""
    return {
        Place(partition, first + n): prediction(
            first + n,
            FAILED if n % 5 == 4 else seen((first + n) // 3 % 10),
            source=f"cabin-{partition}-{n % 2}",
            at=START + timedelta(seconds=first + n + shift, milliseconds=partition),
        )
        for n, (partition, shift) in enumerate(shifts)
    }


def names(events: Events) -> list[str]:
    return sorted(
        f"{made.reference.source} {made.finished_at.timestamp()}"
        for made in events.values()
        if made.reference
    )


one_partition = st.lists(st.tuples(st.just(0), st.integers(-3, 3)), min_size=1, max_size=30)
partitions = st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(partitions, st.integers(1, 35))
def test_each_event_is_met_once_wherever_memory_ends(
    database: Database, asked: Archive, shifts: list[tuple[int, int]], history: int
) -> None:
    scene = Scene(database, asked, history)
    events = events_of(shifts)
    scene.add(events)
    window = Window(scene.past)
    assert sorted(window.read_all()) == names(events)

    cards = window.cards
    seam = next((n for n, card in enumerate(cards) if "archived" in card), len(cards))
    orders = [card["order"] for card in cards]
    assert seam == min(history, len(events))
    assert orders == sorted(orders, reverse=True)


@settings(max_examples=25, deadline=None)
@given(one_partition, st.integers(1, 20), st.lists(st.integers(0, 4), min_size=12, max_size=12))
def test_what_happens_while_a_person_reads_doubles_and_loses_nothing(
    database: Database,
    asked: Archive,
    shifts: list[tuple[int, int]],
    history: int,
    coming: list[int],
) -> None:
    scene = Scene(database, asked, history)
    events = events_of(shifts)
    scene.add(events)
    window, at = Window(scene.past), len(shifts)
    while window.older:
        window.read_older()
        more = coming.pop() if coming else 0
        scene.add(events_of([(0, 0)] * more, at))
        at += more
    assert sorted(told(card) for card in window.cards) == names(events)


@settings(max_examples=25, deadline=None)
@given(one_partition, st.integers(1, 20), st.integers(-5, 40))
def test_from_any_moment_both_ways_lead_over_the_seam(
    database: Database, asked: Archive, shifts: list[tuple[int, int]], history: int, moment: int
) -> None:
    scene = Scene(database, asked, history)
    events = events_of([(partition, 0) for partition, _ in shifts])
    scene.add(events)
    window = Window(scene.past)
    window.stand(scene.hub.pulse(0)["oldest"] - moment)
    assume(window.cards)  # without any, the page begins at the moment itself
    assert sorted(window.read_all()) == names(events)
    assert [card["at"] for card in window.cards] == sorted(
        (card["at"] for card in window.cards), reverse=True
    )


def test_groups_end_at_the_seam_and_all_their_events_were_shown(
    database: Database, asked: Archive
) -> None:
    scene = Scene(database, asked, history=7)
    events = events_of([(0, 0)] * 20)
    scene.add(events)
    window = Window(scene.past, FeedFilter())
    window.read_all()
    shown = [
        told(one)
        for card in window.cards
        for one in (
            [card] if "archived" in card else scene.hub.group(Place(*card["group"]["order"][1:]))
        )
    ]
    assert sorted(shown) == names(events)
