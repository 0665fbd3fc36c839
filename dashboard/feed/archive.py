"""The archive's database as the page may ask it: looked at only, and never waited for long.

Whoever asks waits in a thread of their own, so the event loop and the live feed never do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

import structlog
from sqlalchemy import Connection

from storage.database.engine import Database
from storage.database.errors import DatabaseError
from storage.database.upgrade import is_current

AT_ONCE = 4
"""Questions at the same time: the page has forty threads, and most are for pictures."""

TURN_S = 1.0
"""How long one more waits for its turn; an answer takes some milliseconds."""

REST_S = 2.0
"""A database that did not answer is left alone for so long, so that pages are not kept waiting."""

Trouble = Literal["none", "other", "away"]
"""none: there is no archive; other: another version of Vigie made it; away: it does not answer."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class NoArchiveError(Exception):
    """The archive cannot be asked now; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Archive:
    """Asks the database, wherever it is. Safe between threads.

    Args:
        open_database: gives the database to look at; raises DatabaseError.
        clock: seconds, steady.
    """

    def __init__(
        self, open_database: Callable[[], Database], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open = open_database
        self._clock = clock
        self._opening = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)
        self._database: Database | None = None
        self._rests_until = float("-inf")
        self._told = ""

    def ask(self, question: Callable[[Connection], T]) -> T:
        """What ``question`` finds in one view of the database.

        Raises:
            NoArchiveError: there is none, it is of another version, or it does not answer.
        """
        if self._clock() < self._rests_until or not self._turns.acquire(timeout=TURN_S):
            raise NoArchiveError("away")
        try:
            return self._asked(question)
        except DatabaseError as error:
            self._rests_until = self._clock() + REST_S
            self._tell(str(error))
            raise NoArchiveError("away") from error
        finally:
            self._turns.release()

    def close(self) -> None:
        """Let go of all connections."""
        if self._database:
            self._database.close()

    def _asked(self, question: Callable[[Connection], T]) -> T:
        database = self._opened()
        if database.file and not database.file.is_file():
            raise NoArchiveError("none")
        with database.reading() as connection:
            if not is_current(connection):
                raise NoArchiveError("other")
            found = question(connection)
        self._told = ""
        return found

    def _opened(self) -> Database:
        with self._opening:
            self._database = self._database or self._open()
            return self._database

    def _tell(self, error: str) -> None:
        """Say why when it begins, not every time."""
        if self._told != error:
            log.warning("archive_unreadable", error=error)
        self._told = error
