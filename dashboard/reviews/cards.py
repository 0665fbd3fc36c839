"""What a card says of the reviews of its event, or of all events of its group."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.feed.index import Index
from dashboard.feed.items import Item
from dashboard.reviews.ledger import STATES, Ledger, Standing

Told = dict[str, Any]
"""``state``, ``label`` (the true class of a corrected one), ``by``, ``at`` (seconds since 1970)
and ``id`` of the verdict, ``notes``, the newest ``note``; ``done`` events of ``of`` have one."""


def of_event(ledger: Ledger, item: Item) -> Told | None:
    """What people have said of one event; ``None`` where nobody has done anything."""
    return of_source(ledger, item.place.partition, item.source_offset)


def of_source(ledger: Ledger, partition: int, offset: int) -> Told | None:
    """The same of the event that answers the image reference at this place."""
    found = ledger.standing(partition, offset)
    return _told(found, done=int(found.verdict is not None), of=1) if found else None


def of_group(index: Index, head: int, last: int) -> Told | None:
    """What they have said of a group: as of its newest verdict, or else its newest action.

    Args:
        index: has the group's events.
        head: the first row of the group.
        last: its last one.
    """
    table, rows = index.table, slice(head, last + 1)
    acted = table["acted"][rows]
    if not acted.any():
        return None
    partition, first = table["partition"][rows], table["first"][rows]
    mine = (partition == partition[0]) & (first == first[0])
    newest = int(np.argmax(acted * mine))
    source = int(table["source_offset"][head + newest])
    found = index.ledger.standing(int(partition[0]), source)
    if found is None or not (mine[newest] and acted[newest]):
        return None
    done = np.count_nonzero(table["review"][rows][mine])
    return _told(found, done=int(done), of=int(np.count_nonzero(mine)))


def history(ledger: Ledger, item: Item) -> list[Told]:
    """What people did with one event, newest first; ``events``: with how many it was done."""
    return [
        {
            "id": action.review.review_id,
            "action": action.review.action,
            "by": action.review.reviewer,
            "at": round(action.at, 3),
            "label": action.review.corrected_to,
            "note": action.review.note or "",
            "undone": action.undone,
            "events": len(action.offsets),
        }
        for action in ledger.history(item.place.partition, item.source_offset)
    ]


def _told(found: Standing, *, done: int, of: int) -> Told:
    verdict = found.verdict
    review = verdict.review if verdict else None
    return {
        "state": STATES[verdict.code] if verdict else "",
        "label": review.corrected_to if review else None,
        "by": review.reviewer if review else "",
        "at": round(verdict.at, 3) if verdict else 0,
        "id": review.review_id if review else "",
        "notes": len(found.notes),
        "note": found.notes[-1] if found.notes else "",
        "done": done,
        "of": of,
    }
