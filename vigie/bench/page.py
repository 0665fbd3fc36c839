"""``vigie bench --page``: how fast the page is, measured in the browser and on its server.

1. Publish a history on topics of our own, on the real broker: made-up predictions, no model.
2. Start the page's server on it; open the page with an empty cache, some times over.
3. Publish at a steady rate; the page says when each card was painted, the socket what was sent.
4. The same with many open pages: what they cost the server in processor time.
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import psutil

from schemas.errors import VigieError
from storage.images import ImageStore
from transport.topics import JobTopics, delete, ensure_topics
from vigie.bench.browser import VIEWPORT, first_view_ms, open_browser, open_recorded, take_painted
from vigie.bench.machine import Machine, this_machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.pairs import Spread
from vigie.bench.path import MEBIBYTE, open_kafka
from vigie.bench.pictures import DISTINCT_IMAGES, JOB, Stage, draw_images
from vigie.bench.stream import Flow, Stream, store_images
from vigie.bench.visitors import Visitors
from vigie.bench.wire import Update, Wire, most_per_second
from vigie.invocation import Invocation
from vigie.jobs import job_labels
from vigie.processes import Service
from vigie.up import answers, choose_port, link_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGE = Part("page", "vigie bench --page")

RATE = 20.0
"""Events per second while measuring: twenty cameras at one a second."""

FIRST_VIEWS = 5

START_S = 60.0
"""A server that does not answer, or has not read the history, within this does not work."""

SETTLE_S = 3.0
"""What happens while pages open is not what they cost while they stay open."""

LAST_S = 1.0
"""What was published last is drawn by then."""

POLL_S = 0.02

GRACE_S = 3.0
ADMIN_S = 10.0
"""A healthy broker deletes topics in milliseconds."""


@dataclass(frozen=True, slots=True)
class PageReport:
    """What was measured.

    Attributes:
        history: events in the topic before the page's server started.
        history_s: from the start of the server's process until it knew all of them.
        early_view_ms: from asking for the page to its first painted card, empty cache, as soon as
            the server answers: it still reads the history.
        first_view_ms: the same once it has read it.
        published: events published while one page was open.
        drawn: how many of them had a painted card; all, or some were lost.
        latency_p50_ms: from publishing an event to its card being painted.
        latency_p95_ms: the same, for the slowest twentieth.
        updates_per_second: the most in any one second.
        update_p50_bytes: JSON of an update, before the socket's compression.
        update_max_bytes: the largest.
        update_wire_bytes: what an update takes on the network on average, compressed, with the
            question that the server asks before it.
        one_page_cores: the server's processor time per second with one page open.
        pages: how many were open for the next.
        pages_cores: the server's processor time per second with so many pages open.
        pages_updates_per_second: what each of them was told on average: about 4, or the machine
            was too slow for so many.
        server_mib: resident memory of the server at the end.
    """

    machine: Machine
    history: int
    history_s: float
    early_view_ms: float
    first_view_ms: Spread
    published: int
    drawn: int
    latency_p50_ms: float
    latency_p95_ms: float
    updates_per_second: int
    update_p50_bytes: int
    update_max_bytes: int
    update_wire_bytes: int
    one_page_cores: float
    pages: int
    pages_cores: float
    pages_updates_per_second: float
    server_mib: int

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return "what", "measured", "aim"

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        told = origin(PAGE.command, self.machine, now)
        return f"{told}\n\n{markdown_table(self.columns(), self.lines())}"

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person: what, how much, and the aim."""
        return [
            (f"server knows {self.history:,} events after", f"{self.history_s:g} s", ""),
            ("first view, server just started", f"{self.early_view_ms:g} ms", "below 1500 ms"),
            ("first view, empty cache", f"{self.first_view_ms} ms", "below 1500 ms"),
            (
                f"publish to painted at {RATE:g} events/s",
                f"p50 {self.latency_p50_ms:g} ms, p95 {self.latency_p95_ms:g} ms",
                "p95 up to 300 ms",
            ),
            ("events painted", f"{self.drawn} of {self.published}", "all"),
            ("updates in one second, at most", f"{self.updates_per_second}", "up to 4"),
            (
                "one update",
                f"median {self.update_p50_bytes} B, largest {self.update_max_bytes} B;"
                f" compressed {self.update_wire_bytes} B",
                "below 2000 B",
            ),
            ("server, one page open", f"{self.one_page_cores:g} cores", ""),
            (
                f"server, {self.pages} pages open",
                f"{self.pages_cores:g} cores ({self.pages_updates_per_second:g} updates/s each)",
                "below 1",
            ),
            ("server resident", f"{self.server_mib} MiB", ""),
        ]


@dataclass(frozen=True)
class Live:
    """A page's server on topics of its own, and the stream that feeds it."""

    link: str
    stream: Stream
    server: Service
    process: psutil.Process
    began: float

    def await_events(self, number: int) -> float:
        """Seconds from the start of the server's process until it knew so many events.

        Raises:
            VigieError: it ended, or takes too long.
        """
        while _events(self.link) < number:
            _check(self.server, self.began + START_S)
            time.sleep(POLL_S)
        return time.perf_counter() - self.began

    @contextmanager
    def cores(self) -> Iterator[list[float]]:
        """Puts in the list what the server used of a core while the block ran."""
        used: list[float] = []
        before, began = self.process.cpu_times(), time.perf_counter()
        yield used
        wall, now = time.perf_counter() - began, self.process.cpu_times()
        used.append((now.user + now.system - before.user - before.system) / wall)


@dataclass(frozen=True, slots=True)
class OnePage:
    """One page in a browser, watched for some seconds."""

    published: int
    latencies_ms: list[float]
    updates: list[Update]
    cores: float


@dataclass(frozen=True, slots=True)
class ManyPages:
    """Many pages, open for some seconds."""

    cores: float
    updates_per_second: float
    bytes_per_update: float


def run_page_bench(
    invocation: Invocation, history: int, seconds: float, pages: int, stage: Stage
) -> PageReport:
    """Measure the page on the cluster or embedded broker that is there, else on one of our own.

    Args:
        invocation: what the server is started with.
        history: events in the topic before the server starts.
        seconds: how long events are published, with one page and with many.
        pages: how many.
        stage: told what is being done.

    Raises:
        ConfigurationError: there is no Chromium, or no Playwright to steer it.
        VigieError: the broker or the page's server does not run.
    """
    # The browser first: who has none learns it before anything else was made.
    with open_browser() as browser, tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        stage("publishing the history", 0, 4)
        with _open_live(invocation, history, Path(scratch)) as live:
            stage("first view", 1, 4)
            early_view = first_view_ms(browser, live.link)
            history_s = live.await_events(min(history, invocation.settings.dashboard.history))
            views = [first_view_ms(browser, live.link) for _ in range(FIRST_VIEWS)]
            stage("one page", 2, 4)
            one = _watch_one(browser, live, seconds)
            stage(f"{pages} pages", 3, 4)
            many = _watch_many(live, pages, seconds)
            server_mib = round(live.process.memory_info().rss / MEBIBYTE)
    sizes = [update.size for update in one.updates]
    return PageReport(
        machine=this_machine(),
        history=history,
        history_s=round(history_s, 2),
        early_view_ms=round(early_view, 1),
        first_view_ms=Spread.of(views),
        published=one.published,
        drawn=len(one.latencies_ms),
        latency_p50_ms=round(float(np.percentile(one.latencies_ms, 50)), 1),
        latency_p95_ms=round(float(np.percentile(one.latencies_ms, 95)), 1),
        updates_per_second=most_per_second(one.updates),
        update_p50_bytes=round(float(np.percentile(sizes, 50))),
        update_max_bytes=max(sizes),
        update_wire_bytes=round(many.bytes_per_update),
        one_page_cores=round(one.cores, 3),
        pages=pages,
        pages_cores=round(many.cores, 3),
        pages_updates_per_second=round(many.updates_per_second, 2),
        server_mib=server_mib,
    )


def _watch_one(browser: Browser, live: Live, seconds: float) -> OnePage:
    wire = Wire(browser)
    context = browser.new_context(viewport=VIEWPORT)
    page = open_recorded(context, live.link)
    page.wait_for_timeout(SETTLE_S * 1000)
    wire.updates.clear()
    began = time.time() * 1000
    with live.cores() as used, Flow(live.stream, RATE) as flow:
        page.wait_for_timeout(seconds * 1000)
    page.wait_for_timeout(LAST_S * 1000)
    painted = take_painted(page)
    updates = list(wire.updates)
    context.close()
    latencies = [at - happened for happened, at in painted if happened >= began - 1]
    if not latencies or not updates:
        raise VigieError("The page drew none of the events: is the machine overloaded?")
    return OnePage(flow.published, latencies, updates, used[0])


def _watch_many(live: Live, number: int, seconds: float) -> ManyPages:
    with Flow(live.stream, RATE), Visitors(live.link, number) as visitors:
        time.sleep(SETTLE_S)
        told = sum(len(visitor.updates) for visitor in visitors.all)
        received = sum(visitor.received for visitor in visitors.all)
        with live.cores() as used:
            time.sleep(seconds)
        told = sum(len(visitor.updates) for visitor in visitors.all) - told
        received = sum(visitor.received for visitor in visitors.all) - received
    return ManyPages(used[0], told / seconds / number, received / max(1, told))


@contextmanager
def _open_live(invocation: Invocation, history: int, scratch: Path) -> Iterator[Live]:
    """The page's server on a topic that holds the history; on leaving both are gone.

    Raises:
        VigieError: no broker can be started, or the server does not come up.
    """
    settings = invocation.settings
    topics = JobTopics(f"bench-{uuid4().hex[:8]}")
    store = ImageStore(scratch / "images", settings.storage.max_image_bytes)
    drawn = [file.read_bytes() for file in draw_images(scratch, DISTINCT_IMAGES)]
    images = store_images(store, drawn)
    with open_kafka(settings, scratch) as (cluster, _):
        admin = cluster.admin()
        ensure_topics(admin, topics, settings.kafka.topics.model_copy(update={"partitions": 1}))
        labels = job_labels(JOB, settings.inference.model, settings.home)
        stream = Stream(cluster, topics, labels, images)
        stream.publish_history(history, RATE)
        port = choose_port(0)
        options = (
            f"kafka.bootstrap_servers={cluster.bootstrap_servers}",
            "kafka.topics.partitions=1",
            f"storage.images={store.root}",
            f"dashboard.port={port}",
        )
        command = invocation.command("web", "--topics", topics.job, options=options)
        server = Service("page", command, scratch)
        link = link_to(settings.dashboard.host, port)
        try:
            began = time.perf_counter()
            server.start()
            while not answers(link):
                _check(server, began + START_S)
                time.sleep(POLL_S)
            yield Live(link, stream, server, psutil.Process(server.pid), began)
        finally:
            server.ask_to_end()
            server.await_end(time.monotonic() + GRACE_S)
            delete(admin, [*topics.all(), topics.reviews], ADMIN_S)  # the page's, too


def _check(server: Service, deadline: float) -> None:
    """Nothing, as long as there is hope.

    Raises:
        VigieError: the server ended, or the deadline (performance counter) has passed.
    """
    if ended := server.watch():
        raise VigieError(f"The measurement was given up: {ended}")
    if time.perf_counter() > deadline:
        raise VigieError(f"The page's server was not ready within {START_S:.0f} s: overloaded?")


def _events(link: str) -> int:
    with urllib.request.urlopen(f"{link}/healthz", timeout=ADMIN_S) as answer:  # noqa: S310 - ours
        return int(json.load(answer)["events"])
