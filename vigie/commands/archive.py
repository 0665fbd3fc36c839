"""``vigie archive`` and ``vigie forget``: the past in a database, and a person taken out of it."""

from __future__ import annotations

from typing import Annotated

import typer

from vigie.commands.feed import BROKER_WAIT_S
from vigie.commands.serve import TopicsOption, WaitOption
from vigie.invocation import JobArgument, JsonOption, invocation
from vigie.output import say, say_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (archive, forget):
        app.command()(command)


def archive(
    context: typer.Context, job: JobArgument, topics: TopicsOption = None, wait: WaitOption = False
) -> None:
    """Keep predictions and reviews of a job in a database, exactly once (VIGIE_DATABASE__URL)."""
    from consumers.archive.service import open_archive, run_archive  # noqa: PLC0415
    from storage.database.engine import open_database  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.jobs import check_job  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import find_cluster, stop_on_signals, vitals_of  # noqa: PLC0415

    configure_logs()
    settings = invocation(context).settings
    names = JobTopics(topics or check_job(job))
    database = open_database(settings.database, settings.home)
    stop = stop_on_signals()
    wait_s = BROKER_WAIT_S if wait else 0.0
    with vitals_of("archive", job, settings, stop) as vitals:
        vitals.waits("the database")
        if not open_archive(database, wait_s, stop):
            return
        cluster = find_cluster(settings, wait_s, stop)
        run_archive(
            cluster, database, names, settings.database, settings.kafka.topics, stop, vitals
        )


def forget(
    context: typer.Context,
    job: JobArgument,
    subject: Annotated[
        str, typer.Option(metavar="NAME", help="Whose events, as the image references name them.")
    ],
    json: JsonOption = False,
) -> None:
    """Delete a subject's events from the archive, with their reviews, counts and bytes.

    The topics still hold them until they expire, and the image store until its files are deleted.
    """
    from storage.database.engine import open_database  # noqa: PLC0415
    from storage.database.retention import forget_subject  # noqa: PLC0415
    from storage.database.upgrade import upgrade  # noqa: PLC0415

    settings = invocation(context).settings
    database = open_database(settings.database, settings.home)
    upgrade(database)
    found = forget_subject(database, job, subject)
    if json:
        say_json(found)
        return
    say(f"{found.events} events of this subject deleted from {database.name}.")
    if not found.erased:
        say(
            "Their bytes are overwritten when nobody reads the database any more: run this once"
            " more."
        )
