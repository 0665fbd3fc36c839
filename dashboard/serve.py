"""Runs the page: the reader's thread, the web server, and a clean end of both."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import structlog
import uvicorn

from dashboard.app import Site, create_app
from dashboard.feed.archive import Archive
from dashboard.feed.hub import Hub
from dashboard.feed.messages import TopicMessages
from dashboard.feed.past import Past
from dashboard.feed.pictures import Pictures
from dashboard.feed.reader import Reader
from dashboard.metrics import PageMetrics
from dashboard.operations.desk import Desk, event_of, is_stored
from dashboard.operations.letters import Letters
from dashboard.operations.watch import Watch
from dashboard.replays.desk import ReplayDesk
from dashboard.reviews.desk import ReviewDesk
from dashboard.reviews.reader import PARTITION, ReviewsReader
from dashboard.reviews.writer import ReviewWriter
from dashboard.settings import DashboardSettings
from dashboard.trial.upload import Uploads
from dashboard.windows.reader import WindowReader
from dashboard.windows.store import WindowStore
from model.labels import Label
from producers.publish import Publisher
from producers.simulator_controls import Controls
from producers.upload import PatientPublisher
from schemas.errors import ConfigurationError
from storage.database.engine import Database
from storage.images import Images
from transport.clients import Cluster
from transport.health.vitals import Vitals
from transport.settings import TopicSettings
from transport.topics import JobTopics

GRACE_S = 1
"""Seconds that open connections get to finish; their pages reconnect by themselves."""

STOP_POLL_S = 0.1

MEBIBYTE = 1024 * 1024

REPLAY_CACHE = 8 * MEBIBYTE
"""For replayed events, and again for their heat maps: some thousand of each."""

REVIEWER = "vigie-web-reviewer"

log = structlog.get_logger(__name__)


def serve(
    cluster: Cluster,
    store: Images,
    job: str,
    labels: Sequence[Label],
    settings: DashboardSettings,
    camera_folder: Path,
    *,
    topics: TopicSettings | None = None,
    simulator: Controls | None = None,
    open_archive: Callable[[], Database] | None = None,
    stop: threading.Event | None = None,
    ready: Callable[[str], None] | None = None,
    vitals: Vitals | None = None,
) -> None:
    """Serve the page of one job until told to end; then end within 3 s.

    Args:
        cluster: where the predictions are read from.
        store: where the images are.
        job: whose predictions.
        labels: the classes of the job, in the order of the model's outputs.
        settings: address, port and sizes.
        camera_folder: folder of the camera folders, named on the page that has no image yet.
        topics: how the reviews topic is created where it is missing.
        simulator: steers the simulated cameras; without it the page does not show them.
        open_archive: gives the archive's database to look at; without it the feed ends with the
            events in memory.
        stop: ends the server when set. Without it SIGTERM and SIGINT do, in the main thread.
        ready: called with the page's link once it answers.
        vitals: asked on /readyz and /metrics; without it there are none.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    listening = listen(settings.host, settings.port)
    hub = Hub(settings.history)
    predictions = JobTopics(job).predictions
    messages = TopicMessages(cluster, predictions, settings.event_cache_mib * MEBIBYTE)
    pictures = Pictures(store, messages, settings.picture_cache_mib * MEBIBYTE)
    publisher = PatientPublisher(lambda: Publisher(cluster, job, store))
    uploads = Uploads(publisher.publish, store.max_bytes)
    letters = Letters()
    watch = Watch(cluster, JobTopics(job), letters)
    find_event = partial(event_of, read_rows=hub.read, read_message=messages.read)
    desk = Desk(
        cluster, JobTopics(job), letters, partial(is_stored, store), find_event, watch.answers
    )
    keys = [label.key for label in labels]
    replayed = TopicMessages(cluster, JobTopics(job).replays, REPLAY_CACHE)
    replays = ReplayDesk(
        cluster,
        JobTopics(job),
        messages,
        replayed,
        Pictures(store, replayed, REPLAY_CACHE),
        keys,
        watch.answers,
    )
    reviews_topic = JobTopics(job).reviews
    writer = ReviewWriter(partial(cluster.producer, REVIEWER), reviews_topic, PARTITION)
    archive = Archive(open_archive) if open_archive else None
    past = Past(hub, archive, job, predictions)
    reviews = ReviewsReader(cluster, JobTopics(job), topics or TopicSettings(), hub)
    review_desk = ReviewDesk(job, hub, messages, keys, writer.write, reviews, past=past)
    windows = WindowStore(time.time)
    site = Site(
        *(hub, messages, pictures, labels, settings, str(camera_folder), uploads, simulator),
        operations=watch.snapshot,
        desk=desk,
        replays=replays,
        reviews=review_desk,
        windows=windows,
        past=past,
        vitals=vitals,
    )
    if vitals:
        _tell(vitals, hub, watch)
    app = create_app(site)
    reader = Reader(cluster, predictions, hub, messages)
    window_reader = WindowReader(cluster, JobTopics(job).statistics, windows)
    server = _Server(_configuration(app), listens_to_signals=stop is None)
    followers = (reader, reviews, window_reader)
    for follower in followers:
        follower.start()
    watch.start()
    try:
        asyncio.run(_serve(server, listening, stop, ready))
    finally:
        watch.stop()
        for follower in followers:
            follower.end()  # all at once, before the first is waited for
        for follower in followers:
            follower.stop()
        messages.close()
        replayed.close()
        publisher.close()
        writer.close()
        if archive:
            archive.close()
        listening.close()


def _tell(vitals: Vitals, hub: Hub, watch: Watch) -> None:
    metrics = PageMetrics(lambda: watch.snapshot(time.time()), partial(len, hub), lambda: hub.state)
    vitals.registry.register(metrics)
    vitals.ready_when(metrics.waits_for)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address.

    Raises:
        ConfigurationError: the port is taken, not allowed, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise ConfigurationError(_cannot_listen(host, port, error)) from error
    return listening


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use, perhaps by another Vigie. Stop that program, or"
            f" choose another port: VIGIE_DASHBOARD__PORT={port + 1 if port < 65535 else 8050}."
        )
    return (
        f"The page cannot listen on {host}:{port}: {error.strerror}. Set VIGIE_DASHBOARD__HOST to"
        " an address of this machine and VIGIE_DASHBOARD__PORT to a port above 1023."
    )


def link(listening: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class _Server(uvicorn.Server):
    """Uvicorn without its signal handling, which ends the process by the caught signal."""

    def __init__(self, config: uvicorn.Config, *, listens_to_signals: bool) -> None:
        super().__init__(config)
        self._listens_to_signals = listens_to_signals

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Overrides uvicorn's; a test holds that it still calls this one."""
        if self._listens_to_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.end)
        yield

    def end(self) -> None:
        """Stop taking connections, close those there are, return."""
        self.should_exit = True


def _configuration(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # FastAPI is an ASGI application
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        lifespan="on",  # Dash adds its last routes when the server starts
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


async def _serve(
    server: _Server,
    listening: socket.socket,
    stop: threading.Event | None,
    ready: Callable[[str], None] | None,
) -> None:
    running = asyncio.create_task(server.serve(sockets=[listening]))
    told = False
    while not running.done():
        await asyncio.wait([running], timeout=STOP_POLL_S)
        if server.started and not told:
            told = True
            log.info("page_ready", link=link(listening))
            if ready:
                ready(link(listening))
        if stop is not None and stop.is_set():
            server.end()
    await running
