"""Where the events of a topic stand in the archive. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from storage.database.queries import Cursor, Held
from storage.database.rows import kept
from storage.database.tables import Event, Log, Position


def find_log(connection: Connection, topic: str, log_id: str) -> int | None:
    """The key of a topic with this id; ``None``: nothing of it is archived."""
    asked = select(Log.log_key).where(Log.topic == topic, Log.log_id == kept(log_id))
    return connection.execute(asked).scalar_one_or_none()


def lags(connection: Connection, log_key: int | None, begins: Mapping[int, int]) -> bool:
    """Whether the archive lacks events of the log from before these offsets, one per partition."""
    reached = _reached(connection, log_key)
    return any(reached.get(partition, 0) < begin for partition, begin in begins.items())


def held_from(connection: Connection, log_key: int | None, begins: Mapping[int, int]) -> Held:
    """All events of the log from these offsets on, one per partition, as far as archived."""
    found: dict[int, int] = {}
    for partition, begin in begins.items():
        mine = (Event.log_key == log_key, Event.topic_partition == partition)
        asked = select(Event.event_key).where(*mine, Event.topic_offset >= begin)
        key = connection.execute(asked.order_by(Event.topic_offset).limit(1)).scalar_one_or_none()
        if key is not None:
            found[partition] = key
    is_all = set(found) >= set(_reached(connection, log_key))
    return Held(log_key or 0, found, is_all)


def event_of(connection: Connection, job: str, cursor: Cursor) -> Row[Any] | None:
    """The event itself that a cursor stands at, as a row with the columns of ``Event``.

    The key alone would not do: that of an event which was deleted may be given once more.
    """
    mine = (Event.event_key == cursor.event_key, Event.finished_at == cursor.finished_at)
    asked = select(Event.__table__).where(Event.job == job, *mine)
    return connection.execute(asked).one_or_none()


def event_at(
    connection: Connection, log_key: int | None, partition: int, offset: int
) -> Row[Any] | None:
    """The event at a place of a log, as a row with the columns of ``Event``."""
    place = (Event.topic_partition == partition, Event.topic_offset == offset)
    asked = select(Event.__table__).where(Event.log_key == log_key, *place)
    return connection.execute(asked).one_or_none()


def _reached(connection: Connection, log_key: int | None) -> dict[int, int]:
    asked = select(Position).where(Position.log_key == log_key)
    return {row.topic_partition: row.next_offset for row in connection.execute(asked)}
