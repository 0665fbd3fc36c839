"""``vigie bench``: how fast the whole path is beside the bare model loop."""

from __future__ import annotations

from typing import Annotated

import typer

from vigie.invocation import JsonOption, invocation
from vigie.output import progress, say_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    context: typer.Context,
    images: Annotated[int, typer.Option(min=50, help="Images per round.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each measurement.")] = 3,
    json: JsonOption = False,
) -> None:
    """Measure the bare model loop and the whole path on the real broker, side by side."""
    from vigie.bench.run import run_bench  # noqa: PLC0415

    with progress("measuring") as bar:
        report = run_bench(invocation(context), images, rounds, bar.stage)
    if json:
        say_json(report)
    else:
        table("bench", ("what", "value"), report.lines())
