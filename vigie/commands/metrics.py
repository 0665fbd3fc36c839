"""``vigie metrics``: the table of everything that Prometheus can scrape."""

from __future__ import annotations

import dataclasses

import typer

from vigie.invocation import JsonOption
from vigie.output import say, say_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics")(show)


def show(json: JsonOption = False) -> None:
    """Print every metric: its name, its kind, which process serves it, what it is."""
    from vigie.metrics import markdown_table, metrics_table  # noqa: PLC0415

    rows = metrics_table()
    if json:
        say_json([dataclasses.asdict(row) for row in rows])
    else:
        say(markdown_table(rows))
