"""Figures in a document: the part between two marks is written by the command.

The prose around it stays. One document holds several parts, each with its own marks, so that each
measurement renews its own figures only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.errors import UsageError
from vigie.bench.machine import Machine


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document.

    Attributes:
        name: what its figures are about.
        command: what measures them; with ``--write FILE`` it also writes them there.
    """

    name: str
    command: str

    @property
    def begin(self) -> str:
        """The mark before it."""
        return f"<!-- {self.name}: written by `{self.command}` -->"

    @property
    def end(self) -> str:
        """The mark behind it."""
        return f"<!-- end of {self.name} -->"

    def check(self, file: Path) -> None:
        """See that the part can be written, before anybody waits for figures.

        Raises:
            UsageError: the file cannot be read, or has not exactly one such part.
        """
        self.replaced(_text(file), "", str(file))

    def write(self, file: Path, body: str) -> None:
        """Replace what stands between the marks.

        Raises:
            UsageError: see `check`.
        """
        file.write_text(self.replaced(_text(file), body, str(file)), "utf-8")

    def replaced(self, text: str, body: str, where: str = "the document") -> str:
        """The text with another body between the marks.

        Raises:
            UsageError: it has not exactly one such part.
        """
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end or self.begin in rest or self.end in before + after:
            raise UsageError(
                f"{where} has no place for {self.name}, or more than one: put these two lines"
                f" where the figures belong, once and in this order: {self.begin} {self.end}"
            )
        return f"{before}{begin}\n{body}\n{end}{after}"


def origin(command: str, machine: Machine, now: datetime) -> str:
    """The sentence that says where and when figures were measured."""
    return f"Measured by `{command}` on {now:%Y-%m-%d}: {machine}."


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; cells are written as they are."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}. Name a text file with marks.") from error
