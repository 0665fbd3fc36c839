"""``vigie bench``: how fast the whole path is beside the bare model loop, and the live page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from schemas.errors import UsageError
from vigie.invocation import Invocation, JsonOption, invocation
from vigie.output import progress, say_json, table

if TYPE_CHECKING:
    from vigie.bench.marked import Part
    from vigie.bench.pictures import Stage


class Report(Protocol):
    """What a measurement found out."""

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person."""

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""


Measurement = tuple["Part", "Callable[[Stage], Report]"]
"""Where its figures belong in a document, and how they are measured.

Made by functions of their own because the libraries behind each take 0.5 s to import.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    context: typer.Context,
    images: Annotated[int, typer.Option(min=50, help="Images per round.")] = 1000,
    rounds: Annotated[
        int, typer.Option(min=1, help="Pairs of neighbouring rounds that are compared.")
    ] = 6,
    warm_up: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds of load before: a fresh broker is slower in its first half minute."
        ),
    ] = 30,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH|VERSION",
            help="Folder or version of a model to measure, as float32 beside int8; again for more."
            " Default: the one that serves.",
        ),
    ] = None,
    growth: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="REFERENCES",
            help="Measure instead speed and memory at a hundredth, a tenth and all of so many"
            " references (100000 take minutes).",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=2, help="Measure instead so many workers of one judging thread beside one alone."
        ),
    ] = None,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Measure instead other ways to put the model behind Kafka, beside this one; each"
            " gets an environment of its own (3 GB, downloaded once).",
        ),
    ] = False,
    page: Annotated[
        bool, typer.Option("--page", help="Measure instead the live page, in a real browser.")
    ] = False,
    history: Annotated[
        int, typer.Option(min=100, help="With --page: events in the topic beforehand.")
    ] = 100_000,
    seconds: Annotated[
        float, typer.Option(min=2, help="With --page: how long events are published.")
    ] = 30,
    pages: Annotated[int, typer.Option(min=1, help="With --page: pages that are open.")] = 100,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="Measure instead the archive, on SQLite and on PostgreSQL."),
    ] = False,
    events: Annotated[
        int, typer.Option(min=1000, help="With --archive: events in the database.")
    ] = 1_000_000,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.md", help="Also write the figures between their marks in this document."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure the bare model loop and the whole path on the real broker, side by side."""
    called = invocation(context)
    models: Sequence[str | None] = model or [None]
    if sum((growth is not None, workers is not None, peers, page, archive)) > 1:
        raise UsageError(
            "--growth, --workers, --peers, --page and --archive are measured one at a time: name"
            " one."
        )
    if growth is not None:
        part, measure = _growth(called, growth, warm_up, _only(models))
    elif workers is not None:
        part, measure = _workers(called, workers, images, rounds, warm_up, _only(models))
    elif peers:
        part, measure = _peers(called, images, rounds, warm_up, _only(models))
    elif page:
        part, measure = _page(called, history, seconds, pages)
    elif archive:
        part, measure = _archive(called, events)
    else:
        part, measure = _whole(called, images, rounds, warm_up, models)
    if write is not None:
        part.check(write)
    with progress("measuring") as bar:
        report = measure(bar.stage)
    if write is not None:
        part.write(write, report.markdown(datetime.now(UTC)))
    if json:
        say_json(report)
    else:
        table(part.command.removeprefix("vigie "), report.columns(), report.lines())


def _whole(
    called: Invocation, images: int, rounds: int, warm_up: float, models: Sequence[str | None]
) -> Measurement:
    from vigie.bench.report import WHOLE_PATH  # noqa: PLC0415
    from vigie.bench.run import run_bench  # noqa: PLC0415

    return WHOLE_PATH, lambda stage: run_bench(called, images, rounds, warm_up, models, stage)


def _growth(called: Invocation, largest: int, warm_up: float, model: str | None) -> Measurement:
    from vigie.bench.growth import GROWTH, run_growth  # noqa: PLC0415

    return GROWTH, lambda stage: run_growth(called, largest, warm_up, model, stage)


def _workers(
    called: Invocation, workers: int, images: int, rounds: int, warm_up: float, model: str | None
) -> Measurement:
    from vigie.bench.workers import WORKERS, run_workers  # noqa: PLC0415

    return WORKERS, lambda stage: run_workers(
        called, workers, images, rounds, warm_up, model, stage
    )


def _peers(
    called: Invocation, images: int, rounds: int, warm_up: float, model: str | None
) -> Measurement:
    from vigie.peers.run import PEERS_PART, run_peers  # noqa: PLC0415

    return PEERS_PART, lambda stage: run_peers(called, images, rounds, warm_up, model, stage)


def _page(called: Invocation, history: int, seconds: float, pages: int) -> Measurement:
    from vigie.bench.page import PAGE, run_page_bench  # noqa: PLC0415

    return PAGE, lambda stage: run_page_bench(called, history, seconds, pages, stage)


def _archive(called: Invocation, events: int) -> Measurement:
    from vigie.bench.archive import ARCHIVE, run_archive_bench  # noqa: PLC0415

    return ARCHIVE, lambda stage: run_archive_bench(called, events, stage)


def _only(models: Sequence[str | None]) -> str | None:
    if len(models) > 1:
        raise UsageError(f"{len(models)} models are named where one is measured: name one.")
    return models[0]
