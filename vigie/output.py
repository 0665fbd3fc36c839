"""What goes to a person or a program: results to stdout, everything else to stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from schemas.errors import EXIT_ERROR, RefusedError, VigieError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar(Protocol):
    """A progress bar."""

    def advance(self, done: int, total: int | None = None) -> None:
        """Show ``done`` steps of ``total`` (unknown: ``None``)."""

    def stage(self, what: str, done: int, total: int) -> None:
        """The same, and what is being done."""


def say(text: str) -> None:
    """One line of a result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """One JSON object on one line; dataclasses become objects, paths and times texts."""
    say(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def error_object(error: VigieError | RefusedError) -> dict[str, str]:
    """What a program gets instead of a result: a stable code and one sentence."""
    code = getattr(error, "reason", None) or getattr(error, "code", VigieError.code)
    return {"code": str(code), "error": str(error)}


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people, on stdout."""
    from rich.console import Console  # noqa: PLC0415 - 0.05 s that JSON output need not pay
    from rich.table import Table  # noqa: PLC0415

    drawn = Table(title=title, title_justify="left", highlight=True)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*map(str, row))
    Console().print(drawn)


def exit_code(error: VigieError | RefusedError) -> int:
    """What a process ends with that this error ended."""
    return error.exit_code if isinstance(error, VigieError) else EXIT_ERROR


@contextmanager
def progress(what: str, unit: str | None = None) -> Iterator[Bar]:
    """A progress bar on stderr; nothing where stderr is no terminal.

    With a ``unit`` it also shows how many of these a second, and the time that remains.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    pace = (TextColumn("{task.fields[pace]}"), TimeRemainingColumn()) if unit else ()
    with Progress(
        *columns,
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *pace,
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    ) as shown:
        yield _RichBar(shown, shown.add_task(what, total=None, pace=""), unit)


@dataclasses.dataclass(frozen=True)
class _RichBar:
    shown: Progress
    task: TaskID
    unit: str | None

    def advance(self, done: int, total: int | None = None) -> None:
        speed = self.shown.tasks[0].speed
        pace = f"{speed:.0f} {self.unit}/s" if speed and self.unit else ""
        self.shown.update(self.task, completed=done, total=total, pace=pace)

    def stage(self, what: str, done: int, total: int) -> None:
        self.shown.update(self.task, description=what, completed=done, total=total)
