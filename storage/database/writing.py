"""Appending to the archive: rows and offsets in one transaction, or neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database.errors import OvertakenError
from storage.database.rows import Row, window_rows
from storage.database.tables import (
    Base,
    Event,
    Log,
    Position,
    ReviewedEvent,
    ReviewRow,
    WindowCount,
)


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A topic as the database knows it: its key, and per partition the first offset to read."""

    log_key: int
    positions: dict[int, int]


@dataclass(frozen=True, slots=True)
class Share:
    """What one transaction takes from one partition.

    Attributes:
        expected: the position that the database must have.
        next_offset: the one that it has afterwards.
        events: columns of ``Event``, with ``topic_offset`` but without the rest of the place.
        reviews: the same of ``ReviewRow``, each with those of its ``ReviewedEvent``.
    """

    job: str
    topic: str
    log_key: int
    topic_partition: int
    expected: int
    next_offset: int
    events: Sequence[Row] = ()
    reviews: Sequence[tuple[Row, Sequence[Row]]] = ()

    def __len__(self) -> int:
        return len(self.events) + len(self.reviews)

    @property
    def place(self) -> Row:
        """The columns that all its rows share."""
        return {"log_key": self.log_key, "topic_partition": self.topic_partition}


def begin_log(
    connection: Connection, job: str, topic: str, log_id: str, partitions: Iterable[int]
) -> KnownLog:
    """Make the log and its positions known, at 0 where they are new, and read them."""
    log = {"job": job, "topic": topic, "log_id": log_id}
    connection.execute(_insert(connection, Log).on_conflict_do_nothing(), log)
    key = select(Log.log_key).where(Log.topic == topic, Log.log_id == log_id)
    log_key = connection.execute(key).scalar_one()
    rows = [
        {"log_key": log_key, "topic_partition": partition, "next_offset": 0}
        for partition in sorted(partitions)
    ]
    connection.execute(_insert(connection, Position).on_conflict_do_nothing(), rows)
    stored = select(Position).where(Position.log_key == log_key)
    found = connection.execute(stored).all()
    return KnownLog(log_key, {row.topic_partition: row.next_offset for row in found})


def append(connection: Connection, shares: Sequence[Share]) -> None:
    """Write what the shares hold, and where reading goes on. The caller's transaction commits it.

    1. Every position is moved from where it must be. Its row stays locked until the end: another
       archive waits here, and then finds it elsewhere.
    2. Events and reviews are inserted.
    3. The counts of their hours and days are raised.

    Raises:
        OvertakenError: a position is elsewhere. Roll back.
    """
    for share in sorted(shares, key=lambda one: (one.log_key, one.topic_partition)):
        _advance(connection, share)
    place = [(share, row) for share in shares for row in share.events]
    events = [{"job": share.job, **share.place, **row} for share, row in place]
    if events:
        connection.execute(insert(Event), events)
        count_windows(connection, window_rows(events))
    for share in shares:
        _insert_reviews(connection, share)


def _advance(connection: Connection, share: Share) -> None:
    moved = connection.execute(
        update(Position)
        .where(
            Position.log_key == share.log_key,
            Position.topic_partition == share.topic_partition,
            Position.next_offset == share.expected,
        )
        .values(next_offset=share.next_offset)
    )
    if moved.rowcount != 1:
        raise OvertakenError(
            f"Another archive has moved {share.topic}-{share.topic_partition} on from offset"
            f" {share.expected:,}: this one has written nothing of what follows, and leaves. Run"
            " one archive per job and database."
        )


def _insert_reviews(connection: Connection, share: Share) -> None:
    if not share.reviews:
        return
    rows = [{"job": share.job, **share.place, **row} for row, _ in share.reviews]
    connection.execute(insert(ReviewRow), rows)
    about = [
        {**share.place, "topic_offset": row["topic_offset"], **each}
        for row, reviewed in share.reviews
        for each in reviewed
    ]
    if about:
        connection.execute(insert(ReviewedEvent), about)


def count_windows(connection: Connection, rows: Sequence[Row]) -> None:
    """Add these rows of ``WindowCount`` to those that are there."""
    if not rows:
        return
    adding = _insert(connection, WindowCount)
    adding = adding.on_conflict_do_update(
        index_elements=list(WindowCount.__table__.primary_key),
        set_={"events": WindowCount.events + adding.excluded.events},
    )
    connection.execute(adding, rows)
    if any(row["events"] < 0 for row in rows):
        connection.execute(delete(WindowCount).where(WindowCount.events <= 0))


def _insert(connection: Connection, table: type[Base]) -> Any:
    # The same words in both dialects, but in neither's common ground.
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)
