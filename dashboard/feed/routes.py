"""``/api/events``: pages of the feed, back into the archive, and each event in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from fastapi import FastAPI, HTTPException, Response

from dashboard.feed.archive import NoArchiveError
from dashboard.feed.archived import Mark
from dashboard.feed.cursor import Cursor
from dashboard.feed.detail import detail
from dashboard.feed.filters import LATEST, FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Order, Place, read_item
from dashboard.feed.listing import Card, Page, Where, alone
from dashboard.feed.messages import Messages
from dashboard.feed.past import Found, Past
from dashboard.reviews.cards import history
from dashboard.web import fresh
from model.labels import Label


def add_feed_routes(
    server: FastAPI, hub: Hub, past: Past, messages: Messages, labels: Sequence[Label]
) -> None:
    """``GET`` gives a page of cards, the events of a group, or one event by its name.

    All wait for Kafka and the database in threads of their own. 503: the archive is needed, and
    does not answer now.

    Args:
        server: the site.
        hub: the newest events.
        past: the same with the archive behind them.
        messages: the events themselves.
        labels: the classes of the job, in the order of the model's outputs.
    """

    @server.get("/api/events")
    def events(
        query: str = "",
        before: str = "",
        after: str = "",
        at: str = "",
        group: str = "",
        seam: str = "",
    ) -> Response:
        if group:
            first = Place.parse(group)
            return fresh({"cards": hub.group(first) if first else []})
        asked = FeedFilter.from_query(query), before, after, _moment(at), Cursor.parse(seam)
        with _archive_answers():
            return fresh(asdict(_page(past, *asked)))

    @server.get("/api/events/{name}")
    def event(name: str) -> Response:
        with _archive_answers():
            mark, place = Mark.parse(name), Place.parse(name)
            found = _archived(past, hub, messages, labels, mark) if mark else None
            if place:
                found = _event(hub, messages, labels, place) or _expired(past, hub, place)
        if found is None:
            raise HTTPException(404, "This event is in neither the topic nor the archive.")
        return fresh(found)


def _moment(text: str) -> float | None:
    """Seconds since 1970; ``None`` for what is no time that a page can stand at."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < LATEST else None


def _page(
    past: Past,
    wanted: FeedFilter,
    before: str,
    after: str,
    at: float | None,
    seam: Cursor | None,
) -> Page:
    """The page before or after a card of memory or of the archive, at a moment, or the newest."""
    if mark := Mark.parse(after):
        return past.newer(wanted, mark)
    if seam:
        return past.older(wanted, seam, Mark.parse(before))
    return past.page(wanted, Where(Order.parse(before), Order.parse(after), at))


@contextmanager
def _archive_answers() -> Iterator[None]:
    try:
        yield
    except NoArchiveError as error:
        raise HTTPException(503, "The archive does not answer now. Ask again.") from error


def _event(
    hub: Hub, messages: Messages, labels: Sequence[Label], place: Place
) -> dict[str, Any] | None:
    """Everything about one event, also one that the hub's window has left behind."""
    message = messages.read(place)
    if message is None:
        return None
    item = read_item(place, 0, message)
    item = replace(item, appended_ms=int(item.at * 1000))
    return detail(item, message, labels) | {
        "card": hub.card(place) or alone(item, hub.ledger),
        "reviews": history(hub.ledger, item),
    }


def _expired(past: Past, hub: Hub, place: Place) -> dict[str, Any] | None:
    """What the archive has of an event that the topic has deleted."""
    found = past.find_place(place)
    return _of_row(hub, found) if found else None


def _archived(
    past: Past, hub: Hub, messages: Messages, labels: Sequence[Label], mark: Mark
) -> dict[str, Any] | None:
    """An archived event, from the topic as long as it is there with its heat maps."""
    found = past.find(mark)
    if found is None:
        return None
    whole = _event(hub, messages, labels, found.item.place) if found.is_current else None
    if whole is None or not _is_same(whole["card"], found.card):
        return _of_row(hub, found)
    return whole | {"card": {**found.card, "heat": whole["card"]["heat"]}}


def _is_same(one: Card, other: Card) -> bool:
    """Whether two cards tell of one event: a topic may be made anew at any moment."""
    return all(one[name] == other[name] for name in ("at", "severity", "label", "reason"))


def _of_row(hub: Hub, found: Found) -> dict[str, Any]:
    """What the archive has of it; ``archived``: the rest is ``gone``, or Kafka is ``away``."""
    reviews = history(hub.ledger, found.item) if found.is_current else []
    why = "away" if found.is_current and hub.state == "down" else "gone"
    return found.detail | {"archived": why, "card": found.card, "reviews": reviews}
