"""Messages as rows. One that cannot be read becomes a row that says so: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from consumers.archive.source import Arrived
from schemas.codec import decode_prediction, decode_review
from schemas.errors import RefusedError
from schemas.events import EVENT_UNREADABLE
from storage.database.rows import (
    Row,
    event_row,
    review_row,
    unreadable_event,
    unreadable_review,
)

log = structlog.get_logger()

Reviews = list[tuple[Row, list[Row]]]


def event_rows(messages: Sequence[Arrived]) -> list[Row]:
    """A row of ``Event`` per message of the predictions topic."""
    return [{"topic_offset": one.offset, **_event(one)} for one in messages]


def review_rows(messages: Sequence[Arrived]) -> Reviews:
    """A row of ``ReviewRow`` per message of the reviews topic, with its ``ReviewedEvent``."""
    return [
        ({"topic_offset": one.offset, **row}, reviewed)
        for one in messages
        for row, reviewed in [_review(one)]
    ]


def unreadable_among(rows: Iterable[Row]) -> int:
    """How many of these could not be read."""
    return sum(EVENT_UNREADABLE in (row.get("reason"), row.get("action")) for row in rows)


def _event(one: Arrived) -> Row:
    try:
        return event_row(decode_prediction(one.value))
    except RefusedError as error:
        _warn(one, error)
        return unreadable_event(one.appended_at, error.detail)


def _review(one: Arrived) -> tuple[Row, list[Row]]:
    try:
        return review_row(decode_review(one.value))
    except RefusedError as error:
        _warn(one, error)
        return unreadable_review(one.appended_at, error.detail)


def _warn(one: Arrived, error: RefusedError) -> None:
    place = f"{one.place.topic}-{one.place.partition}-{one.offset}"
    log.warning("event_unreadable", place=place, detail=error.detail)
