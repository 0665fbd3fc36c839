"""``vigie settings``: the table of everything that can be set."""

from __future__ import annotations

import dataclasses

import typer

from vigie.invocation import JsonOption
from vigie.output import say, say_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings")(show)


def show(json: JsonOption = False) -> None:
    """Print every setting: its name in the environment, its default, what it is."""
    from vigie.settings import markdown_table, settings_table  # noqa: PLC0415 - it takes 0.25 s to import

    rows = settings_table()
    if json:
        say_json([dataclasses.asdict(row) for row in rows])
    else:
        say(markdown_table(rows))
