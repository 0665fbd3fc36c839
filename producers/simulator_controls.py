"""What a person wants of the simulated cameras, and what these do: two small files.

The page writes the wish and reads the status; ``vigie simulate`` does the opposite. Both are read
as text from outside: bounded, checked, refused with the file's name.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from producers.errors import PublishError
from producers.settings import CameraCount, ImageRate, SimulatorSettings
from schemas.errors import ConfigurationError

FILE_BYTES = 4096
"""Ten times what either file needs."""

HEARTBEAT_S = 1.0
ALIVE_S = 5.0
"""A status older than this is of a process that is gone: four heartbeats were missed."""

LOCK_POLL_S = 0.25
"""How late a simulator that waits for another one's end notices it."""

State = Literal["running", "stopped", "absent"]


class Wish(BaseModel):
    """What the cameras shall do."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    running: bool = True
    cameras: CameraCount
    rate: ImageRate
    behaviour: Annotated[int, Field(ge=0, le=9)] | None = None  # none: drivers do as they like


class Status(BaseModel):
    """What the cameras do.

    Attributes:
        at: when this was written, seconds since 1970.
        last_image_at: when the last image was written; ``None`` before the first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    pid: int
    at: float
    running: bool
    last_image_at: float | None = None


class Controls:
    """The files of one home folder."""

    def __init__(self, folder: Path, settings: SimulatorSettings) -> None:
        """``settings`` give what the wish does not say."""
        self._folder = folder
        self._wish = folder / "simulator.json"
        self._status = folder / "simulator-status.json"
        self._set = Wish(cameras=settings.cameras, rate=settings.rate)

    @property
    def as_set(self) -> Wish:
        """What holds while nobody wished anything: cameras that run as the settings say."""
        return self._set

    def wish(self) -> Wish:
        """What is wanted now.

        Raises:
            ConfigurationError: the file holds what it may not.
        """
        stored = _read(self._wish)
        if stored is None:
            return self._set
        try:
            return Wish.model_validate({**self._set.model_dump(), **stored})
        except ValidationError as error:
            raise _wrong(self._wish, explain(error)) from error

    def change(self, wish: Wish) -> None:
        """Want something else. Only what differs from the settings is kept, so these stay in force.

        Raises:
            PublishError: the file cannot be written.
        """
        as_set = self._set.model_dump()
        kept = {name: value for name, value in wish.model_dump().items() if value != as_set[name]}
        self._write(self._wish, kept)

    def state(self, now: float) -> tuple[State, Status | None]:
        """What the cameras do; a status that cannot be read or is old is that of none."""
        try:
            found = _read(self._status)
            status = Status.model_validate(found) if found else None
        except (ConfigurationError, ValidationError):
            status = None
        if status is None or not -ALIVE_S < now - status.at < ALIVE_S:
            return "absent", status
        return ("running" if status.running else "stopped"), status

    def tell(self, status: Status) -> None:
        """Say what the cameras do.

        Raises:
            PublishError: the file cannot be written.
        """
        self._write(self._status, status.model_dump())

    @contextmanager
    def held(self, stop: threading.Event) -> Iterator[bool]:
        """Be the only simulator on these files; waits for another one's end.

        Yields:
            ``False`` when told to stop before.

        Raises:
            PublishError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "simulator.lock").open("ab")
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        with lock:
            while not (ours := _locked(lock.fileno())) and not stop.wait(LOCK_POLL_S):
                pass
            try:
                yield ours
            finally:
                if ours:
                    self._status.unlink(missing_ok=True)

    def _write(self, path: Path, values: dict[str, Any]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._folder, prefix=".", encoding="utf-8", delete=False
            ) as part:
                part.write(json.dumps(values))
            Path(part.name).replace(path)
        except OSError as error:
            raise _unwritable(path, error) from error


def explain(error: ValidationError) -> str:
    """The first offence: the field, its value and its limit."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return "it is not JSON"
    if first["type"] == "extra_forbidden":
        return f"there is no field {name[:60]!r}, only {', '.join(Wish.model_fields)}"
    limit = first["msg"][:1].lower() + first["msg"][1:]
    return f"{name[:60] or 'it'} is {first['input']!r:.60}, but {limit}"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _wrong(path, f"it cannot be read ({error.strerror})") from error
    if len(data) > FILE_BYTES:
        raise _wrong(path, f"it has more than the {FILE_BYTES:,} bytes allowed")
    try:
        found = json.loads(data)
    except ValueError as error:
        raise _wrong(path, f"it is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise _wrong(path, "it is no JSON object")
    return found


def _locked(descriptor: int) -> bool:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wrong(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The simulator's file {path} is not as it must be: {why}. Delete it, or start the"
        " simulator anew on the page (Try it)."
    )


def _unwritable(path: Path, error: OSError) -> PublishError:
    return PublishError(
        f"The simulator's file {path} cannot be written: {error.strerror}. Free disk space or give"
        " this user the right to write there."
    )
