"""``vigie chaos``: whether the promises hold on this very installation."""

from __future__ import annotations

from typing import Annotated

import typer

from schemas.errors import EXIT_ERROR
from vigie.commands.feed import EXIT_INTERRUPTED
from vigie.invocation import JsonOption, invocation
from vigie.output import progress, say_json, table, tell


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chaos)


def chaos(
    context: typer.Context,
    # Each kill waits for 5 % of the images and takes at most 3 % more to begin: a fourth round of
    # three kills just fits. More often, the broker's guard would take it for broken.
    images: Annotated[
        int, typer.Option(min=500, max=100_000, help="Simulated images to send.")
    ] = 2000,
    kills: Annotated[
        int, typer.Option(min=1, max=4, help="How often worker and broker are killed each.")
    ] = 3,
    broker: Annotated[
        bool,
        typer.Option(
            "--broker",
            help="Kill the embedded broker too when it runs already: whoever uses it waits some"
            " seconds each time, nothing is lost, and its guard starts it again. Without this, only"
            " a broker started for this run is killed.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Kill worker and broker under load, on topics of its own; compare what went in and came out.

    A broker that runs already, or another cluster, is left alone. Takes a minute or two and leaves
    nothing behind. Exit code 1 when an answer is missing, double or out of order.
    """
    from vigie.chaos.ground import LOG_FILE  # noqa: PLC0415
    from vigie.chaos.run import Interrupted, run_chaos  # noqa: PLC0415
    from vigie.runtime import stop_on_signals  # noqa: PLC0415

    stop = stop_on_signals()
    try:
        with progress("starting") as bar:
            report = run_chaos(
                invocation(context), images, kills, stop, bar.stage, tell, broker=broker
            )
    except Interrupted:
        tell("vigie: ended before all was done; nothing is left of it.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if json:
        say_json(report)
    else:
        table("chaos", ("what", "found"), report.lines())
    if not report.exact:
        tell(f"What the worker said stands in {invocation(context).settings.logs / LOG_FILE}.")
        raise typer.Exit(EXIT_ERROR)
