"""What a folder producer remembers over restarts: files done with, and how far the topic is known.

One SQLite file per watched folder and job. Looked up file by file, so that a folder of any size
costs disk and not memory.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from producers.errors import PublishError
from producers.files import FileStamp
from schemas.errors import ConfigurationError

FORGET_AFTER_S = 7 * 24 * 3600
"""A file that is gone this long is forgotten. Sooner, a network drive that was away over a holiday
would be new when it returns; later, a camera that deletes its old files would fill the disk."""

UNKNOWN_STATE = -1
"""Time or size of a file whose content is known from the topic only."""

_TABLES = """
CREATE TABLE IF NOT EXISTS identity (watch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,        -- as the system spells it, which need not be text
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT,                  -- of what was published last; NULL: skipped
    gone_since REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topic (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A file in its state when it was done with; ``sha256`` is ``None`` where it was skipped."""

    stamp: FileStamp
    sha256: str | None


class Memory:
    """Opened with `Memory.open`; every method is one SQLite transaction, whole or nothing."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, folder: Path, watched: Path, job: str, host: str) -> Iterator[Self]:
        """Open the memory of a watched folder, or begin it.

        Args:
            folder: where memories are kept.
            watched: the folder it is about, resolved.
            job: the job its images are for.
            host: the machine's name: two machines may watch folders of the same path.

        Raises:
            ConfigurationError: it cannot be written or is no database.
        """
        digest = _digest(job, os.fspath(watched))
        path = folder / f"folder-{digest}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, isolation_level=None)
            _prepare(database, _digest(job, os.fspath(watched), host))
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"The memory of the camera folder, {path}, cannot be used: {error}. Give this user"
                " the right to write there. A broken file may be deleted: it is made anew from"
                " the topic."
            ) from error
        try:
            yield cls(database)
        finally:
            database.close()

    @property
    def watch(self) -> str:
        """The identity of this watched folder: the same at every start."""
        return str(self._database.execute("SELECT watch FROM identity").fetchone()[0])

    def offsets(self) -> dict[int, int]:
        """Per partition, the offset from which the topic may hold what is not remembered."""
        return dict(self._database.execute("SELECT partition, next FROM topic"))

    def find(self, path: str) -> Known | None:
        """What is known about the file at a path."""
        row = self._database.execute(
            "SELECT mtime_ns, size, sha256 FROM files WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return Known(FileStamp(path, row[0], row[1]), row[2]) if row else None

    def knows(self, stamp: FileStamp) -> bool:
        """Whether this very state of the file is done with."""
        known = self.find(stamp.path)
        return known is not None and known.stamp == stamp

    def remember(self, files: Iterable[Known], offsets: Mapping[int, int] | None = None) -> None:
        """Remember files as done with and, in the same transaction, how far the topic is known."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, NULL)",
                (
                    (
                        os.fsencode(file.stamp.path),
                        file.stamp.mtime_ns,
                        file.stamp.size,
                        file.sha256,
                    )
                    for file in files
                ),
            )
            database.executemany(
                "INSERT OR REPLACE INTO topic VALUES (?, ?)", (offsets or {}).items()
            )

    def forget_gone(self, present: Iterable[str], now: float) -> int:
        """Forget the files that are gone for `FORGET_AFTER_S` seconds; how many these are.

        Args:
            present: the paths of all files that are there now.
            now: the time in seconds since any fixed moment, the same over restarts.
        """
        with self._transaction() as database:
            database.execute("CREATE TEMP TABLE present (path BLOB PRIMARY KEY) WITHOUT ROWID")
            database.executemany(
                "INSERT OR IGNORE INTO present VALUES (?)", ((os.fsencode(p),) for p in present)
            )
            database.execute(
                "UPDATE files SET gone_since = NULL"
                " WHERE gone_since IS NOT NULL AND path IN (SELECT path FROM present)"
            )
            database.execute(
                "UPDATE files SET gone_since = ?"
                " WHERE gone_since IS NULL AND path NOT IN (SELECT path FROM present)",
                (now,),
            )
            forgotten = database.execute(
                "DELETE FROM files WHERE gone_since <= ?", (now - FORGET_AFTER_S,)
            ).rowcount
            database.execute("DROP TABLE present")
        return forgotten

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:  # commits, or rolls back on any error
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
        except sqlite3.Error as error:
            raise PublishError(
                f"The memory of the camera folder cannot be written: {error}. Free disk space or"
                " give this user the right to write there, then start again."
            ) from error


def _prepare(database: sqlite3.Connection, watch: str) -> None:
    # WAL with NORMAL survives kill -9 whole. A power cut may take the last commits: the offset
    # goes with the files, so that the topic tells what they were.
    database.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;"
        + _TABLES
    )
    database.execute(
        "INSERT INTO identity SELECT ? WHERE NOT EXISTS (SELECT 1 FROM identity)", (watch,)
    )


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
