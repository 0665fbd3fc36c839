"""Who only looks at the archive: a list without what it has already, and no right to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text

from schemas.events import Prediction
from storage.database import engine
from storage.database.engine import FILE_NAME, Database, open_to_read
from storage.database.errors import AwayError, DatabaseError
from storage.database.places import event_at, event_of, find_log, held_from, lags
from storage.database.queries import Cursor, EventFilter, event_page, events_above
from storage.database.rows import event_row
from storage.database.settings import DatabaseSettings
from storage.database.upgrade import is_current
from storage.database.writing import Share, append, begin_log
from tests.storage.databases import BACKENDS, JOB, NOON, TOPIC, opened, prediction, settings_of

EVERYTHING = EventFilter()
DRINKS = EventFilter(behaviours=("drink", "radio"))


@pytest.fixture(scope="module", params=BACKENDS)
def given(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Settings and folder of an archive of two logs, the newer one with two partitions."""
    settings, home = settings_of(request.param, request), tmp_path_factory.mktemp("reading")
    with opened(settings, home) as database:
        keep(database, "first", {0: range(5)})
        for n in range(0, 12, 4):  # of both in turn, as the archive gets them
            keep(database, "second", {0: range(n, n + 4), 1: range(n, n + 4)})
        yield settings, home


@pytest.fixture
def reader(given: tuple[DatabaseSettings, Path]) -> Iterator[Database]:
    database = open_to_read(*given)
    yield database
    database.close()


def made(partition: int, offset: int) -> Prediction:
    """Known a little before or after its neighbours, whatever its place."""
    moment = NOON + timedelta(seconds=offset + (offset * 7 + partition) % 4)
    behaviour = ("drink", "radio", "normal")[offset % 3]
    return prediction(offset, moment, source=f"cabin-{partition}", behaviour=behaviour)


def keep(database: Database, log_id: str, offsets: dict[int, range]) -> None:
    with database.writing() as connection:
        known = begin_log(connection, JOB, TOPIC, log_id, offsets)
        shares = []
        for partition, mine in offsets.items():
            rows = [{"topic_offset": n, **event_row(made(partition, n))} for n in mine]
            place = (JOB, TOPIC, known.log_key, partition, known.positions[partition])
            shares.append(Share(*place, mine.stop, rows))
        append(connection, shares)


def places(rows: Sequence[Row[Any]], log_key: int | None) -> list[tuple[bool, int, int]]:
    return [(row.log_key == log_key, row.topic_partition, row.topic_offset) for row in rows]


@pytest.mark.parametrize("wanted", [EVERYTHING, DRINKS])
@pytest.mark.parametrize("begins", [{}, {0: 7}, {0: 5, 1: 9}, {0: 0, 1: 0}, {0: 12, 1: 3}])
def test_what_is_held_is_left_out_and_nothing_else(
    reader: Database, wanted: EventFilter, begins: dict[int, int]
) -> None:
    with reader.reading() as connection:
        log_key = find_log(connection, TOPIC, "second")
        held = held_from(connection, log_key, begins)
        whole = event_page(connection, JOB, wanted, 100).events
        down: list[Row[Any]] = []
        page = event_page(connection, JOB, wanted, 3, None, held)
        while page.older:
            down += page.events
            page = event_page(connection, JOB, wanted, 3, page.older, held)
        down += page.events
        up: list[Row[Any]] = []
        above = Cursor(NOON, 0)
        while more := events_above(connection, JOB, wanted, above, 3, held):
            up = [*more, *up]
            above = Cursor(more[0].finished_at, more[0].event_key)

    expected = [
        place
        for place in places(whole, log_key)
        if not (place[0] and place[2] >= begins.get(place[1], 99))
    ]
    assert places(down, log_key) == places(up, log_key) == expected


def test_whether_the_archive_has_come_as_far_is_told_by_its_offsets(reader: Database) -> None:
    with reader.reading() as connection:
        log_key = find_log(connection, TOPIC, "second")
        assert find_log(connection, TOPIC, "third") is None
        assert find_log(connection, TOPIC, "from an address: \0") is None
        assert not lags(connection, log_key, {0: 12, 1: 3})
        assert lags(connection, log_key, {0: 12, 1: 13})
        assert lags(connection, None, {0: 1})
        assert not lags(connection, None, {0: 0})


def test_an_event_is_found_by_its_place_and_by_its_cursor(reader: Database) -> None:
    with reader.reading() as connection:
        log_key = find_log(connection, TOPIC, "second")
        row = event_at(connection, log_key, 1, 6)
        assert row is not None
        assert row.source_offset == 6
        cursor = Cursor(row.finished_at, row.event_key)
        assert event_of(connection, JOB, cursor) == row
        assert event_of(connection, "pets", cursor) is None
        # A key that was given once more, after its event was deleted.
        later = Cursor(row.finished_at + timedelta(seconds=1), row.event_key)
        assert event_of(connection, JOB, later) is None
        assert event_at(connection, log_key, 1, 99) is None


def test_who_looks_can_change_nothing(reader: Database) -> None:
    with pytest.raises(DatabaseError), reader.writing() as connection:
        connection.execute(text("DELETE FROM events"))
    with reader.reading() as connection:
        assert is_current(connection)
        assert len(event_page(connection, JOB, EVERYTHING, 100).events) == 29


def test_looking_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError), open_to_read(DatabaseSettings(), tmp_path).reading():
        pass
    assert not (tmp_path / FILE_NAME).exists()


def test_a_question_that_takes_too_long_is_given_up(
    given: tuple[DatabaseSettings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "READ_S", 1)
    database = open_to_read(*given)
    for_ever = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    with pytest.raises(AwayError), database.reading() as connection:
        connection.execute(text(for_ever))
    database.close()
