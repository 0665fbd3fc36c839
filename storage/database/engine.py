"""Connections to the archive's database, SQLite or PostgreSQL, with what each needs to be safe."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from storage.database.errors import DatabaseError, name_of, told
from storage.database.settings import DatabaseSettings

FILE_NAME = "archive.db"

WAIT_S = 5
"""For another writer, an answer or a connection. Ours hold the database for milliseconds; a process
told to end must do so within 10 s."""

READ_S = 2
"""The same for who only looks: a person waits for it. libpq takes no less for a connection."""

STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: a millisecond."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for the writer
    # A power cut may take the last transactions, but never half of one: rows and offsets go
    # together, and what is lost is read from the topic again.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten, not merely let go
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",  # a sort leaves no copy of events in a temporary file
)
_TRUNCATE = "PRAGMA wal_checkpoint(TRUNCATE)"
_READS_ONLY = "-c default_transaction_read_only=on"


class Database:
    """One database. Its errors are sentences (``DatabaseError``)."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url = url
        self.name = name_of(url)
        self._engine = engine

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        is_file = self.url.get_backend_name() == "sqlite" and self.url.database
        return Path(str(self.url.database)) if is_file else None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises:
            AwayError: the database does not take it now. Whether a commit that was asked for
                still happened is then not known.
            DatabaseError: it will not, until a person changes something.
        """
        with self._sentences(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One view of the database, which waits for no writer and keeps none waiting.

        Raises:
            DatabaseError: see ``writing``.
        """
        with self._sentences(), self._engine.connect() as connection:
            yield connection.execution_options(vigie_reads=True)

    def size_bytes(self) -> int:
        """What it takes on its disk.

        Raises:
            DatabaseError: see ``writing``.
        """
        if file := self.file:
            sizes = 0
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    sizes += Path(f"{file}{suffix}").stat().st_size
            return sizes
        with self.reading() as connection:
            asked = select(func.pg_database_size(func.current_database()))
            return int(connection.execute(asked).scalar_one())

    def erase_deleted(self, patience_s: float = 0.0) -> bool:
        """Let no file of SQLite's hold what was deleted; false while somebody reads the old state.

        Who reads is waited for no longer than ``patience_s``.

        The overwritten pages are still in the write-ahead log beside the old ones: they are moved
        into the database, and the log is cut to nothing. PostgreSQL tidies by itself (VACUUM).

        Raises:
            DatabaseError: see ``writing``.
        """
        if self.file is None:
            return True
        with self._sentences():
            connection = self._engine.raw_connection()
            try:  # by the driver itself: SQLAlchemy would begin a transaction
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}")
                [busy, *_] = cursor.execute(_TRUNCATE).fetchone()
                cursor.execute(f"PRAGMA busy_timeout={WAIT_S * 1000}")
            finally:
                connection.close()
        return not busy

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            sentence = told(error.orig if isinstance(error, DBAPIError) else error, self.url)
            if sentence is None:
                raise
            raise sentence from error


def open_database(settings: DatabaseSettings, home: Path) -> Database:
    """The database of the settings. Nothing is asked of it yet, but its driver is there.

    Raises:
        DatabaseError: the address is none, its driver is missing, or the folder cannot be made.
    """
    url = _url(settings, home)
    if url.get_backend_name() == "sqlite":
        return Database(url, _sqlite(url))
    return Database(url, _postgresql(url, WAIT_S))


def open_to_read(settings: DatabaseSettings, home: Path) -> Database:
    """The same for who only looks: nothing is made or changed, and no question takes long.

    What takes longer than ``READ_S`` is given up (``AwayError``). SQLite's file need not be there
    yet; nothing of it is held between two questions.

    Raises:
        DatabaseError: the address is none, or its driver is missing.
    """
    url = _url(settings, home)
    if url.get_backend_name() == "sqlite":
        return Database(url, _sqlite_to_read(url))
    return Database(url, _postgresql(url, READ_S, _READS_ONLY))


def _url(settings: DatabaseSettings, home: Path) -> URL:
    secret = settings.url.get_secret_value() if settings.url else None
    return _parse(secret) if secret else URL.create("sqlite", database=str(home / FILE_NAME))


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not "from" it: its words repeat the address, which may hold a password.
        raise _wrong_url("is not an address") from None
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise _wrong_url(f"begins with {url.drivername[:50]!r}")
    if url.drivername == "sqlite" and url.database in {None, "", ":memory:"}:
        raise _wrong_url("names no file")
    return url


def _wrong_url(why: str) -> DatabaseError:
    return DatabaseError(
        f"VIGIE_DATABASE__URL {why}: set it to postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE or"
        " sqlite:////FILE, or leave it unset for a file under VIGIE_HOME."
    )


def _sqlite(url: URL) -> Engine:
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Events are about people: nobody else reads the file, nor its log, which inherits this.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"The archive's database {file} cannot be written: {error.strerror}. Free disk space,"
            " give this user the right to write there, or set VIGIE_DATABASE__URL to another one."
        ) from error
    engine = create_engine(url, connect_args={"timeout": WAIT_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and too late: see `_begin`.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    # A writer takes its place at once: whoever reads first and then wants to write is refused
    # when another wrote meanwhile.
    reads = connection.get_execution_options().get("vigie_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _sqlite_to_read(url: URL) -> Engine:
    address = f"{Path(str(url.database)).absolute().as_uri()}?mode=ro"
    connect = partial(sqlite3.connect, address, uri=True, timeout=READ_S, isolation_level=None)
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin_to_read)
    return engine


def _begin_to_read(connection: Connection) -> None:
    ends = time.monotonic() + READ_S
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
    connection.exec_driver_sql("BEGIN")


def _postgresql(url: URL, wait_s: int, more: str = "") -> Engine:
    wait = {
        "connect_timeout": wait_s,
        "options": f"-c timezone=UTC -c statement_timeout={wait_s}s -c lock_timeout={wait_s - 1}s"
        f" {more}",
        # A server that vanished without a word is noticed as soon as one that is slow.
        "keepalives_idle": wait_s,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": wait_s * 1000,
        "application_name": "vigie",
    }
    try:
        return create_engine(url, connect_args=wait, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise DatabaseError(
            "VIGIE_DATABASE__URL names PostgreSQL, but its driver is not installed: install it with"
            " `pip install 'vigie[postgres]'`, or leave the setting unset for SQLite."
        ) from error
