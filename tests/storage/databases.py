"""Both databases for one suite body, and events that are alike but for what a test says."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from schemas.events import Classification, Prediction
from schemas.reviews import Review
from storage.database.engine import Database, open_database
from storage.database.rows import Row, event_row, review_row
from storage.database.settings import DatabaseSettings
from storage.database.tables import Base
from storage.database.upgrade import upgrade
from storage.database.writing import Share, append, begin_log
from tests.schemas.samples import CLASSIFICATION, PREDICTION, REFERENCE

BACKENDS = ("sqlite", "postgresql")
JOB = "driver"
TOPIC = "vigie.driver.predictions"
REVIEWS = "vigie.driver.reviews"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

_numbers = itertools.count(1)


def settings_of(backend: str, request: pytest.FixtureRequest) -> DatabaseSettings:
    """Of an empty database of this kind."""
    if backend == "sqlite":
        return DatabaseSettings()
    name = f"vigie-{os.getpid()}-{next(_numbers)}"
    return DatabaseSettings(url=SecretStr(request.getfixturevalue("postgres").create(name)))


@contextmanager
def opened(settings: DatabaseSettings, home: Path) -> Iterator[Database]:
    """The database with its tables."""
    database = open_database(settings, home)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()


def prediction(offset: int, finished_at: datetime = NOON, **changes: Any) -> Prediction:
    """The prediction for a reference; outcome, source and subject as told."""
    of_reference = {name: changes.pop(name) for name in ("source", "subject") if name in changes}
    of_outcome = {
        field.name: changes.pop(field.name)
        for field in dataclasses.fields(Classification)
        if field.name in changes
    }
    whole: dict[str, Any] = {
        "source_offset": offset,
        "finished_at": finished_at,
        "published_at": finished_at - timedelta(milliseconds=20),
        "reference": dataclasses.replace(REFERENCE, reference_id=f"r{offset}", **of_reference),
        "outcome": dataclasses.replace(CLASSIFICATION, **of_outcome),
    }
    return dataclasses.replace(PREDICTION, **(whole | changes))


def keep(
    database: Database,
    events: Sequence[Prediction],
    reviews: Sequence[Review] = (),
    log_id: str = "first",
) -> None:
    """Archive these behind what is archived already."""
    with database.writing() as connection:
        append(connection, [*shares(connection, TOPIC, log_id, events=events)])
        append(connection, [*shares(connection, REVIEWS, log_id, reviews=reviews)])


def shares(
    connection: Any,
    topic: str,
    log_id: str = "first",
    events: Sequence[Prediction] = (),
    reviews: Sequence[Review] = (),
) -> Iterator[Share]:
    known = begin_log(connection, JOB, topic, log_id, [0])
    at = known.positions[0]
    rows = [{"topic_offset": at + n, **event_row(one)} for n, one in enumerate(events)]
    people = []
    for n, one in enumerate(reviews):
        row, about = review_row(one)
        people.append(({"topic_offset": at + n, **row}, about))
    behind = at + len(rows) + len(people)
    if behind > at:
        yield Share(JOB, topic, known.log_key, 0, at, behind, rows, people)


def all_of(database: Database, table: type[Base]) -> list[Row]:
    """Every row of a table."""
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def column(database: Database, table: type[Base], name: str) -> list[Any]:
    """One column of every row, sorted."""
    return sorted(row[name] for row in all_of(database, table))
