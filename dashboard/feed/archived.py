"""Events as the archive keeps them: what may be asked for, and a row as a card and in full."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Row

from dashboard.feed.detail import plain
from dashboard.feed.filters import FeedFilter
from dashboard.feed.items import LARGEST, Item, Place, card, finite
from dashboard.feed.listing import Card
from dashboard.reviews.cards import of_event
from dashboard.reviews.ledger import Ledger
from schemas.events import MOST_NOVEL, Severity
from storage.database.queries import MOST_BEHAVIOURS, Cursor, EventFilter
from storage.database.rows import MOST_KEY, kept

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
"""What a moment from an address may be: years have four digits."""

BEFORE_ALL = -1
"""Begins the order of archived events, which all stand before those in memory."""

SHOWN = (
    *("source_partition", "source_offset", "reference_id", "source", "subject", "name"),
    *("image_sha256", "captured_at", "published_at", "finished_at", "severity", "behaviour"),
    *("confidence", "abstained", "novelty", "reason", "detail", "model_version", "latency_ms"),
)
"""Columns that are told of the prediction: the others are about its place."""


class Mark(NamedTuple):
    """An archived event, and its place among them: microseconds since 1970, and its key."""

    finished_us: int
    event_key: int

    def __str__(self) -> str:
        return f"a{self.finished_us}-{self.event_key}"

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """The mark written as ``a<microseconds>-<key>``; ``None`` for any other text."""
        found = Place.parse(text[1:]) if text.startswith("a") else None
        return cls(*found) if found and found.partition <= LAST * 1_000_000 else None

    @classmethod
    def at(cls, moment: float) -> Mark:
        """Between the events up to this moment, in seconds since 1970, and those after it."""
        return cls(round(min(max(moment, 0), LAST) * 1e6) + 1, 0)

    @classmethod
    def of(cls, row: Row[Any]) -> Mark:
        """The mark of an archived event."""
        return cls((row.finished_at - EPOCH) // MICROSECOND, row.event_key)

    @property
    def cursor(self) -> Cursor:
        """The same as the archive has it."""
        return Cursor(EPOCH + self.finished_us * MICROSECOND, self.event_key)


def asked_of(wanted: FeedFilter, now: float) -> EventFilter | None:
    """The filter in the archive's words; ``None``: it cannot be asked that.

    What stands of an event after all that people said of it is not in the database, only each of
    their actions.
    """
    if wanted.review or len(wanted.behaviours) > MOST_BEHAVIOURS:
        return None
    start = now - wanted.last if wanted.last else wanted.start
    return EventFilter(
        severity=cast("Severity", wanted.severity) or None,
        behaviours=tuple(map(kept, wanted.behaviours)),
        source=kept(wanted.source, MOST_KEY) or None,
        reason=kept(wanted.reason) or None,
        confidence=_shares(wanted.confidence),
        since=None if start is None else _moment(start),
        until=None if wanted.end is None else _moment(wanted.end),
    )


def _shares(percent: tuple[int, int] | None) -> tuple[float, float] | None:
    """Percentages are cut where they are shown: 84.9 % is within 50-84."""
    if percent is None:
        return None
    return percent[0] / 100, math.nextafter((percent[1] + 1) / 100, 0)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0), LAST), UTC)


def item_of(row: Row[Any]) -> Item:
    """What the lists know of an archived event; of its probabilities the largest alone is kept."""
    share = finite(row.confidence or 0.0)
    at = row.finished_at.timestamp()
    source_offset = -1 if row.source_offset is None else row.source_offset
    return Item(
        place=Place(row.topic_partition, row.topic_offset),
        appended_ms=int(at * 1000),
        at=at,
        source=row.source,
        severity=row.severity,
        latency_ms=finite(row.latency_ms or 0.0),
        behaviour=row.behaviour or "",
        confidence=share,
        shares=(share,) if row.behaviour else (),
        image=row.image_sha256 if row.behaviour and row.image_sha256 else "",
        heat="",
        reason=row.reason or "",
        detail=row.detail or "",
        model=row.model_version,
        source_offset=source_offset if source_offset < LARGEST else -1,
        reference_id=row.reference_id or "",
    )


def card_of(row: Row[Any], ledger: Ledger, *, is_current: bool) -> Card:
    """The card of an archived event, for itself.

    Args:
        row: the event.
        ledger: what people have said.
        is_current: whether it is of the topic that is there now. Of an earlier one nobody knows
            whether its images still have these offsets: it has no review and takes none.

    Returns:
        As other cards, with ``archived``; ``of`` is how reviews name its image.
    """
    item, mark = item_of(row), Mark.of(row)
    own = {"id": str(mark), "order": [BEFORE_ALL, *mark], "since": round(item.at, 3), "n": 1}
    told = card(item) | {"id": str(mark), "order": own["order"], "archived": True, "group": own}
    if not is_current or item.source_offset < 0:
        return told
    of = str(Place(item.place.partition, item.source_offset))
    return told | {"of": of, "review": of_event(ledger, item)}


def detail_of(row: Row[Any]) -> dict[str, Any]:
    """What is known of an archived event without the topic.

    As ``dashboard.feed.detail`` has it, but for probabilities and heat maps.
    """
    facts = {
        "at": row.finished_at.timestamp(),
        "published_at": row.published_at.timestamp() if row.published_at else "",
        "captured_at": row.captured_at.timestamp() if row.captured_at else "",
        "latency_ms": "" if row.latency_ms is None else finite(row.latency_ms),
        "source": row.source,
        "name": row.name or "",
        "reference_id": row.reference_id or "",
        "image_sha256": row.image_sha256 or "",
        "model_version": row.model_version,
    }
    return {
        "doubts": _doubts(row),
        "classes": [],
        "facts": facts,
        "raw": plain({name: getattr(row, name) for name in SHOWN}),
    }


def _doubts(row: Row[Any]) -> list[str]:
    if not row.abstained:
        return []
    return ["unlike" if (row.novelty or 0.0) > MOST_NOVEL else "abstained"]
