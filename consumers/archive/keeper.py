"""Deletes what is too old, a little at a time, between two batches of the archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from storage.database.engine import Database
from storage.database.retention import purge

EVERY = timedelta(hours=1)
"""Between two looks: against days, an hour more is nothing."""

log = structlog.get_logger()


class Keeper:
    """Keeps events and reviews for so long, and no trace of them afterwards.

    Args:
        database: where they are.
        job: whose they are.
        keep: for how long; ``None``: for ever.
        clock: what time it is, UTC.
        deleted: told how many rows are gone.
    """

    def __init__(
        self,
        database: Database,
        job: str,
        keep: timedelta | None,
        clock: Callable[[], datetime],
        deleted: Callable[[int], None],
    ) -> None:
        self._database = database
        self._job = job
        self._keep = keep
        self._clock = clock
        self._told = deleted
        self._next: datetime | None = None
        self._gone = 0

    def step(self) -> None:
        """Delete the next some rows, if it is time; call it again and again.

        Raises:
            DatabaseError: the database does not answer. The next call goes on where it was.
        """
        now = self._clock()
        if self._keep is None or (self._next is not None and now < self._next):
            return
        with self._database.writing() as connection:
            rows = sum(purge(connection, self._job, now - self._keep))
        self._gone += rows
        self._told(rows)
        # Who had the database before may have been killed before it erased. And while somebody
        # reads the old state, nothing can be: then the next call tries again.
        owes = self._gone or self._next is None
        if not rows and (not owes or self._database.erase_deleted()):
            if self._gone:
                log.info("old_rows_deleted", rows=self._gone)
            self._gone, self._next = 0, now + EVERY
