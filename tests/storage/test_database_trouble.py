"""What goes wrong with a database is said in a sentence; what is deleted is gone from its files."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from schemas.errors import EXIT_CONFIGURATION
from storage.database.engine import FILE_NAME, Database, open_database
from storage.database.errors import AwayError, DatabaseError
from storage.database.retention import forget_subject
from storage.database.settings import DatabaseSettings
from storage.database.tables import Event
from storage.database.upgrade import upgrade
from tests.disks import bound_by_rights, small_disk
from tests.storage.databases import column, keep, opened, prediction
from vigie.bench.postgres import Postgres

PASSWORD = "s3cr3t-w0rd"  # noqa: S105 - of no server


def at(url: str) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(url))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(DatabaseSettings(), tmp_path) as found:
        yield found


def files_hold(home: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in home.glob(f"{FILE_NAME}*"))


def test_a_forgotten_subject_is_in_no_file_of_the_database(
    database: Database, tmp_path: Path
) -> None:
    name = "somebody-in-particular"
    keep(database, [prediction(n, subject=name, source=f"{name}-{n % 7}") for n in range(500)])
    keep(database, [prediction(n) for n in range(500, 600)])
    assert files_hold(tmp_path, name)
    found = forget_subject(database, "driver", name)

    assert (found.events, found.erased) == (500, True)
    assert not files_hold(tmp_path, name)
    assert column(database, Event, "source_offset") == [*range(500, 600)]


def test_bytes_that_somebody_still_reads_are_told_of_and_gone_afterwards(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.retention.ERASE_S", 0.05)
    keep(database, [prediction(0, subject="somebody")])
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
        assert not forget_subject(database, "driver", "somebody").erased
    assert forget_subject(database, "driver", "somebody").erased
    assert not files_hold(tmp_path, "somebody")


def test_the_file_is_nobody_elses_to_read(database: Database, tmp_path: Path) -> None:
    keep(database, [prediction(0)])
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob(f"{FILE_NAME}*")}

    assert set(modes.values()) == {0o600}


def test_readers_see_the_last_commit_while_somebody_writes(database: Database) -> None:
    keep(database, [prediction(0)])
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM events")

        assert column(database, Event, "source_offset") == [0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://name:{PASSWORD}@host/vigie", "begins with 'mysql'"),
        (f"postgresql://name:{PASSWORD}@host/vigie", "begins with 'postgresql'"),
        (f"name:{PASSWORD}@host", "is not an address"),
        (f"postgresql+psycopg://name:{PASSWORD}@host:port/x", "is not an address"),
        ("sqlite://", "names no file"),
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(
    url: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseError, match=words) as refused:
        open_database(at(url), tmp_path)

    assert PASSWORD not in str(refused.value)
    assert "VIGIE_DATABASE__URL" in str(refused.value)


def test_the_settings_do_not_show_the_password() -> None:
    assert PASSWORD not in repr(at(f"postgresql+psycopg://name:{PASSWORD}@host/vigie"))


def test_a_missing_driver_is_named_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseError, match=r"vigie\[postgres\]"):
        open_database(at("postgresql+psycopg://name@host/vigie"), tmp_path)


def test_a_server_that_is_not_there_is_away(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://name:{PASSWORD}@127.0.0.1:1/vigie"
    with pytest.raises(AwayError, match="does not answer") as away:
        upgrade(open_database(at(url), tmp_path))

    assert away.value.exit_code == EXIT_CONFIGURATION
    assert PASSWORD not in str(away.value)
    assert "127.0.0.1:1/vigie" in str(away.value)


def test_a_server_that_refuses_is_a_matter_for_a_person(postgres: Postgres, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="refuses us") as refused:
        upgrade(open_database(at(postgres.url("no-such-database")), tmp_path))

    assert not isinstance(refused.value, AwayError)


def test_a_file_that_may_not_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(mode=0o400)
    with bound_by_rights(), pytest.raises(DatabaseError, match="give this user the right"):
        open_database(DatabaseSettings(), tmp_path)


def test_a_file_that_became_read_only_is_said_so(tmp_path: Path) -> None:
    with opened(DatabaseSettings(), tmp_path) as database:
        keep(database, [prediction(0)])
        database.close()
        (tmp_path / FILE_NAME).chmod(0o400)
        with bound_by_rights(), pytest.raises(DatabaseError, match="cannot be written"):
            keep(database, [prediction(1)])


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("Dear diary, " * 500)
    with pytest.raises(DatabaseError, match="is no database"):
        upgrade(open_database(DatabaseSettings(), tmp_path))


def test_a_full_disk_takes_nothing_by_halves_and_all_of_it_later(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path, 8) as disk,
        opened(DatabaseSettings(), disk.path) as database,
    ):
        keep(database, [prediction(0)])
        disk.fill(but=100_000)
        many = [prediction(n) for n in range(1, 2001)]
        with pytest.raises(AwayError, match="free space there"):
            keep(database, many)
        assert column(database, Event, "source_offset") == [0]
        disk.make_room()
        keep(database, many)

        assert column(database, Event, "source_offset") == [*range(2001)]


def test_who_holds_it_for_too_long_is_away(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.engine.WAIT_S", 0.1)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AwayError, match="Another process holds"):
            upgrade(open_database(DatabaseSettings(), tmp_path))
