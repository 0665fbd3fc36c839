"""``vigie statistics``: counts the predictions of a job per window of time."""

from __future__ import annotations

from typing import Annotated

import typer

from vigie.commands.feed import BROKER_WAIT_S
from vigie.commands.serve import TopicsOption, WaitOption
from vigie.invocation import JobArgument, invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(statistics)


def statistics(
    context: typer.Context,
    job: JobArgument,
    again: Annotated[
        bool,
        typer.Option("--again", help="Count anew, from the oldest prediction that is kept."),
    ] = False,
    topics: TopicsOption = None,
    wait: WaitOption = False,
) -> None:
    """Count the predictions of a job per minute, hour and day, each exactly once."""
    from consumers.statistics.logs import speak_seldom  # noqa: PLC0415
    from consumers.statistics.service import run_statistics  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import find_cluster, stop_on_signals, vitals_of  # noqa: PLC0415

    configure_logs()
    speak_seldom()
    settings = invocation(context).settings
    stop = stop_on_signals()
    with vitals_of("statistics", job, settings, stop) as vitals:
        run_statistics(
            find_cluster(settings, BROKER_WAIT_S if wait else 0.0, stop),
            JobTopics(topics or job),
            settings.statistics,
            settings.kafka.topics,
            stop,
            vitals,
            again=again,
        )
