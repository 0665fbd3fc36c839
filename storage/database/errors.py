"""What can go wrong with a database, in sentences. None of them holds a password."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import URL

from schemas.errors import EXIT_CONFIGURATION, EXIT_FATAL, VigieError

MOST_WORDS = 300
"""Characters of a driver's own words: what matters comes first."""


class DatabaseError(VigieError):
    """The database cannot be used before a person changes something."""

    code: ClassVar[str] = "database"
    exit_code: ClassVar[int] = EXIT_CONFIGURATION


class AwayError(DatabaseError):
    """The database does not take it now; it may later, without anybody changing a setting."""

    code: ClassVar[str] = "database_away"


class OvertakenError(VigieError):
    """Another archive wrote to the same database: nothing of ours was, and we leave."""

    code: ClassVar[str] = "overtaken"
    exit_code: ClassVar[int] = EXIT_FATAL


def name_of(url: URL) -> str:
    """What people call the database: the file, or the address without the password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    # Not the rest of it: options of the driver may hold a password too.
    plain = (url.drivername, url.username, None, url.host, url.port, url.database)
    return URL.create(*plain).render_as_string()


def told(error: BaseException | None, url: URL) -> DatabaseError | None:
    """The sentence for a driver's own error; ``None``: it is no trouble of the database's."""
    if url.get_backend_name() == "sqlite":
        return _told_by_sqlite(error, name_of(url))
    return _told_by_postgresql(error, url)


def _told_by_sqlite(error: BaseException | None, name: str) -> DatabaseError | None:
    code = str(getattr(error, "sqlite_errorname", ""))
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return DatabaseError(
            f"The archive's database {name} cannot be written ({error}): give this user the right"
            " to write the file and its folder, or set VIGIE_DATABASE__URL to another one."
        )
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return DatabaseError(
            f"The file {name} is no database, or damaged ({error}): restore it from a backup, or"
            " move it away; the archive is then made anew from what the topics still hold."
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return AwayError(
            f"The disk of the archive's database {name} is full or does not answer ({error}): free"
            " space there."
        )
    if code.startswith("SQLITE_INTERRUPT"):
        return AwayError(
            f"The archive's database {name} did not answer in time ({error}): give its disk less to"
            " do."
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return AwayError(
            f"Another process holds the archive's database {name} for too long ({error}): end it."
        )
    return None


FULL = "53100"
REFUSED = ("28", "3D", "42501")
"""SQLSTATEs (or their classes) about who logs in, which database, and what they may do there."""

PASSING = ("starting up", "shutting down", "recovery mode", "too many", "remaining connection")
"""What a server says at the door when it will let us in later. No SQLSTATE comes this way."""

TROUBLE = frozenset({"OperationalError", "InterfaceError", "InternalError"})
"""Kinds of the database API that are not about what was asked."""


def _told_by_postgresql(error: BaseException | None, url: URL) -> DatabaseError | None:
    state = str(getattr(error, "sqlstate", None) or "")
    words = _without_password(str(error), url)
    name = name_of(url)
    if state == FULL:
        return AwayError(f"The disk of the archive's database {name} is full: free space there.")
    at_the_door = not state and "FATAL:" in words and not any(each in words for each in PASSING)
    if state.startswith(REFUSED) or at_the_door:
        return DatabaseError(
            f"The archive's database {name} refuses us ({words}): check name, password, database"
            " and rights in VIGIE_DATABASE__URL."
        )
    if any(kind.__name__ in TROUBLE for kind in type(error).__mro__):
        return AwayError(
            f"The archive's database {name} does not answer ({words}): start it, or check host and"
            " port in VIGIE_DATABASE__URL."
        )
    return None


def _without_password(words: str, url: URL) -> str:
    # libpq repeats no password; should one ever do, it goes no further.
    line = " ".join(words.split())
    return (line.replace(str(url.password), "***") if url.password else line)[:MOST_WORDS]
