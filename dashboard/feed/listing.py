"""What a page is shown of an index: pages of cards, what is new since a cursor, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import FeedFilter
from dashboard.feed.index import Index, Numbers
from dashboard.feed.items import Item, Order, Place, card
from dashboard.reviews.cards import Told, of_event, of_group
from dashboard.reviews.ledger import Ledger
from schemas.events import SEVERITIES

PAGE_LENGTH = 48
"""Cards on a page: fills rows of 2, 3, 4 or 6, and any screen more than twice."""

MOST_OF_GROUP = 500
"""Events of one group that are listed: a film strip of more cannot be looked through."""

PARTITION_SHIFT = 48
"""Sets a partition's offsets apart from another's; a topic with as many would take a century."""

Card = dict[str, Any]

Orders = NDArray[np.int64]
"""An ``Order`` in each row: of a quarter of a million events 6 MB."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some cards, newest first, and whether there are more before and after them.

    Attributes:
        seam: of the last page of memory and those of the archive, where memory begins: a cursor of
            the first offset kept per partition.
        archive: of a page that the archive was asked for, ``up`` or why there is nothing; see
            ``dashboard.feed.past``.
    """

    cards: list[Card]
    older: bool
    newer: bool
    seam: str = ""
    archive: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Which page: the one before or after a card's group, at a moment, or the newest."""

    before: Order | None = None
    after: Order | None = None
    at: float | None = None


def page(index: Index, wanted: FeedFilter, now: float, where: Where = Where()) -> Page:
    """The page of the feed at this place."""
    listed = _listed(index, wanted, now)
    if where.after:
        beyond = where.after._replace(offset=where.after.offset + 1)
        low = int(np.searchsorted(listed, index.position(beyond)))
        high = min(low + PAGE_LENGTH, len(listed))
    else:
        high = int(np.searchsorted(listed, _end(index, where)))
        low = max(0, high - PAGE_LENGTH)
    cards = [_card(index, int(row), wanted) for row in reversed(listed[low:high])]
    return Page(cards, older=low > 0, newer=high < len(listed))


def group(index: Index, first: Place) -> list[Card]:
    """The single events of the group named by its first event, newest first."""
    rows = index.group(first)[-MOST_OF_GROUP:]
    return [in_group(index, int(row)) for row in reversed(rows)]


def counts(index: Index, wanted: FeedFilter, now: float) -> dict[str, int]:
    """Events per severity that the filter lets through, its own severity left aside."""
    rows = index.rows()
    severities = rows.severity[wanted.of_any_severity().accepts(rows, now)]
    found = np.bincount(severities, minlength=len(SEVERITIES)).tolist()
    return dict(zip(SEVERITIES, found, strict=True))


def orders(index: Index, wanted: FeedFilter, now: float) -> Orders:
    """Where the single events stand that the filter lets through, newest first."""
    rows = index.rows()
    chosen = np.flatnonzero(wanted.accepts(rows, now))[::-1]
    return np.column_stack([getattr(rows, name)[chosen] for name in Order._fields]).astype(np.int64)


def begins(index: Index) -> dict[int, int]:
    """The first offset kept of each partition; behind its end where none is."""
    partition, offset = index.table["partition"], index.table["offset"]
    found = {}
    for one, end in index.ends().items():
        mine = offset[partition == one]  # in their order
        found[one] = int(mine[0]) if len(mine) else end + 1
    return found


def unseen(index: Index, cursor: Cursor) -> Numbers:
    """The rows after the cursor, oldest first."""
    ends = index.ends()
    if all(not cursor.is_before(Place(p, end)) for p, end in ends.items()):
        return np.empty(0, np.intp)
    offsets = index.table["offset"]
    if len(ends) == 1:
        seen = cursor.offsets.get(next(iter(ends)), -1)
        return np.arange(np.searchsorted(offsets, seen, "right"), len(offsets))
    seen_of = np.full(max(ends) + 1, -1)
    for partition, offset in cursor.offsets.items():
        if partition in ends:
            seen_of[partition] = offset
    return np.flatnonzero(offsets > seen_of[index.table["partition"]])


def waiting(index: Index, rows: Numbers, wanted: FeedFilter, now: float) -> int:
    """How many of these events the filter lets through."""
    return int(np.count_nonzero(wanted.accepts(index.rows(rows), now)))


def fresh(index: Index, rows: Numbers, wanted: FeedFilter, now: float) -> list[Card] | None:
    """The cards that these new events change or add, newest first.

    Returns:
        ``None`` when they are more than a page, which is then better begun anew.
    """
    heads = rows if wanted.flat else _heads(index, rows)
    heads = heads[_accepts(index, heads, wanted, now)]
    if len(heads) > PAGE_LENGTH:
        return None
    return [_card(index, int(head), wanted) for head in reversed(heads)]


def _end(index: Index, where: Where) -> int:
    if where.before:
        return index.position(where.before)
    if where.at is not None:
        return index.position(Order(int(where.at * 1000) + 1, 0, 0))
    return len(index)


def _listed(index: Index, wanted: FeedFilter, now: float) -> Numbers:
    # Views of all rows: copies of those that stand for groups would take ten times as long.
    accepted = _accepts(index, slice(None), wanted, now)
    return np.flatnonzero(accepted if wanted.flat else accepted & index.table["head"])


def _accepts(
    index: Index, rows: slice | Numbers, wanted: FeedFilter, now: float
) -> NDArray[np.bool_]:
    if wanted.flat:
        return wanted.accepts(index.rows(rows), now)
    until, best = index.table["until"][rows], index.table["best"][rows]
    reviewed = _reviewed(index, rows, wanted) if wanted.review else None
    return wanted.accepts(index.rows(rows), now, until=until, best=best, reviewed=reviewed)


def _reviewed(index: Index, rows: slice | Numbers, wanted: FeedFilter) -> NDArray[np.bool_]:
    """Of which rows' groups the filter's review lets any event through."""
    # The row that stands for a group comes before all others of it.
    start = int(rows[0]) if isinstance(rows, np.ndarray) and len(rows) else 0
    near = slice(start, None)
    groups = _groups(index, near)
    meant = groups[wanted.accepts_review(index.rows(near))]
    return np.isin(_groups(index, rows), meant)


def _groups(index: Index, rows: slice | Numbers) -> NDArray[np.int64]:
    """The groups of these rows: a number for each."""
    partition, first = index.table["partition"][rows], index.table["first"][rows]
    found: NDArray[np.int64] = partition.astype(np.int64) << PARTITION_SHIFT | first
    return found


def _heads(index: Index, rows: Numbers) -> Numbers:
    """The rows that stand for the groups of these events."""
    columns = (index.table[name][rows].tolist() for name in ("first_ms", "partition", "first"))
    firsts = {Order(*first) for first in zip(*columns, strict=True)}
    heads = {head for first in firsts if (head := index.head(first)) is not None}
    return np.array(sorted(heads), np.intp)


def _card(index: Index, row: int, wanted: FeedFilter) -> Card:
    """The card of a listed row: of the event itself, or of its group."""
    return single(index, row) if wanted.flat else whole(index, row)


def single(index: Index, row: int) -> Card:
    """The card of an event for itself."""
    return alone(index.item(row), index.ledger)


def whole(index: Index, head: int) -> Card:
    """The card of a group, by the row that stands for it: its newest event, all its reviews."""
    newest = (int(index.table[name][head]) for name in ("latest_ms", "partition", "latest"))
    latest = index.row(Order(*newest))
    last = head if latest is None else latest
    return _grouped(index, index.item(last), last, of_group(index, head, last))


def group_card(index: Index, row: int) -> Card:
    """The card of the group that a row's event belongs to."""
    heads = _heads(index, np.array([row]))
    return whole(index, int(heads[0])) if len(heads) else in_group(index, row)


def group_cards(index: Index, rows: Numbers) -> list[Card]:
    """The cards of the groups that these rows belong to, oldest first."""
    return [whole(index, int(head)) for head in _heads(index, rows)]


def alone(item: Item, ledger: Ledger) -> Card:
    """The card of an event for itself: a group of one."""
    own = {"id": str(item.place), "order": list(item.order), "since": round(item.at, 3), "n": 1}
    return card(item) | {"group": own, "review": of_event(ledger, item)}


def in_group(index: Index, row: int) -> Card:
    """The card of an event, with its group; the review is the event's own."""
    item = index.item(row)
    return _grouped(index, item, row, of_event(index.ledger, item))


def _grouped(index: Index, item: Item, row: int, review: Told | None) -> Card:
    table = index.table
    first, first_ms = int(table["first"][row]), int(table["first_ms"][row])
    place = item.place._replace(offset=first)
    return card(item) | {
        "group": {
            "id": str(place),
            "order": [first_ms, *place],
            "since": round(float(table["since"][row]), 3),
            "n": int(table["n"][row]),
        },
        "review": review,
    }
