"""Parts for archive tests: a job on the real Kafka, a database of its own, archives on both."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from consumers.archive.service import open_archive, run_archive
from schemas.codec import encode_prediction, encode_review
from schemas.errors import VigieError
from schemas.events import Prediction
from schemas.reviews import Review
from storage.database.engine import Database, open_database
from storage.database.settings import DatabaseSettings
from storage.database.tables import Event
from tests.forking import SERVER
from tests.storage.databases import all_of, prediction
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.health.vitals import StopFlag, Vitals
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_reviews, ensure_topics

PATIENCE_S = 60.0


@dataclass
class Ground:
    """A job of its own on the test's Kafka, and an empty database."""

    cluster: Cluster
    topics: JobTopics
    settings: DatabaseSettings
    home: Path
    topic_settings: TopicSettings = field(default_factory=TopicSettings)

    def __post_init__(self) -> None:
        self.make_topics()

    def make_topics(self) -> None:
        ensure_topics(self.cluster.admin(), self.topics, self.topic_settings)
        ensure_reviews(self.cluster.admin(), self.topics, self.topic_settings)

    def publish(self, events: Sequence[Prediction | bytes]) -> None:
        messages = [one if isinstance(one, bytes) else encode_prediction(one) for one in events]
        self._produce(self.topics.predictions, messages)

    def review(self, reviews: Sequence[Review | bytes]) -> None:
        messages = [one if isinstance(one, bytes) else encode_review(one) for one in reviews]
        self._produce(self.topics.reviews, messages)

    def _produce(self, topic: str, messages: Sequence[bytes]) -> None:
        producer = self.cluster.producer("test")
        for message in messages:
            producer.produce(topic, message, partition=0)
            producer.poll(0)
        assert producer.flush(30) == 0

    def publish_numbers(self, first: int, behind: int) -> None:
        self.publish([prediction(number, datetime.now(UTC)) for number in range(first, behind)])

    def database(self) -> Database:
        return open_database(self.settings, self.home)


class Looker:
    """Looks at the rows of a database that an archive writes to."""

    def __init__(self, ground: Ground) -> None:
        self._database = ground.database()

    def rows(self, table: type[Any] = Event) -> list[dict[str, Any]]:
        return all_of(self._database, table)

    def numbers(self) -> list[int]:
        """Of the events, in the order of their logs and offsets."""
        order = ("log_key", "topic_partition", "topic_offset")
        rows = sorted(self.rows(), key=lambda row: [row[name] for name in order])
        return [row["source_offset"] for row in rows]

    def await_events(self, number: int) -> None:
        wait_until(lambda: len(self.rows()) >= number, PATIENCE_S, f"{number} events archived")

    def close(self) -> None:
        self._database.close()


@contextmanager
def looking(ground: Ground) -> Iterator[Looker]:
    with_tables = ground.database()
    open_archive(with_tables, PATIENCE_S, threading.Event())
    with_tables.close()
    looker = Looker(ground)
    try:
        yield looker
    finally:
        looker.close()


class Archiver:
    """An archive on a thread of this process."""

    def __init__(self, ground: Ground, clock: Callable[[], datetime] | None = None) -> None:
        self.stop = StopFlag()
        self.vitals = Vitals("archive", ground.topics.job, self.stop)
        self.error: BaseException | None = None
        self._ground = ground
        self._more = {"clock": clock} if clock else {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def has_left(self) -> bool:
        return not self._thread.is_alive()

    def value(self, name: str, **labels: str) -> float | None:
        return self.vitals.registry.get_sample_value(name, labels)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(PATIENCE_S)
        assert self.has_left

    def _run(self) -> None:
        ground, database = self._ground, self._ground.database()
        try:
            open_archive(database, 0, self.stop)
            given = (ground.cluster, database, ground.topics, ground.settings)
            run_archive(*given, ground.topic_settings, self.stop, self.vitals, **self._more)
        # The test that looks at it decides.
        except Exception as error:  # noqa: BLE001
            self.error = error
        finally:
            database.close()


@contextmanager
def archiving(ground: Ground, clock: Callable[[], datetime] | None = None) -> Iterator[Archiver]:
    archiver = Archiver(ground, clock)
    try:
        yield archiver
    finally:
        archiver.end()
    if archiver.error:
        raise archiver.error


class MarkedDatabase(Database):
    """Kills its own process, as -9 does, around the commit of its ``at``-th transaction of rows."""

    place = "before commit"
    at = 1
    passed = 0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            before = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
            yield connection
            after = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
            self.passed += after > before
            self._die("before commit", wrote=after > before)
        self._die("after commit", wrote=after > before)

    def _die(self, place: str, *, wrote: bool) -> None:
        if wrote and (place, self.at) == (self.place, self.passed):
            os.kill(os.getpid(), signal.SIGKILL)


class ArchiveProcess:
    """An archive in a process of its own, to be killed; ``mark`` names where it kills itself."""

    def __init__(self, ground: Ground, mark: tuple[str, int] | None = None) -> None:
        self.process = SERVER.Process(target=_work, args=(ground, mark))
        self.process.start()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def wait(self) -> int:
        self.process.join(PATIENCE_S)
        assert self.process.exitcode is not None, "the archive still runs"
        return self.process.exitcode


def _work(ground: Ground, mark: tuple[str, int] | None) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = ground.database()
    code = 0
    try:
        open_archive(database, PATIENCE_S, stop)
        if mark:
            database = MarkedDatabase(database.url, database._engine)
            database.place, database.at = mark
        given = (ground.cluster, database, ground.topics, ground.settings)
        run_archive(*given, ground.topic_settings, stop)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    sys.stderr.flush()
    os._exit(code)
