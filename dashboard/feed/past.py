"""The feed beyond memory: where the newest events end, the archive goes on.

The cut is by place. Memory holds, of the topic that is there now, each partition from one offset
on; the archive is asked for all events but these. A page keeps the cut at which it left memory
(``seam``) and names it with each question, so that what memory lets go of meanwhile is shown
neither twice nor not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Row

from dashboard.feed.archive import Archive, NoArchiveError
from dashboard.feed.archived import Mark, asked_of, card_of, detail_of, item_of
from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item, Order, Place
from dashboard.feed.listing import PAGE_LENGTH, Card, Page, Where
from storage.database.places import event_at, event_of, find_log, held_from, lags
from storage.database.queries import EventFilter, event_page, events_above

TRIES = 3
"""Memory may let go of events between a look at the archive and one at memory; hardly thrice."""

LOWEST = Order(0, 0, -1)
"""Stands before every event in memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """One archived event.

    Attributes:
        is_current: whether it is of the topic that is there now.
        detail: what is known of it without the topic.
    """

    item: Item
    card: Card
    is_current: bool
    detail: dict[str, Any]


class Past:
    """Memory and archive as one feed. Safe between threads.

    Args:
        hub: the newest events.
        archive: has the older ones; ``None``: nobody does.
        job: whose events.
        topic: name of its predictions topic.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        hub: Hub,
        archive: Archive | None,
        job: str,
        topic: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub = hub
        self._archive = archive
        self._job = job
        self._topic = topic
        self._clock = clock

    # Pages

    def page(self, wanted: FeedFilter, where: Where) -> Page:
        """One page of the feed, from memory.

        Where no event in memory is before it, and an archive may have some, ``older`` is true and
        ``seam`` says where memory ended. A moment from before all of them leads into the archive.
        """
        page = self._hub.page(wanted, where)
        seam = Cursor.parse(page.seam)
        if self._archive is None or page.older or seam is None:
            return replace(page, seam="")
        if where.at is None or page.cards:
            return replace(page, older=True, seam=str(_left_at(seam, where.before)))
        found = self.older(wanted, seam, Mark.at(where.at))
        return replace(found, newer=bool(found.cards) or page.newer)

    def older(self, wanted: FeedFilter, seam: Cursor, behind: Mark | None = None) -> Page:
        """One page of the archive, newest first.

        Args:
            wanted: which events.
            seam: where memory began for who asks.
            behind: the archived event that the page begins behind; ``None``: it is the first.

        Returns:
            With ``archive``: ``up``, or why there is nothing: a ``Trouble``, ``behind`` while the
            archive lacks events from just before those in memory, ``filter`` where it cannot be
            asked for that.
        """
        asked = asked_of(wanted, self._clock())
        if asked is None:
            return _nothing(seam, "filter")
        try:
            return self._ask(lambda connection: self._older(connection, asked, seam, behind))
        except NoArchiveError as error:
            return _nothing(seam, error.trouble)

    def newer(self, wanted: FeedFilter, above: Mark) -> Page:
        """The page above an archived event, from the archive or, where that ends, from memory.

        Raises:
            NoArchiveError: the archive does not answer now.
        """
        asked, seam = asked_of(wanted, self._clock()), self._hub.seam()
        for _ in range(TRIES):
            if asked is None or seam is None:
                break
            found = self._above(asked, seam, above)
            if found is None:
                break
            if found.cards:
                return found
            page = self._hub.page(wanted, Where(after=LOWEST))
            if page.seam == str(seam):
                return page
            seam = self._hub.seam()
        return self._hub.page(wanted, Where(after=Order(above.finished_us // 1000, 0, 0)))

    def _older(
        self, connection: Connection, asked: EventFilter, seam: Cursor, behind: Mark | None
    ) -> Page:
        log_key = find_log(connection, self._topic, seam.log)
        if behind is None and lags(connection, log_key, seam.offsets):
            return _nothing(seam, "behind")
        held = held_from(connection, log_key, seam.offsets)
        cursor = behind.cursor if behind else None
        found = event_page(connection, self._job, asked, PAGE_LENGTH, cursor, held)
        cards = self._cards(connection, found.events)
        return Page(cards, found.older is not None, newer=True, seam=str(seam), archive="up")

    def _above(self, asked: EventFilter, seam: Cursor, above: Mark) -> Page | None:
        """``None``: there is no archive that could be asked."""

        def read(connection: Connection) -> list[Card]:
            log_key = find_log(connection, self._topic, seam.log)
            held = held_from(connection, log_key, seam.offsets)
            found = events_above(connection, self._job, asked, above.cursor, PAGE_LENGTH, held)
            return self._cards(connection, found)

        try:
            cards = self._ask(read)
        except NoArchiveError as error:
            if error.trouble == "away":
                raise
            return None
        return Page(cards, older=True, newer=True, seam=str(seam), archive="up")

    # Single events

    def find(self, mark: Mark) -> Found | None:
        """The archived event with this mark; ``None``: there is none.

        Raises:
            NoArchiveError: the archive does not answer now.
        """
        return self._find(lambda connection: event_of(connection, self._job, mark.cursor))

    def find_place(self, place: Place) -> Found | None:
        """The archived event at this place of the topic that is there now, as ``find`` does."""

        def read(connection: Connection) -> Row[Any] | None:
            return event_at(connection, self._current(connection), *place)

        return self._find(read)

    def _find(self, read: Callable[[Connection], Row[Any] | None]) -> Found | None:
        def found(connection: Connection) -> Found | None:
            row = read(connection)
            if row is None:
                return None
            is_current = row.log_key == self._current(connection)
            card = card_of(row, self._hub.ledger, is_current=is_current)
            return Found(item_of(row), card, is_current, detail_of(row))

        try:
            return self._ask(found)
        except NoArchiveError as error:
            if error.trouble == "away":
                raise
            return None

    def _cards(self, connection: Connection, rows: Any) -> list[Card]:
        current = self._current(connection)
        return [card_of(row, self._hub.ledger, is_current=row.log_key == current) for row in rows]

    def _current(self, connection: Connection) -> int | None:
        """The key of the topic that is there now."""
        return find_log(connection, self._topic, self._hub.log)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        if self._archive is None:
            raise NoArchiveError("none")
        return self._archive.ask(question)


def _left_at(seam: Cursor, before: Order | None) -> Cursor:
    """Where memory ends for who has seen all but what is before an event.

    Memory may have let go of more by now. How much of other partitions was seen is not known: of
    these, some may then be met twice.
    """
    if before is None:
        return seam
    begin = seam.offsets.get(before.partition, before.offset)
    offsets = {**seam.offsets, before.partition: min(begin, before.offset)}
    return replace(seam, offsets=offsets)


def _nothing(seam: Cursor, why: str) -> Page:
    return Page([], older=False, newer=True, seam=str(seam), archive=why)
