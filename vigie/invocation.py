"""What every command is called with: the settings, and how its results are wanted."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vigie.settings import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="What the images are judged for: driver.")
]
JobOption = Annotated[str, typer.Option("--job", help="What the images are judged for.")]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PATH|VERSION",
        help="Folder or version of another model (VIGIE_INFERENCE__MODEL);"
        " `vigie models` lists the versions.",
    ),
]
DataOption = Annotated[
    Path,
    typer.Option("--data", help="Folder with one sub-folder of images per class.", metavar="DIR"),
]


@dataclass(frozen=True)
class Invocation:
    """The options before the command's name."""

    home: Path | None
    config: Path | None
    options: tuple[str, ...]

    @cached_property
    def settings(self) -> Settings:
        """Read when first needed: the library behind takes 0.25 s to import.

        Raises:
            ConfigurationError: a setting is wrong.
            UsageError: an option is not ``name=value``.
        """
        from vigie.settings import load_settings  # noqa: PLC0415

        return load_settings(home=self.home, config=self.config, options=self.options)

    def command(self, *words: str, options: tuple[str, ...] = ()) -> list[str]:
        """The command line of another ``vigie`` process with the same settings."""
        line = [sys.executable, "-P", "-m", "vigie", "--home", str(self.settings.home.absolute())]
        if self.config:
            line += ["--config", str(self.config.absolute())]
        for option in (*self.options, *options):
            line += ["--set", option]
        return [*line, *words]


def invocation(context: typer.Context) -> Invocation:
    """The options before the command's name, from Typer's context."""
    found = context.find_object(Invocation)
    if found is None:
        raise TypeError("a command is called without the options before its name")
    return found
