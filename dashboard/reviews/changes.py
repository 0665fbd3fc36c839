"""What changed for a page since it last asked about reviews, and what is left to be reviewed."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

import numpy as np

from dashboard.feed import listing
from dashboard.feed.filters import FeedFilter, asks, is_open
from dashboard.feed.index import Index
from dashboard.feed.items import Item, Place
from dashboard.reviews.cards import of_source
from dashboard.reviews.ledger import Events

MOST_CARDS = 200
"""Cards in one answer, four pages of the feed: with more, a page is better read anew."""


class Named(NamedTuple):
    """An event as people speak of it, and the image references of all that are meant."""

    item: Item
    source_offsets: tuple[int, ...]


class Left(TypedDict):
    """Of the events that ask for a verdict, how many have none."""

    events: int
    of: int


class Reviewed(TypedDict):
    """The answer to a page that knows the reviews up to a version.

    ``reset`` says that the page has to read its feed anew, as the cards do not tell everything.
    ``beyond`` tells of the events that are not in memory, newest first: ``of``, the place of their
    image reference, and ``review``.
    """

    version: int
    reset: bool
    cards: list[dict[str, Any]]
    beyond: list[dict[str, Any]]
    left: Left


def named(index: Index, place: Place, *, group: bool) -> Named | None:
    """The event at this place, alone or with its whole group; ``None`` when it is not kept."""
    row = index.find(place)
    if row is None:
        return None
    rows = np.array([row])
    if group:
        rows = index.group(place._replace(offset=int(index.table["first"][row])))
    offsets = np.unique(index.table["source_offset"][rows])
    return Named(index.item(row), tuple(offsets[offsets >= 0].tolist()))


def since(
    index: Index, version: int | None, wanted: FeedFilter, now: float, *, complete: bool
) -> Reviewed:
    """What a page that knows this version has to be told.

    Args:
        index: the events, and the ledger of their reviews.
        version: what the page knows; ``None``: nothing.
        wanted: what it looks at.
        now: seconds since 1970.
        complete: whether the reviews are read to their end. Before that a page that knows more is
            not wrong.
    """
    ledger, unsaid = index.ledger, left(index, wanted, now)
    if version is not None and version > ledger.version and not complete:
        return {"version": version, "reset": False, "cards": [], "beyond": [], "left": unsaid}
    changed = None if version is None else ledger.since(version)
    cards = None if changed is None else _cards(index, changed, wanted)
    return {
        "version": ledger.version,
        "reset": cards is None,
        "cards": cards or [],
        "beyond": _beyond(index, changed or []),
        "left": unsaid,
    }


def left(index: Index, wanted: FeedFilter, now: float) -> Left:
    """What asks for a verdict under the filter, its own review left aside."""
    rows = index.rows()
    meant = wanted.of_any_review().accepts(rows, now) & asks(rows)
    unsaid = np.count_nonzero(meant & is_open(rows))
    return {"events": int(unsaid), "of": int(np.count_nonzero(meant))}


def _cards(index: Index, changed: list[Events], wanted: FeedFilter) -> list[dict[str, Any]] | None:
    """Single events, then groups; ``None`` when the feed has too many that changed.

    Of many events that changed together in a feed of groups, the groups alone are told.
    """
    rows = index.of_sources(changed)
    if wanted.flat:
        return None if len(rows) > MOST_CARDS else [listing.single(index, row) for row in rows]
    groups = listing.group_cards(index, rows)
    if len(groups) > MOST_CARDS:
        return None
    if len(rows) > MOST_CARDS:
        return groups
    return [listing.in_group(index, int(row)) for row in rows] + groups


def _beyond(index: Index, changed: list[Events]) -> list[dict[str, Any]]:
    rows, table = index.of_sources(changed), index.table
    names = ("partition", "source_offset")
    known = set(zip(*(table[name][rows].tolist() for name in names), strict=True))
    places = ((partition, offset) for partition, offsets in changed for offset in offsets)
    found = dict.fromkeys(place for place in places if place not in known)
    return [
        {"of": str(Place(*place)), "review": of_source(index.ledger, *place)}
        for place in list(found)[:MOST_CARDS]
    ]
