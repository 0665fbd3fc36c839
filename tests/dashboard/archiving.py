"""An archive beside a page: events of a topic as the archive would have kept them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete

from dashboard.feed.items import Place
from schemas.events import Prediction
from storage.database.engine import Database
from storage.database.rows import Row, event_row
from storage.database.tables import Event, Log, Position, WindowCount
from storage.database.writing import Share, append, begin_log
from transport.topics import JobTopics


def archive(database: Database, job: str, log_id: str, events: Mapping[Place, Prediction]) -> None:
    """Keep these events of the job's topic with this id, in the order of their partitions."""
    topic = JobTopics(job).predictions
    if not events:
        return
    rows: dict[int, list[Row]] = {}
    for place, made in events.items():
        rows.setdefault(place.partition, []).append(
            {"topic_offset": place.offset, **event_row(made)}
        )
    with database.writing() as connection:
        known = begin_log(connection, job, topic, log_id, rows)
        shares = [
            Share(
                *(job, topic, known.log_key, partition, known.positions[partition]),
                mine[-1]["topic_offset"] + 1,
                mine,
            )
            for partition, mine in rows.items()
        ]
        append(connection, shares)


def clear(database: Database) -> None:
    """Leave nothing but the tables."""
    with database.writing() as connection:
        for table in (Event, Position, Log, WindowCount):
            connection.execute(delete(table))
