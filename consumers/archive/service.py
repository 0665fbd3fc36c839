"""Puts the archive together from its real parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from consumers.archive.archive import RETRY_S, Archive
from consumers.archive.keeper import Keeper
from consumers.archive.metrics import ArchiveMetrics
from consumers.archive.source import Source
from storage.database.engine import Database
from storage.database.errors import AwayError
from storage.database.settings import DatabaseSettings
from storage.database.upgrade import upgrade
from transport.clients import Cluster
from transport.deadline import Deadline
from transport.health.vitals import StopFlag, Vitals
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_reviews, ensure_topics


def run_archive(
    cluster: Cluster,
    database: Database,
    topics: JobTopics,
    settings: DatabaseSettings,
    topic_settings: TopicSettings,
    stop: threading.Event,
    vitals: Vitals | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Archive one job until ``stop`` is set.

    Args:
        cluster: the Kafka to read.
        database: with its tables made (see ``open_archive``).
        topics: the job's topics; missing ones are created.
        settings: how long events are kept.
        topic_settings: what the topics must be like.
        stop: set from a signal handler.
        vitals: told how it goes.
        clock: what time it is, UTC.

    Raises:
        VigieError: what ended the archive, with the exit code its process leaves with.
    """
    vitals = vitals or Vitals("archive", topics.job, StopFlag())
    metrics = ArchiveMetrics(vitals.registry)
    vitals.waits("Kafka")
    ensure_topics(cluster.admin(), topics, topic_settings)
    ensure_reviews(cluster.admin(), topics, topic_settings)
    keep = timedelta(days=settings.keep_days) if settings.keep_days else None
    source = Source(cluster, (topics.predictions, topics.reviews))
    try:
        keeper = Keeper(database, topics.job, keep, clock, metrics.deleted)
        Archive(source, database, topics, keeper, metrics, vitals.waits, stop).run()
    finally:
        vitals.waits("its end")
        source.close()


def open_archive(database: Database, wait_s: float, stop: threading.Event) -> bool:
    """Make the tables, or bring them up to date; false when told to stop before that.

    Args:
        database: empty, or an archive.
        wait_s: how long to wait for one that is just being started.
        stop: ends the waiting.

    Raises:
        DatabaseError: it cannot be used, or does not answer in time.
    """
    deadline = Deadline.within(wait_s)
    while True:
        try:
            upgrade(database)
        except AwayError:
            if deadline.passed:
                raise
            if stop.wait(RETRY_S):
                return False
        else:
            return True
