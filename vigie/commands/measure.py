"""``vigie bench``: how fast the whole path is beside the bare model loop, and the live page."""

from __future__ import annotations

from typing import Annotated

import typer

from vigie.invocation import Invocation, JsonOption, invocation
from vigie.output import progress, say_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    context: typer.Context,
    images: Annotated[int, typer.Option(min=50, help="Images per round.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each measurement.")] = 3,
    page: Annotated[
        bool, typer.Option("--page", help="Measure the live page instead, in a real browser.")
    ] = False,
    history: Annotated[
        int, typer.Option(min=100, help="With --page: events in the topic beforehand.")
    ] = 100_000,
    seconds: Annotated[
        float, typer.Option(min=2, help="With --page: how long events are published.")
    ] = 30,
    pages: Annotated[int, typer.Option(min=1, help="With --page: pages that are open.")] = 100,
    json: JsonOption = False,
) -> None:
    """Measure the bare model loop and the whole path on the real broker, side by side."""
    if page:
        _bench_page(invocation(context), history, seconds, pages, json)
        return
    from vigie.bench.run import run_bench  # noqa: PLC0415

    with progress("measuring") as bar:
        report = run_bench(invocation(context), images, rounds, bar.stage)
    if json:
        say_json(report)
    else:
        table("bench", ("what", "value"), report.lines())


def _bench_page(
    called: Invocation, history: int, seconds: float, pages: int, as_json: bool
) -> None:
    from vigie.bench.page import run_page_bench  # noqa: PLC0415

    with progress("measuring") as bar:
        report = run_page_bench(called, history, seconds, pages, bar.stage)
    if as_json:
        say_json(report)
    else:
        table("bench of the page", ("what", "value", "aim"), report.lines())
