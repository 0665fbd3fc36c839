"""One per process: what the reader brought in, and the answers to "what comes after my cursor?"."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, TypeVar

from dashboard.feed import listing, pulse
from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import EVERYTHING, FeedFilter
from dashboard.feed.index import Index
from dashboard.feed.items import Item, Order, Place
from dashboard.feed.joining import prepend
from dashboard.feed.listing import Card, Orders, Page, Where
from dashboard.feed.rows import Rows
from dashboard.reviews import changes
from dashboard.reviews.changes import Named, Reviewed
from dashboard.reviews.ledger import Events, Ledger
from schemas.reviews import Review

LATEST_REFERENCES = 4096
"""Image references whose event can be asked for: whoever sends an image waits some seconds."""

MOST_ANSWERS = 256
"""Answers kept for other pages that ask the same before the next event comes."""

SourceState = Literal["loading", "up", "down"]
"""loading: the newest events are being read; up: the topic is followed; down: Kafka does not
answer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page says of itself: how far it has read, what it wants, whether it is paused."""

    cursor: Cursor | None = None
    filter: FeedFilter = EVERYTHING
    paused: bool = False

    @classmethod
    def from_store(cls, data: Mapping[str, Any] | None) -> PageState:
        """Read the page's own words; whatever is not understood counts as a new page."""
        data = data or {}
        query = data.get("query")
        return cls(
            cursor=Cursor.parse(data.get("cursor")),
            filter=FeedFilter.from_query(query if isinstance(query, str) else ""),
            paused=bool(data.get("paused")),
        )


class Batch(TypedDict):
    """The next update of a page.

    The page draws it only if ``after`` is its own cursor: a lost, repeated or late update changes
    nothing. ``reset`` says that the cards replace what is shown.
    """

    after: str | None
    cursor: str | None
    query: str
    reset: bool
    waiting: int
    cards: list[Card]


class Hub:
    """The reader adds; every page asks. Safe to use from several threads.

    Args:
        history: how many of the newest events are kept.
        clock: seconds since 1970.
    """

    def __init__(self, history: int, clock: Callable[[], float] = time.time) -> None:
        self.history = history
        self._clock = clock
        self._lock = threading.Lock()
        self._reachable = True
        self.ledger = Ledger()
        self._reviews_read = False
        self._start("")

    def _start(self, log: str) -> None:
        self._log = log
        self._complete = False
        self._read_back: float | None = None
        self._index = Index(self.history, self.ledger)
        self._references: OrderedDict[str, Item] = OrderedDict()
        self._answers: dict[tuple[str, FeedFilter, bool], Batch] = {}

    @property
    def log(self) -> str:
        """The id of the topic that is followed; empty before it was found."""
        return self._log

    @property
    def state(self) -> SourceState:
        """What the topic's reader last knew."""
        if not self._reachable:
            return "down"
        return "up" if self._complete else "loading"

    # What the readers say

    def kafka_answers(self, answers: bool) -> None:
        """The reader's word on whether Kafka can be reached."""
        self._reachable = answers

    def complete(self) -> None:
        """The reader's word that it has come to the end of the topic for the first time."""
        self._complete = True

    def reading_back(self, share: float | None) -> None:
        """How much of the older events is read, from 0 to 1; ``None`` when all are."""
        self._read_back = share

    def open(self, log: str) -> dict[int, int]:
        """Follow the topic with this id; another one than before empties the window.

        Returns:
            The last offset read per partition.
        """
        with self._lock:
            if log != self._log:
                self._start(log)
            return self._index.ends()

    def add(self, items: Iterable[Item]) -> None:
        """Take events in the order of their partition; those already taken change nothing."""
        with self._lock:
            self._answers.clear()
            for item in items:
                self._index.add(item)
                if item.reference_id:
                    self._references[item.reference_id] = item
            while len(self._references) > LATEST_REFERENCES:
                self._references.popitem(last=False)

    def empty_index(self) -> Index:
        """Room for older events, to be read in their order and then added."""
        return Index(self.history)

    def add_older(self, log: str, older: Index) -> bool:
        """Take the events before those that are there; ``older`` is used up.

        Returns:
            Whether still older ones are wanted: there is room, and the topic is still this one.
        """
        with self._lock:
            if log != self._log or len(self._index) >= self.history:
                return False
            self._answers.clear()
            older.follow(self.ledger)
            prepend(self._index, older)
            return len(self._index) < self.history

    def review(self, reviews: Iterable[tuple[Review, float]]) -> None:
        """Take what people said, in the topic's order, each with the time that Kafka took it."""
        with self._lock:
            self._answers.clear()
            changed: list[Events] = []
            for review, at in reviews:
                changed += self.ledger.add(review, at)
            self._index.mark(changed)

    def reviews_complete(self) -> None:
        """The reviews reader's word that it has come to the end of the topic."""
        self._reviews_read = True

    def forget_reviews(self) -> None:
        """The reviews topic is another one now."""
        with self._lock:
            self._answers.clear()
            known = self.ledger.events()
            self.ledger.clear()
            self._index.mark(known)

    # What is asked

    def __len__(self) -> int:
        with self._lock:
            return len(self._index)

    def card(self, place: Place) -> Card | None:
        """The card of the event at this place, with its group."""
        with self._lock:
            row = self._index.find(place)
            return None if row is None else listing.in_group(self._index, row)

    def named(self, place: Place, *, group: bool) -> Named | None:
        """The event as people speak of it, alone or with its whole group; ``None``: not kept."""
        with self._lock:
            return changes.named(self._index, place, group=group)

    def group_card(self, place: Place) -> Card | None:
        """The card of the group that the event at this place belongs to."""
        with self._lock:
            row = self._index.find(place)
            return None if row is None else listing.group_card(self._index, row)

    def orders(self, wanted: FeedFilter) -> Orders:
        """Where the single events stand that the filter lets through, newest first."""
        with self._lock:
            return listing.orders(self._index, wanted, self._clock())

    def items(self, orders: Orders) -> list[Item]:
        """Those of these events that are still kept."""
        with self._lock:
            rows = (self._index.row(Order(*order)) for order in orders.tolist())
            return [self._index.item(row) for row in rows if row is not None]

    def reviewed(self, since: int | None, wanted: FeedFilter) -> Reviewed:
        """What people have said since this version of the ledger, and what is left for them."""
        with self._lock:
            now, index = self._clock(), self._index
            return changes.since(index, since, wanted, now, complete=self._reviews_read)

    def find_reference(self, reference_id: str) -> Item | None:
        """The event of an image reference, if it is among the newest few thousand."""
        with self._lock:
            return self._references.get(reference_id)

    def read(self, tell: Callable[[Rows], T]) -> T:
        """What ``tell`` says of all events. Nobody else is answered meanwhile: be brief."""
        with self._lock:
            return tell(self._index.rows())

    def page(self, wanted: FeedFilter, where: Where) -> Page:
        """One page of the feed, newest first; with ``seam`` where memory ends with it for good."""
        with self._lock:
            found = listing.page(self._index, wanted, self._clock(), where)
            seam = None if found.older else self._seam()
            return replace(found, seam=str(seam)) if seam else found

    def seam(self) -> Cursor | None:
        """Where memory begins: the first offset kept per partition.

        Returns:
            ``None`` while older events are still being read.
        """
        with self._lock:
            return self._seam()

    def _seam(self) -> Cursor | None:
        is_read = self._complete and self._read_back is None
        return Cursor(self._log, listing.begins(self._index)) if is_read else None

    def group(self, first: Place) -> list[Card]:
        """The single events of a group, newest first."""
        with self._lock:
            return listing.group(self._index, first)

    def counts(self, wanted: FeedFilter) -> dict[str, int]:
        """Events per severity under the filter, its own severity left aside."""
        with self._lock:
            return listing.counts(self._index, wanted, self._clock())

    def batch(self, page: PageState) -> Batch | None:
        """The next update of a page: a pure answer to the page's own state.

        Returns:
            ``None`` while the topic is still being read for the first time: a page that knows
            more than we do yet must not be told that it is wrong.
        """
        if not self._complete:
            return None
        asked = str(page.cursor), page.filter, page.paused
        with self._lock:
            if asked not in self._answers:
                if len(self._answers) >= MOST_ANSWERS:
                    self._answers.clear()
                self._answers[asked] = self._answer(page)
            return self._answers[asked]

    def _answer(self, page: PageState) -> Batch:
        index, now = self._index, self._clock()
        reset = not self._knows(page.cursor)
        rows = listing.unseen(index, page.cursor or Cursor(""))
        paused = page.paused and not reset
        cards: list[Card] | None = []
        if not paused:
            cards = None if reset else listing.fresh(index, rows, page.filter, now)
        after = str(page.cursor) if page.cursor else None
        return {
            "after": after,
            "cursor": after if paused else str(Cursor(self._log, index.ends())),
            "query": page.filter.to_query(),
            "reset": cards is None,
            "waiting": listing.waiting(index, rows, page.filter, now) if paused else 0,
            "cards": listing.page(index, page.filter, now).cards if cards is None else cards,
        }

    def _knows(self, cursor: Cursor | None) -> bool:
        """Whether the cursor lies in this log; one beyond its end is from a log that was lost."""
        if cursor is None or cursor.log != self._log:
            return False
        ends = self._index.ends()
        return all(offset <= ends.get(p, -1) for p, offset in cursor.offsets.items())

    def pulse(self, now: float) -> dict[str, Any]:
        """What every page shows beside its feed, the same for all; cheap enough for once a second.

        Times are in seconds since 1970, latencies in milliseconds.
        """
        figures = self.read(lambda rows: pulse.figures(rows, now))
        return {"now": now, "state": self.state, "history": self._read_back, **figures}
