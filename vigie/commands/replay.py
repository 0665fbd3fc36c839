"""``vigie replay``: old references through another model, beside the live topics."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from vigie.commands.feed import EXIT_INTERRUPTED
from vigie.invocation import JobArgument, JsonOption, invocation
from vigie.output import progress, say, say_json, table

if TYPE_CHECKING:
    from consumers.replay.service import Summary
    from vigie.changes import Changes

NICENESS = 10
"""On a machine that it shares with the worker, a replay takes the time that live images leave."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    context: typer.Context,
    job: JobArgument,
    model: Annotated[
        str,
        typer.Option(
            metavar="PATH|VERSION", help="The other model: its folder, or one of `vigie models`."
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="First moment, like 2026-11-21T09:30 (UTC). Default: the oldest kept.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TIME", help="Moment behind the last. Default: when it is started."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start over, also when it was done before.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Judge old images again with another model, exactly once, into vigie.JOB.replays.

    The live topics stay as they are. Stopped or killed, the same command goes on where it was; the
    page shows under Replays which verdicts changed.
    """
    from consumers.replay.period import parse_period  # noqa: PLC0415
    from consumers.replay.service import run_replay  # noqa: PLC0415
    from transport.replays import replay_group  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.changes import count_changes  # noqa: PLC0415
    from vigie.jobs import classifier_loader  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import find_cluster, image_store, stop_on_signals  # noqa: PLC0415

    configure_logs(logging.WARNING)
    settings = invocation(context).settings
    period, topics = parse_period(since, until), JobTopics(job)
    cluster = find_cluster(settings)
    load = classifier_loader(job, settings.storage.max_image_bytes, model, settings.home)
    os.nice(NICENESS)
    stop = stop_on_signals()
    with progress("replaying", unit="references") as bar:
        found = run_replay(
            cluster,
            image_store(settings),
            topics,
            load,
            period,
            settings.inference,
            settings.kafka.topics,
            stop,
            again=again,
            on_progress=bar.advance,
        )
    group = replay_group(topics, found.model_version, period)
    changes = count_changes(cluster, topics, group) if found.references else None
    if json:
        say_json(asdict(found) | {"changes": changes})
    else:
        say(_sentence(found))
        _show(changes)
    if not found.finished:
        raise typer.Exit(EXIT_INTERRUPTED)


def _show(changes: Changes | None) -> None:
    if changes is None:
        return
    say(f"{changes.compared} verdicts compared with the live ones, {changes.changed} changed.")
    if changes.moves:
        heads = ("live verdict", "replayed verdict", "images")
        table("changed verdicts", heads, ((*move[:2], str(move[2])) for move in changes.moves))


def _sentence(found: Summary) -> str:
    so_far = f"{found.references} references in {found.topic}, {found.failures} of them failures"
    if not found.finished:
        return f"{found.run}: stopped with {so_far}. The same command goes on there."
    if not found.references:
        return f"{found.run}: no reference was in this period. `--again` looks once more."
    if not found.judged:
        return f"{found.run}: finished already, {so_far}. `--again` starts over."
    return (
        f"{found.run}: finished, {so_far}; {found.judged} judged in {found.seconds:.1f} s."
        " The page shows under Replays what changed."
    )
