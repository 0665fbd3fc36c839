"""The home folder is held by one ``vigie up`` at a time, which says there who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import BinaryIO

from schemas.errors import ConfigurationError

NOTE = "up.json"


@dataclass(frozen=True)
class Held:
    """A home folder that is ours.

    Attributes:
        unclean: whether who held it before was killed, and may have left processes that are ending.
    """

    home: Path
    unclean: bool
    note: BinaryIO

    def tell(self, link: str) -> None:
        """Leave process id and link for whoever is refused.

        Raises:
            ConfigurationError: the disk is full.
        """
        try:
            self.note.truncate(0)
            self.note.write(json.dumps({"pid": os.getpid(), "link": link}).encode())
        except OSError as error:
            raise _unwritable(self.home, error) from error


@contextmanager
def hold(home: Path) -> Iterator[Held]:
    """Make the home folder and hold it.

    Raises:
        ConfigurationError: another process holds it, or it cannot be written.
    """
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
        (home / "cameras").mkdir(exist_ok=True)
        note = (home / NOTE).open("a+b", buffering=0)
    except OSError as error:
        raise _unwritable(home, error) from error
    with note:  # unbuffered: what a full disk refused is not written again by closing
        note.seek(0)
        left = note.read()
        try:
            flock(note, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(_runs_already(home, left)) from None
        try:
            yield Held(home, bool(left), note)
        finally:
            note.truncate(0)


def _runs_already(home: Path, note: bytes) -> str:
    try:
        found = json.loads(note)
        who = f"process {found['pid']}, {found['link']}"
    except (ValueError, KeyError, TypeError):
        who = "just starting"
    return (
        f"Vigie already runs on {home} ({who}). Open its page, end it with Ctrl-C where it was"
        " started, or set VIGIE_HOME to another folder."
    )


def _unwritable(home: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The home folder {home} cannot be written: {error.strerror}. Free disk space, give this"
        " user the right to write there, or set VIGIE_HOME to another folder."
    )
