"""The tables come from migrations alone, on both databases, and are those that the code knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text as sql

from storage.database.engine import Database
from storage.database.errors import DatabaseError
from storage.database.tables import Base, Event
from storage.database.upgrade import is_current, upgrade
from tests.schemas.samples import PREDICTION
from tests.storage.databases import BACKENDS, all_of, keep, opened, settings_of


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with opened(settings_of(request.param, request), tmp_path) as found:
        yield found


def test_the_tables_are_those_of_the_migrations(database: Database) -> None:
    with database.writing() as connection:
        differences: Any = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        assert is_current(connection)

    assert differences == []


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database: Database) -> None:
    keep(database, [PREDICTION])
    upgrade(database)

    assert len(all_of(database, Event)) == 1


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version of Vigie") as refused:
        upgrade(database)

    assert refused.value.exit_code == 4
