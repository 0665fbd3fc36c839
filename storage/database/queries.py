"""What is asked of the archive: a page of events, and counts. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from schemas.events import SEVERITIES, Severity
from schemas.statistics import DAY_S, HOUR_S
from storage.database.rows import window_of
from storage.database.tables import Event, WindowCount
from storage.database.types import UtcDateTime

MOST_ON_A_PAGE = 500
MOST_BEHAVIOURS = 50
"""Of a filter: five times those of the largest job."""

MOST_COUNTS = 20_000
"""Counts given at once: a month by the hour for some twenty cameras."""

Dimension = Literal["day", "hour", "source", "severity", "behaviour", "reason", "model_version"]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; what is not named does not matter.

    Attributes:
        behaviours: any of these.
        confidence: smallest and largest, both included; failures have none.
        since: first moment that an outcome was known.
        until: the moment behind the last.
    """

    severity: Severity | None = None
    behaviours: tuple[str, ...] = ()
    source: str | None = None
    reason: str | None = None
    confidence: tuple[float, float] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.behaviours) > MOST_BEHAVIOURS:
            raise ValueError(f"{len(self.behaviours)} behaviours; at most {MOST_BEHAVIOURS}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place between two events of a list: behind this one, in falling order."""

    finished_at: datetime
    event_key: int


@dataclass(frozen=True, slots=True)
class Held:
    """Events that who asks has already: of one log, per partition those from one event on.

    Attributes:
        first_keys: per partition the ``event_key`` of the first that is held; none where none of
            those held is archived.
        is_all: whether something is held, and archived, of every partition of the log. What is
            archived later than all of that is then held too.
    """

    log_key: int
    first_keys: Mapping[int, int]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first, as rows with the columns of ``Event``.

    ``older`` is where the next page begins; ``None``: there are no older ones.
    """

    events: tuple[Row[Any], ...]
    older: Cursor | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many events share these values, one per dimension asked for."""

    values: tuple[Any, ...]
    events: int


def event_page(
    connection: Connection,
    job: str,
    wanted: EventFilter,
    size: int = 50,
    behind: Cursor | None = None,
    held: Held | None = None,
) -> Page:
    """A page of events, newest first, beginning behind a cursor, without those that are held.

    By keyset: each page costs what it holds, however far back it is. Of several behaviours each is
    asked alone, so that an index gives its newest ones in order, and the newest of all are taken.

    Raises:
        ValueError: the size is not from 1 to ``MOST_ON_A_PAGE``.
    """
    _check_size(size)
    rows = _nearest(connection, job, wanted, size + 1, behind, held)
    last = rows[size - 1] if len(rows) > size else None
    return Page(tuple(rows[:size]), Cursor(last.finished_at, last.event_key) if last else None)


def events_above(
    connection: Connection,
    job: str,
    wanted: EventFilter,
    above: Cursor,
    size: int = 50,
    held: Held | None = None,
) -> tuple[Row[Any], ...]:
    """The events next above a cursor, newest first, as ``event_page`` gives those behind it.

    Raises:
        ValueError: the size is not from 1 to ``MOST_ON_A_PAGE``.
    """
    _check_size(size)
    rows = _nearest(connection, job, wanted, size, above, held, rising=True)
    return tuple(reversed(rows))


def _check_size(size: int) -> None:
    if not 1 <= size <= MOST_ON_A_PAGE:
        raise ValueError(f"a page of {size} events; from 1 to {MOST_ON_A_PAGE}")


def _nearest(
    connection: Connection,
    job: str,
    wanted: EventFilter,
    size: int,
    place: Cursor | None,
    held: Held | None,
    *,
    rising: bool = False,
) -> Sequence[Row[Any]]:
    """The events next to a place, the nearest first: in falling order, or in rising."""
    alone = [replace(wanted, behaviours=(key,)) for key in dict.fromkeys(wanted.behaviours)]
    each = [_one_way(job, one, size, place, held, rising=rising) for one in alone or [wanted]]
    if len(each) == 1:
        return connection.execute(each[0]).all()
    found = union_all(*(select(one.subquery()) for one in each)).subquery()
    order = _order(found.c.finished_at, found.c.event_key, rising=rising)
    return connection.execute(select(found).order_by(*order).limit(size)).all()


def _one_way(
    job: str,
    wanted: EventFilter,
    size: int,
    place: Cursor | None,
    held: Held | None,
    *,
    rising: bool,
) -> Select[Any]:
    conditions = [*_conditions(job, wanted), *_not_held(held)]
    asked: Select[Any] = select(Event.__table__).where(*conditions)
    if place is not None:
        pair = tuple_(Event.finished_at, Event.event_key)
        at = tuple_(literal(place.finished_at, Event.finished_at.type), place.event_key)
        # Alone, the pair would not let the index begin at the moment.
        near = (
            (Event.finished_at >= place.finished_at, pair > at)
            if rising
            else (Event.finished_at <= place.finished_at, pair < at)
        )
        asked = asked.where(*near)
    order = _order(Event.finished_at, Event.event_key, rising=rising)
    return asked.order_by(*order).limit(size)


def _order(*columns: Any, rising: bool) -> list[Any]:
    return [column.asc() if rising else column.desc() for column in columns]


def _not_held(held: Held | None) -> list[ColumnElement[bool]]:
    """By the key alone where that will do, which every index has: what is held costs little."""
    if held is None or not held.first_keys:
        return []
    last = max(held.first_keys.values())
    found = [Event.event_key < last] if held.is_all else []
    return found + [
        or_(
            Event.log_key != held.log_key,
            Event.topic_partition != partition,
            Event.event_key < first,
        )
        for partition, first in held.first_keys.items()
        if first < last or not held.is_all
    ]


def severity_counts(connection: Connection, job: str, wanted: EventFilter) -> dict[Severity, int]:
    """How many of the kept events match, per severity."""
    oldest = connection.execute(
        select(func.min(Event.finished_at)).where(Event.job == job)
    ).scalar_one()
    if oldest is None:
        return dict.fromkeys(SEVERITIES, 0)
    # Counts outlive their events: what cannot be listed is not counted.
    since = max(filter(None, (oldest, wanted.since)))
    found = counts(connection, job, replace(wanted, since=since), ("severity",))
    return dict.fromkeys(SEVERITIES, 0) | {one.values[0]: one.events for one in found}


def counts(
    connection: Connection, job: str, wanted: EventFilter, by: Sequence[Dimension]
) -> list[Count]:
    """How many events match, per value of these dimensions, ``MOST_COUNTS`` at most.

    Whole days and hours come from their counts, which also know of events that are deleted; what
    the period has beside them, and any filter on confidence, from the events themselves.

    Raises:
        ValueError: no dimension is named.
    """
    if not by:
        raise ValueError("counts by nothing: name a dimension")
    sizes = () if wanted.confidence else (HOUR_S,) if "hour" in by else (DAY_S, HOUR_S)
    parts = [
        _part(connection, job, replace(wanted, since=since, until=until), by, size_s)
        for since, until, size_s in _periods(wanted.since, wanted.until, sizes)
    ]
    found = union_all(*parts).subquery() if len(parts) > 1 else parts[0].subquery()
    keys = [found.c[name] for name in by]
    total = func.sum(found.c.events)
    asked = select(*keys, total).group_by(*keys).order_by(*keys).limit(MOST_COUNTS)
    return [Count(tuple(row[:-1]), int(row[-1])) for row in connection.execute(asked).all()]


def _periods(
    since: datetime | None, until: datetime | None, sizes: tuple[int, ...]
) -> list[tuple[datetime | None, datetime | None, int | None]]:
    """The period in parts: whole windows of these sizes, falling, and what is left on either side.

    ``None`` as a size means that no window is whole there.
    """
    if not sizes:
        return [(since, until, None)]
    size_s, *finer = sizes
    first, last = since and _window_after(since, size_s), until and window_of(until, size_s)
    if first and last and first >= last:
        return _periods(since, until, tuple(finer))
    parts: list[tuple[datetime | None, datetime | None, int | None]] = [(first, last, size_s)]
    if since != first:
        parts += _periods(since, first, tuple(finer))
    if until != last:
        parts += _periods(last, until, tuple(finer))
    return parts


def _window_after(moment: datetime, size_s: int) -> datetime:
    """The first window that begins at this moment or later."""
    start = window_of(moment, size_s)
    return start if start == moment else start + timedelta(seconds=size_s)


def _part(
    connection: Connection,
    job: str,
    wanted: EventFilter,
    by: Sequence[Dimension],
    size_s: int | None,
) -> Select[Any]:
    """Counts of one part of the period, from windows of this size or from the events."""
    table = WindowCount if size_s else Event
    number = func.sum(WindowCount.events) if size_s else func.count()
    conditions = _window_conditions(job, size_s, wanted) if size_s else _conditions(job, wanted)
    columns = [_column(connection, table, name).label(name) for name in by]
    return select(*columns, number.label("events")).where(*conditions).group_by(*columns)


def _column(
    connection: Connection, table: type[Event | WindowCount], name: Dimension
) -> ColumnElement[Any]:
    """A dimension, with the same values whichever table it is read from."""
    if name in {"day", "hour"}:
        moment = Event.finished_at if table is Event else WindowCount.start
        return _begin_of(connection, name, moment)
    # Of all, also where nothing can be missing: SQLite would read a whole index to have its groups
    # in order, instead of the few entries of the period.
    return func.coalesce(getattr(table, name), "")


def _begin_of(
    connection: Connection, window: str, moment: InstrumentedAttribute[datetime]
) -> ColumnElement[datetime]:
    if connection.dialect.name == "sqlite":
        form = {"day": "%Y-%m-%d 00:00:00.000000", "hour": "%Y-%m-%d %H:00:00.000000"}[window]
        return type_coerce(func.strftime(form, moment), UtcDateTime())
    return func.date_trunc(window, moment, "UTC", type_=UtcDateTime())


def _conditions(job: str, wanted: EventFilter) -> list[ColumnElement[bool]]:
    found = [Event.job == job, *_same(Event, wanted)]
    if wanted.confidence is not None:
        found.append(Event.confidence.between(*wanted.confidence))
    if wanted.since is not None:
        found.append(Event.finished_at >= wanted.since)
    if wanted.until is not None:
        found.append(Event.finished_at < wanted.until)
    return found


def _window_conditions(job: str, size_s: int, wanted: EventFilter) -> list[ColumnElement[bool]]:
    found = [WindowCount.job == job, WindowCount.size_s == size_s, *_same(WindowCount, wanted)]
    if wanted.since is not None:
        found.append(WindowCount.start >= wanted.since)
    if wanted.until is not None:
        found.append(WindowCount.start < wanted.until)
    return found


def _same(table: type[Event | WindowCount], wanted: EventFilter) -> list[ColumnElement[bool]]:
    """What both tables can be asked alike."""
    found = []
    if wanted.severity is not None:
        found.append(table.severity == wanted.severity)
    if len(wanted.behaviours) == 1:  # an index can go on to the moment behind one value only
        found.append(table.behaviour == wanted.behaviours[0])
    elif wanted.behaviours:
        found.append(table.behaviour.in_(wanted.behaviours))
    if wanted.source is not None:
        found.append(table.source == wanted.source)
    if wanted.reason is not None:
        found.append(table.reason == wanted.reason)
    return found
