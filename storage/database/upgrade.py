"""Bringing a database to the tables of this version, by alembic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text

from storage.database.engine import Database
from storage.database.errors import DatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = 0x7669676965
"""Of PostgreSQL's advisory locks: the word "vigie". SQLite lets in one writer anyway."""


def upgrade(database: Database) -> None:
    """Make the tables, or bring them up to date; all of it or nothing.

    Raises:
        DatabaseError: a newer version of Vigie made them, or the database cannot be written.
    """
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            # Two archives start together; and a step may take longer than a query ever should.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        config = migrations(connection)
        _check(connection, config, database.name)
        command.upgrade(config, "head")


def migrations(connection: Connection) -> Config:
    """What alembic's commands want to know."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this version: a reader never changes them."""
    return set(MigrationContext.configure(connection).get_current_heads()) == _heads()


@cache
def _heads() -> frozenset[str]:
    return frozenset(ScriptDirectory(str(MIGRATIONS)).get_heads())


def _check(connection: Connection, config: Config, name: str) -> None:
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    newer = set(MigrationContext.configure(connection).get_current_heads()) - known
    if newer:
        raise DatabaseError(
            f"The archive's database {name} was made by a newer version of Vigie (step"
            f" {', '.join(sorted(newer))}): install that one, or set VIGIE_DATABASE__URL to"
            " another database."
        )
