"""Deleting: what is older than it may be kept, and what is about one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, tuple_

from storage.database.engine import Database
from storage.database.rows import kept, window_rows
from storage.database.tables import Event, ReviewedEvent, ReviewRow
from storage.database.writing import count_windows

AT_ONCE = 1000
"""Rows deleted in one transaction: some 30 ms, so that who archives hardly waits."""

ERASE_S = 5.0
"""How long readers are waited for when a person asked: a view of the page takes milliseconds."""

_COUNTED = (
    Event.source_partition,
    Event.source_offset,
    Event.job,
    Event.finished_at,
    Event.source,
    Event.severity,
    Event.behaviour,
    Event.reason,
    Event.model_version,
)


def purge(connection: Connection, job: str, before: datetime) -> tuple[int, int]:
    """Delete the oldest events and reviews from before a moment, ``AT_ONCE`` of each at most.

    The counts per hour and day stay: they speak of no single event.

    Returns:
        How many events and how many reviews were deleted; 0 of both: nothing is left.
    """
    events = (
        select(Event.event_key)
        .where(Event.job == job, Event.finished_at < before)
        .order_by(Event.finished_at)
        .limit(AT_ONCE)
    )
    reviews = (
        select(ReviewRow.log_key, ReviewRow.topic_partition, ReviewRow.topic_offset)
        .where(ReviewRow.job == job, ReviewRow.reviewed_at < before)
        .limit(AT_ONCE)
    )
    place = tuple_(ReviewRow.log_key, ReviewRow.topic_partition, ReviewRow.topic_offset)
    deleted = connection.execute(delete(Event).where(Event.event_key.in_(events))).rowcount
    return deleted, connection.execute(delete(ReviewRow).where(place.in_(reviews))).rowcount


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many events were deleted, and whether their bytes are gone from the files too."""

    events: int
    erased: bool


def forget_subject(database: Database, job: str, subject: str) -> Forgotten:
    """Delete all events of a subject, and their bytes.

    Raises:
        DatabaseError: the database does not answer. What was deleted stays so; call again.
    """
    events = 0
    while True:
        with database.writing() as connection:
            some = forget(connection, job, subject)
        events += some
        if not some:
            return Forgotten(events, database.erase_deleted(ERASE_S))


def forget(connection: Connection, job: str, subject: str) -> int:
    """Delete events of a subject, ``AT_ONCE`` at most, as though they had never been archived.

    They are taken off the counts; reviews that were about nothing else go with them.

    Returns:
        How many events were deleted; 0: none is left.
    """
    found = select(Event.event_key).where(Event.job == job, Event.subject == kept(subject))
    deleting = delete(Event).where(Event.event_key.in_(found.limit(AT_ONCE)))
    rows = connection.execute(deleting.returning(*_COUNTED)).mappings().all()
    if rows:
        places = [(row["source_partition"], row["source_offset"]) for row in rows]
        _forget_reviews(connection, job, places)
        count_windows(connection, window_rows((dict(row) for row in rows), sign=-1))
    return len(rows)


def _forget_reviews(connection: Connection, job: str, places: list[tuple[int, int]]) -> None:
    review = (
        ReviewedEvent.log_key == ReviewRow.log_key,
        ReviewedEvent.topic_partition == ReviewRow.topic_partition,
        ReviewedEvent.topic_offset == ReviewRow.topic_offset,
    )
    reviewed = tuple_(ReviewedEvent.source_partition, ReviewedEvent.source_offset)
    place = tuple_(ReviewRow.log_key, ReviewRow.topic_partition, ReviewRow.topic_offset)
    names = (ReviewedEvent.log_key, ReviewedEvent.topic_partition, ReviewedEvent.topic_offset)
    touched = connection.execute(
        select(*names)
        .distinct()
        .join(ReviewRow, review[0] & review[1] & review[2])
        .where(ReviewRow.job == job, reviewed.in_(places))
    ).all()
    if not touched:
        return
    keys = [tuple(each) for each in touched]
    connection.execute(delete(ReviewedEvent).where(tuple_(*names).in_(keys), reviewed.in_(places)))
    empty = ~exists().where(*review)
    connection.execute(delete(ReviewRow).where(place.in_(keys), empty))
