"""``vigie bench --archive``: how fast the archive answers, and how far it is behind the topic.

1. Archive made-up events of thirty days, on SQLite and, where it is installed, on PostgreSQL.
2. Ask each question of the archive many times, every time about something else.
3. Publish events on the real broker at a steady rate; see when each can be read in the database.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
from sqlalchemy import Connection, select, text

from consumers.archive.service import open_archive
from schemas.errors import ConfigurationError, VigieError
from storage.database.engine import Database, open_database
from storage.database.queries import Cursor, EventFilter, counts, event_page, severity_counts
from storage.database.rows import Row
from storage.database.settings import DatabaseSettings
from storage.database.tables import Event
from storage.database.upgrade import upgrade
from storage.database.writing import Share, append, begin_log
from storage.images import StoredImage
from transport.clients import Cluster
from transport.topics import JobTopics, delete, ensure_reviews, ensure_topics
from vigie.bench.machine import Machine, this_machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.path import MEBIBYTE, open_kafka
from vigie.bench.pictures import JOB, Stage
from vigie.bench.postgres import check_installed, open_postgres
from vigie.bench.stream import Stream
from vigie.invocation import Invocation
from vigie.jobs import job_labels
from vigie.processes import Service
from vigie.runtime import spare_imports

ARCHIVE = Part("archive", "vigie bench --archive")

DAYS = 30
"""What the events are spread over: so thin that hourly counts help least."""

SOURCES = 20
BEHAVIOURS = ("normal", "phone-left", "phone-right", "text-left", "text-right", "drink", "hair")
LOADED_AT_ONCE = 20_000
ASKED = 100
"""Times that each question is asked: enough for a 95th percentile."""

RATE = 500
PER_TRANSACTION = 25
LAG_S = 20.0
LOOK_S = 0.02
START_S = 60.0
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and how many milliseconds the answer took."""

    name: str
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What was measured of one database.

    Attributes:
        load_rate: events archived per second, 20,000 per transaction.
        size_mib: on its disk, with the indexes.
        lag_p50_s: from the time in an event, written just before it was published, to when its row
            could be read.
        lag_max_s: the slowest.
    """

    name: str
    load_rate: int
    size_mib: int
    questions: tuple[Question, ...]
    lag_events: int
    lag_p50_s: float
    lag_max_s: float


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What was measured, of each database in turn."""

    machine: Machine
    events: int
    databases: tuple[DatabaseReport, ...]

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return (f"{self.events:,} events", *(one.name for one in self.databases), "aim")

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person: what, how much, and the aim."""
        asked = [
            (first.name, *(f"{q.p50_ms:.1f} / {q.p95_ms:.1f} ms" for q in (first, *rest)), "100 ms")
            for first, *rest in zip(*(one.questions for one in self.databases), strict=True)
        ]
        lags = (f"{one.lag_p50_s:.2f} / {one.lag_max_s:.2f} s" for one in self.databases)
        return [
            *asked,
            (f"lag at {RATE} events/s, median / slowest", *lags, "2 s"),
            ("archived per second", *(f"{one.load_rate:,}" for one in self.databases), ""),
            ("on disk", *(f"{one.size_mib:,} MiB" for one in self.databases), ""),
        ]

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        command = f"{ARCHIVE.command} --events {self.events}"
        told = f"{origin(command, self.machine, now)} Median / 95th percentile."
        return f"{told}\n\n{markdown_table(self.columns(), self.lines())}"


def run_archive_bench(invocation: Invocation, events: int, stage: Stage) -> ArchiveReport:
    """Measure both databases, or SQLite alone where the other is not installed.

    Raises:
        VigieError: the broker, a database or the archive does not run.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        addresses = {"SQLite": f"sqlite:///{folder / 'archive.db'}"}
        try:
            check_installed()
        except ConfigurationError:
            pass
        else:
            addresses["PostgreSQL"] = stack.enter_context(open_postgres()).create("archive")
        cluster, _ = stack.enter_context(open_kafka(invocation.settings, folder))
        found = []
        for number, (name, url) in enumerate(addresses.items()):
            stage(f"archiving {events:,} events in {name}", 2 * number, 2 * len(addresses))
            database = open_database(DatabaseSettings.model_validate({"url": url}), folder)
            upgrade(database)
            seconds = load(database, events)
            stage(f"asking {name}", 2 * number + 1, 2 * len(addresses))
            questions = ask_all(database)
            lags = _lags(invocation, cluster, database, url, folder)
            found.append(
                DatabaseReport(
                    name,
                    round(events / seconds),
                    round(database.size_bytes() / MEBIBYTE),
                    tuple(questions),
                    len(lags),
                    round(float(np.median(lags)), 3),
                    round(max(lags), 3),
                )
            )
            database.close()
    return ArchiveReport(this_machine(), events, tuple(found))


def load(database: Database, events: int) -> float:
    """Archive made-up events; returns the seconds that the database took."""
    rng = np.random.default_rng(1)
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    seconds = 0.0
    for first in range(0, events, LOADED_AT_ONCE):
        behind = min(events, first + LOADED_AT_ONCE)
        times = [begin + timedelta(days=DAYS) * n / events for n in range(first, behind)]
        rows = [_row(n, times[n - first], rng) for n in range(first, behind)]
        began = time.perf_counter()
        with database.writing() as connection:
            log = begin_log(connection, JOB, JobTopics(JOB).predictions, "bench", [0])
            share = Share(JOB, "bench", log.log_key, 0, first, behind, rows)
            append(connection, [share])
        seconds += time.perf_counter() - began
    if database.file is None:
        _tidy(database)
    return seconds


def _tidy(database: Database) -> None:
    """What PostgreSQL does by itself within minutes."""
    with database.reading() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def _row(n: int, moment: datetime, rng: np.random.Generator) -> Row:
    failed, unsure, which, camera, sure = rng.random(5)
    behaviour = BEHAVIOURS[0] if which < 0.7 else BEHAVIOURS[1 + int(n % 6)]
    is_failure, abstained = failed < 0.02, unsure < 0.05
    severity = "check" if abstained else "normal" if behaviour == BEHAVIOURS[0] else "infraction"
    return {
        "topic_offset": n,
        "source_partition": 0,
        "source_offset": n,
        "reference_id": str(uuid4()),
        "source": f"cabin-{int(camera * SOURCES):02d}",
        "subject": f"p-{int(camera * SOURCES):03d}",
        "name": f"{n:08d}.jpg",
        "image_sha256": f"{n:064x}",
        "captured_at": moment,
        "published_at": moment,
        "finished_at": moment,
        "severity": "failure" if is_failure else severity,
        "behaviour": None if is_failure else behaviour,
        "confidence": None if is_failure else float(1 - 0.5 * sure**2),
        "abstained": abstained and not is_failure,
        "novelty": None,
        "reason": "image_missing" if is_failure else None,
        "detail": "The image 'ab/ab' is not in the image store." if is_failure else None,
        "model_version": "driver-0123456789ab",
        "latency_ms": 20.0,
    }


Ask = Callable[[Connection, np.random.Generator], object]


def ask_all(database: Database, times: int = ASKED) -> Iterator[Question]:
    """Ask each question so many times, every time about something else."""
    rng = np.random.default_rng(2)
    spare_imports()  # as the page does, which is who asks
    for name, ask in _questions().items():
        took = []
        for _ in range(times):
            began = time.perf_counter()
            with database.reading() as connection:
                ask(connection, rng)
            took.append((time.perf_counter() - began) * 1e3)
        p50, p95 = (round(float(np.percentile(took, share)), 2) for share in (50, 95))
        yield Question(name, p50, p95)


def _questions() -> dict[str, Ask]:
    """Each with a moment, a camera or a class drawn anew."""
    now = datetime.now(UTC)

    def moment(rng: np.random.Generator) -> datetime:
        return now - timedelta(days=DAYS) * float(rng.random())

    def week(rng: np.random.Generator) -> EventFilter:
        since = now - timedelta(days=7 + (DAYS - 7) * float(rng.random()))
        return EventFilter(since=since, until=since + timedelta(days=7))

    def camera(rng: np.random.Generator) -> str:
        return f"cabin-{rng.integers(SOURCES):02d}"

    def two(rng: np.random.Generator) -> tuple[str, ...]:
        return tuple(map(str, rng.choice(BEHAVIOURS, 2, replace=False)))

    def page(wanted: Callable[[np.random.Generator], EventFilter]) -> Ask:
        def ask(connection: Connection, rng: np.random.Generator) -> object:
            return event_page(connection, JOB, wanted(rng), 50, Cursor(moment(rng), 2**62))

        return ask

    def severities(wanted: Callable[[np.random.Generator], EventFilter]) -> Ask:
        return lambda connection, rng: severity_counts(connection, JOB, wanted(rng))

    return {
        "page of 50, anywhere": page(lambda _: EventFilter()),
        "page of a camera": page(lambda rng: EventFilter(source=camera(rng))),
        "page of two classes on a camera": page(
            lambda rng: EventFilter(source=camera(rng), behaviours=two(rng))
        ),
        "page to check": page(lambda _: EventFilter(severity="check")),
        "page of failures by reason": page(lambda _: EventFilter(reason="image_missing")),
        "page of unsure infractions": page(
            lambda _: EventFilter(severity="infraction", confidence=(0.5, 0.6))
        ),
        "counts per severity, all": severities(lambda _: EventFilter()),
        "counts per severity, a camera and two classes": severities(
            lambda rng: EventFilter(source=camera(rng), behaviours=two(rng))
        ),
        "counts per severity, a week by the minute": severities(week),
        "counts per severity, confidence in a day": severities(
            lambda rng: replace(
                week(rng), confidence=(0.5, 0.7), since=(at := moment(rng)), until=at + DAY
            )
        ),
        "counts per class and camera, a week": lambda connection, rng: counts(
            connection, JOB, week(rng), ("behaviour", "source")
        ),
        "counts per day and class, all": lambda connection, _: counts(
            connection, JOB, EventFilter(), ("day", "behaviour")
        ),
        "counts per hour, a week": lambda connection, rng: counts(
            connection, JOB, week(rng), ("hour",)
        ),
        "counts per class, camera and hour, a day": lambda connection, rng: counts(
            connection,
            JOB,
            EventFilter(since=(at := moment(rng)), until=at + DAY),
            ("behaviour", "source", "hour"),
        ),
    }


DAY = timedelta(days=1)


def _lags(
    invocation: Invocation, cluster: Cluster, database: Database, url: str, folder: Path
) -> list[float]:
    """Seconds from publishing to being readable, per event."""
    topics = JobTopics(f"bench-{uuid4().hex[:8]}")
    settings = invocation.settings
    ensure_topics(cluster.admin(), topics, settings.kafka.topics)
    ensure_reviews(cluster.admin(), topics, settings.kafka.topics)
    options = (f"database.url={url}", f"kafka.bootstrap_servers={cluster.bootstrap_servers}")
    command = invocation.command("archive", JOB, "--topics", topics.job, options=options)
    service = Service("bench-archive", command, folder)
    image = StoredImage("00/" + "0" * 64, "0" * 64, 1)
    labels = job_labels(JOB, settings.inference.model, settings.home)
    stream = Stream(cluster, topics, labels, [image])
    open_archive(database, START_S, threading.Event())
    service.start()
    try:
        stream.publish([datetime.now(UTC)])
        watch = _Watch(database, topics.job, service)
        watch.await_event()
        return _measured(stream, watch)
    finally:
        service.ask_to_end()
        service.await_end(time.monotonic() + GRACE_S)
        delete(cluster.admin(), [*topics.all(), topics.reviews], START_S)


def _measured(stream: Stream, watch: _Watch) -> list[float]:
    total = int(LAG_S * RATE)
    publishing = threading.Thread(target=_publish, args=(stream, total), daemon=True)
    publishing.start()
    lags: list[float] = []
    while len(lags) < total:
        lags += watch.look()
        time.sleep(LOOK_S)
    publishing.join()
    return lags


def _publish(stream: Stream, total: int) -> None:
    began = time.perf_counter()
    for first in range(0, total, PER_TRANSACTION):
        time.sleep(max(0.0, began + first / RATE - time.perf_counter()))
        stream.publish([datetime.now(UTC)] * PER_TRANSACTION)


class _Watch:
    """Sees events as they become readable."""

    def __init__(self, database: Database, job: str, service: Service) -> None:
        self._database = database
        self._job = job
        self._service = service
        self._seen = -1
        self._heard = time.monotonic()

    def await_event(self) -> None:
        while not self.look():
            time.sleep(LOOK_S)

    def look(self) -> Sequence[float]:
        """How old those are that became readable since the last look.

        Raises:
            VigieError: none does any more.
        """
        new = select(Event.topic_offset, Event.finished_at).where(
            Event.job == self._job, Event.topic_offset > self._seen
        )
        with self._database.reading() as connection:
            rows = connection.execute(new.order_by(Event.topic_offset)).all()
        now = datetime.now(UTC)
        if rows:
            self._seen, self._heard = rows[-1].topic_offset, time.monotonic()
        elif (ended := self._service.watch()) or time.monotonic() - self._heard > START_S:
            raise VigieError(f"The archive does not go on: {ended or 'nothing is archived'}")
        return [(now - row.finished_at).total_seconds() for row in rows]
