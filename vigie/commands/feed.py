"""``vigie send``, ``watch``, ``camera``, ``simulate``: what brings images in."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vigie.invocation import JobOption, JsonOption, invocation
from vigie.output import progress, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from producers.folder import FolderEvents
    from transport.clients import Cluster
    from transport.health.vitals import StopFlag, Vitals
    from vigie.settings import Settings

# A service that starts together with the broker waits this long for it: the very first start may
# fetch 45 MB on a slow line. Who started both ends it when the broker cannot be had.
BROKER_WAIT_S = 900.0

EXIT_INTERRUPTED = 130  # what shells give a command that Ctrl-C ended


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (send, watch, camera, simulate):
        app.command()(command)


def send(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")],
    job: JobOption = "driver",
    source: Annotated[str | None, typer.Option(help="Source named in the references.")] = None,
    json: JsonOption = False,
) -> None:
    """Send image files, in the order given."""
    from producers.publish import Publisher  # noqa: PLC0415
    from producers.script import find_files, send_files  # noqa: PLC0415
    from vigie.runtime import image_store, stop_on_signals  # noqa: PLC0415

    settings = invocation(context).settings
    files = find_files(paths)
    stop = stop_on_signals()
    cluster = _ready_cluster(settings, job)
    with progress("sending") as bar, Publisher(cluster, job, image_store(settings)) as out:
        done = count(1)
        report = send_files(
            files,
            out,
            source=source or settings.producers.script.source,
            stop=stop,
            on_progress=lambda _: bar.advance(next(done), len(files)),
        )
    if json:
        say_json(report)
    else:
        for skipped in report.skipped:
            say(f"skipped {skipped.path}: {skipped.reason}")
        say(f"{len(report.sent)} sent, {len(report.skipped)} skipped")
    if stop.is_set():
        raise typer.Exit(EXIT_INTERRUPTED)


def watch(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Default: cameras/ in the home folder.")
    ] = None,
    job: JobOption = "driver",
    wait: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Send the images that arrive in a folder with one sub-folder per camera."""
    from producers.folder import watch_folder  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import image_store, stop_on_signals, vitals_of  # noqa: PLC0415

    configure_logs()
    settings = invocation(context).settings
    stop = stop_on_signals()
    root = folder or settings.cameras
    if folder is None:
        root.mkdir(parents=True, exist_ok=True)
    with vitals_of("watcher", job, settings, stop) as vitals:
        vitals.waits("Kafka")
        watch_folder(
            root,
            cluster=_ready_cluster(settings, job, stop, wait=wait),
            job=job,
            store=image_store(settings),
            state=settings.home / "producers",
            settings=settings.producers.folder,
            stop=stop,
            events=_counting(vitals),
        )


def _counting(vitals: Vitals) -> FolderEvents:
    """Count what a folder watcher does, and say when it can work."""
    from producers.folder import FolderEvents, Place  # noqa: PLC0415
    from producers.metrics import ProducerMetrics  # noqa: PLC0415

    metrics = ProducerMetrics(vitals.registry)

    def reached(place: Place) -> None:
        if place is Place.READ_BACK:
            vitals.waits(None)

    return FolderEvents(
        published=lambda _: metrics.published(),
        reached=reached,
        refused=metrics.refused,
        interrupted=lambda: vitals.waits("Kafka"),
        waits=vitals.waits,
    )


def camera(
    context: typer.Context,
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL_OR_INDEX_OR_VIDEO", help="Stream, number of a camera, or video file."
        ),
    ],
    job: JobOption = "driver",
    source: Annotated[str | None, typer.Option(help="Name of the camera.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, max=60, help="Images per second.")] = None,
) -> None:
    """Send images from a camera, a stream or a video."""
    from producers.camera import parse_origin, publish_camera  # noqa: PLC0415
    from producers.metrics import ProducerMetrics  # noqa: PLC0415
    from producers.publish import Publisher  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import image_store, stop_on_signals, vitals_of  # noqa: PLC0415

    configure_logs()
    settings = invocation(context).settings
    origin = parse_origin(address)
    stop = stop_on_signals()
    taken = settings.producers.camera
    with (
        progress(f"sending {origin.shown}") as bar,
        vitals_of("camera", job, settings, stop) as vitals,
    ):
        metrics = ProducerMetrics(vitals.registry)
        vitals.waits("a first image that Kafka acknowledges")

        def acknowledged() -> None:
            metrics.published()
            vitals.waits(None)

        cluster = _ready_cluster(settings, job, stop)
        done = count(1)
        with Publisher(cluster, job, image_store(settings), on_acknowledged=acknowledged) as out:
            published = publish_camera(
                origin,
                out,
                settings=taken.model_copy(update={"rate": rate}) if rate else taken,
                stop=stop,
                source=source,
                on_published=lambda _: bar.advance(next(done)),
                on_refused=metrics.refused,
            )
    say(f"{published} sent")


def simulate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Default: cameras/ in the home folder.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="End after this many, over all cameras.")
    ] = None,
    behaviour: Annotated[
        int | None, typer.Option(min=0, max=9, help="Show only this behaviour (0 is safe).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same images.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", hidden=True, help="Also when the page says stopped.")
    ] = False,
) -> None:
    """Fill camera folders with images of simulated cabin cameras, until Ctrl-C.

    Called without a folder and options, it can be steered on the page: start, stop, speed.
    """
    from producers.metrics import SimulatorMetrics  # noqa: PLC0415
    from producers.simulator import simulate as simulate_cameras  # noqa: PLC0415
    from vigie.logs import configure_logs  # noqa: PLC0415
    from vigie.runtime import stop_on_signals, vitals_of  # noqa: PLC0415

    configure_logs()
    settings = invocation(context).settings
    stop = stop_on_signals()
    # Simulated cameras know of no job: whoever watches their folders says which.
    with (
        progress("writing images") as bar,
        vitals_of("simulator", "", settings, stop) as vitals,
    ):
        metrics = SimulatorMetrics(vitals.registry)
        vitals.waits(None)
        done = count(1)

        def on_written() -> None:
            metrics.written()
            bar.advance(next(done), images)

        if (folder, images, behaviour, seed) == (None, None, None, None):
            written = _simulate_steered(settings, stop, on_written, starts=not follow)
        else:
            written = simulate_cameras(
                folder or settings.cameras,
                settings=settings.producers.simulator,
                stop=stop,
                count=images,
                behaviour=behaviour,
                seed=seed,
                on_written=lambda _: on_written(),
            )
    say(f"{written} written")


def _simulate_steered(
    settings: Settings,
    stop: StopFlag,
    on_written: Callable[[], None],
    *,
    starts: bool,
) -> int:
    """Simulate as the page says. Who starts it by hand wants images, as the settings say."""
    from producers.simulator_service import follow  # noqa: PLC0415
    from vigie.runtime import simulator_controls  # noqa: PLC0415

    controls = simulator_controls(settings)
    if starts:
        controls.change(controls.as_set)
    return follow(
        settings.cameras,
        controls,
        settings=settings.producers.simulator,
        stop=stop,
        on_written=lambda _: on_written(),
    )


def _ready_cluster(
    settings: Settings, job: str, stop: StopFlag | None = None, *, wait: bool = False
) -> Cluster:
    """The cluster, with the job's topics made."""
    from transport.topics import JobTopics, ensure_topics  # noqa: PLC0415
    from vigie.jobs import check_job  # noqa: PLC0415
    from vigie.runtime import find_cluster  # noqa: PLC0415

    cluster = find_cluster(settings, BROKER_WAIT_S if wait else 0.0, stop)
    ensure_topics(cluster.admin(), JobTopics(check_job(job)), settings.kafka.topics)
    return cluster
