"""``vigie verify`` and ``vigie dead-letters``: what the topics themselves prove and keep."""

from __future__ import annotations

import random
from typing import Annotated

import typer

from schemas.errors import EXIT_ERROR
from vigie.invocation import JobArgument, JsonOption, invocation
from vigie.output import progress, say, say_json, table

dead_letters = typer.Typer(help="The untouched originals of failed images.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Only those with this reason.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    context: typer.Context,
    job: JobArgument,
    sample: Annotated[
        int, typer.Option(min=0, help="Judge this many stored images again, and compare.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(help="Draws the same sample again.")] = None,
    json: JsonOption = False,
) -> None:
    """Prove one prediction per reference, in the same order, without gap or double.

    Exit code 1 and the first offence otherwise.
    """
    from consumers.inference.verify import recompute_with  # noqa: PLC0415
    from consumers.inference.verify import verify as verify_topics  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.jobs import check_job, configured_loader  # noqa: PLC0415
    from vigie.runtime import find_cluster, image_store  # noqa: PLC0415

    settings = invocation(context).settings
    cluster = find_cluster(settings)
    recompute = None
    if sample:
        load = configured_loader(job, settings)
        recompute = recompute_with(load(), image_store(settings))
    with progress("reading both topics") as bar:
        found = verify_topics(
            cluster,
            JobTopics(check_job(job)),
            sample,
            recompute,
            random.Random(seed),  # noqa: S311 - draws a sample, keeps no secret
            bar.advance,
        )
    if json:
        say_json(found)
    else:
        say(
            f"{found.references} references, {found.predictions} predictions"
            f" ({found.failures} failures), {found.waiting} waiting, {found.recomputed} judged"
            f" again: {found.offence or 'one prediction per reference, in order'}"
        )
    if not found.holds:
        raise typer.Exit(EXIT_ERROR)


@dead_letters.command("list")
def list_letters(
    context: typer.Context, job: JobArgument, reason: Reason = None, json: JsonOption = False
) -> None:
    """Show the dead letters of a job, oldest first."""
    from transport.dead_letters import read_dead_letters  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.jobs import check_job  # noqa: PLC0415
    from vigie.runtime import find_cluster  # noqa: PLC0415

    cluster = find_cluster(invocation(context).settings)
    letters = [
        {
            "offset": letter.offset,
            "reason": letter.reason,
            "detail": letter.detail,
            "reference_id": letter.reference_id,
            "source_offset": letter.source_offset,
            "published_at": letter.published_at,
            "size_bytes": len(letter.value or b""),
        }
        for letter in read_dead_letters(cluster, JobTopics(check_job(job)))
        if reason in (None, letter.reason)
    ]
    if json:
        say_json(letters)
    elif letters:
        shown = ("offset", "reason", "published_at", "detail")
        table("dead letters", shown, ([letter[name] for name in shown] for letter in letters))
    else:
        say("no dead letters")


@dead_letters.command("replay")
def replay(
    context: typer.Context,
    job: JobArgument,
    reason: Reason = None,
    offset: Annotated[
        int | None, typer.Option(min=0, help="Only the one at this offset of the dead letters.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Send dead letters to the job's images topic again, in their order."""
    from transport.dead_letters import read_dead_letters, replay_dead_letters  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.jobs import check_job  # noqa: PLC0415
    from vigie.runtime import find_cluster  # noqa: PLC0415

    cluster = find_cluster(invocation(context).settings)
    topics = JobTopics(check_job(job))
    wanted = (
        letter
        for letter in read_dead_letters(cluster, topics)
        if reason in (None, letter.reason) and offset in (None, letter.offset)
    )
    sent = replay_dead_letters(cluster, topics, wanted)
    if json:
        say_json({"replayed": sent})
    else:
        say(f"{sent} sent again")
