"""``vigie up``, ``infer``, ``web``: the processes that stay."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from vigie.commands.feed import BROKER_WAIT_S
from vigie.invocation import JobArgument, JobOption, ModelOption, invocation

WaitOption = Annotated[bool, typer.Option("--wait", hidden=True)]
TopicsOption = Annotated[
    str | None,
    typer.Option("--topics", hidden=True, help="Serve topics of another name: for measurements."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, infer, web):
        app.command()(command)


def up(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(help="Port of the page (VIGIE_DASHBOARD__PORT); 0: a free one.")
    ] = None,
    simulate: Annotated[
        bool | None,
        typer.Option(
            help="Start or stop the simulated cabin cameras. Default: as the page left them;"
            " the first time they run."
        ),
    ] = None,
) -> None:
    """Start everything: broker, worker, folder watcher, page, simulated cameras. Ctrl-C ends it."""
    from vigie.runtime import stop_on_signals  # noqa: PLC0415
    from vigie.up import run_up  # noqa: PLC0415

    run_up(invocation(context), stop_on_signals(), port=port, simulate=simulate)


def infer(
    context: typer.Context,
    job: JobArgument,
    model: ModelOption = None,
    topics: TopicsOption = None,
    wait: WaitOption = False,
) -> None:
    """Judge the images of a job: the ordered worker."""
    from consumers.inference.service import run_worker  # noqa: PLC0415
    from transport.topics import JobTopics  # noqa: PLC0415
    from vigie.jobs import configured_loader  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import (  # noqa: PLC0415
        find_cluster,
        image_store,
        spare_imports,
        stop_on_signals,
        vitals_of,
    )

    configure_logs()
    settings = invocation(context).settings
    load = configured_loader(job, settings, model)
    stop = stop_on_signals()
    spare_imports()
    with vitals_of("worker", job, settings, stop) as vitals:
        run_worker(
            find_cluster(settings, BROKER_WAIT_S if wait else 0.0, stop),
            image_store(settings),
            JobTopics(topics or job),
            load,
            settings.inference,
            settings.kafka.topics,
            stop,
            vitals,
        )


def web(
    context: typer.Context,
    job: JobOption = "driver",
    topics: TopicsOption = None,
    wait: WaitOption = False,
) -> None:
    """Serve the live page."""
    from dashboard.serve import serve  # noqa: PLC0415
    from storage.database.engine import open_to_read  # noqa: PLC0415
    from transport.health.vitals import Vitals  # noqa: PLC0415
    from transport.topics import JobTopics, ensure_topics  # noqa: PLC0415
    from vigie.jobs import job_labels  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import (  # noqa: PLC0415
        find_cluster,
        image_store,
        simulator_controls,
        spare_imports,
        stop_on_signals,
    )

    configure_logs()
    settings = invocation(context).settings
    labels = job_labels(job, settings.inference.model, settings.home)
    stop = stop_on_signals()
    cluster = find_cluster(settings, BROKER_WAIT_S if wait else 0.0, stop)
    ensure_topics(cluster.admin(), JobTopics(topics or job), settings.kafka.topics)
    serve(
        cluster,
        image_store(settings),
        topics or job,
        labels,
        settings.dashboard,
        settings.cameras,
        topics=settings.kafka.topics,
        simulator=simulator_controls(settings),
        open_archive=partial(open_to_read, settings.database, settings.home),
        stop=stop,
        ready=lambda _link: spare_imports(),
        vitals=Vitals("page", topics or job, stop),
    )
