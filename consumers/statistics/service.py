"""Puts the statistics together from their real parts and runs them until told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from consumers.statistics.errors import StatisticsError
from consumers.statistics.login import read_login
from consumers.statistics.metrics import StatisticsMetrics
from consumers.statistics.settings import StatisticsSettings
from schemas.errors import VigieError
from transport.clients import Cluster
from transport.health.vitals import StopFlag, Vitals
from transport.settings import TopicSettings
from transport.topics import (
    COMPACTED_SEGMENT_BYTES,
    JobTopics,
    check_partitions,
    create,
    ensure_statistics,
    ensure_topics,
)

if TYPE_CHECKING:
    from consumers.statistics.hosting import Hosted

LOOK_S = 0.1
"""How late it is noticed that the process is to end, or that Faust has crashed."""


def run_statistics(
    cluster: Cluster,
    topics: JobTopics,
    settings: StatisticsSettings,
    topic_settings: TopicSettings,
    stop: threading.Event,
    vitals: Vitals | None = None,
    *,
    again: bool = False,
) -> None:
    """Count the predictions of one job until ``stop`` is set.

    Args:
        cluster: the Kafka to work on.
        topics: the job's topics; missing ones are created.
        settings: how to count.
        topic_settings: what the topics must be like.
        stop: set from a signal handler.
        vitals: told how it goes.
        again: forget what was counted, and count from the oldest prediction kept.

    Raises:
        VigieError: what ended it, with the exit code its process leaves with.
    """
    vitals = vitals or Vitals("statistics", topics.job, StopFlag())
    metrics = StatisticsMetrics(vitals.registry)
    vitals.ready_when(metrics.waits_for)
    login = read_login(cluster.client)
    ensure_topics(cluster.admin(), topics, topic_settings)
    ensure_statistics(cluster.admin(), topics, topic_settings)
    # Faust takes a second to import: who has to change a setting first is told before.
    from consumers.statistics.hosting import Hosted, changelog_of  # noqa: PLC0415

    ensure_changelog(cluster.admin(), changelog_of(topics), topic_settings)

    def host() -> Hosted:
        return Hosted(
            cluster.bootstrap_servers,
            login,
            topics,
            topic_settings.partitions,
            settings.grace_s,
            metrics,
            again=again,
        )

    asyncio.run(_serve(host, stop))


def ensure_changelog(admin: AdminClient, name: str, settings: TopicSettings) -> None:
    """Create the topic of the state: compacted, one partition per partition of the predictions.

    Raises:
        ConfigurationError: the broker does not answer or refuses, or the topic has another number
            of partitions.
    """
    wanted = NewTopic(
        name,
        num_partitions=settings.partitions,
        replication_factor=settings.replication,
        config={
            "cleanup.policy": "compact",
            "segment.bytes": str(COMPACTED_SEGMENT_BYTES),
            "max.message.bytes": str(settings.max_message_bytes),
        },
    )
    create(admin, [wanted])
    check_partitions(admin, [name], settings.partitions)


async def _serve(host: Callable[[], Hosted], stop: threading.Event) -> None:
    app = host()
    starting = asyncio.create_task(app.start())
    try:
        while not stop.is_set():
            await asyncio.sleep(LOOK_S)
            _look(app, starting)
    finally:
        starting.cancel()
        await app.leave()


def _look(app: Hosted, starting: asyncio.Task[None]) -> None:
    """Raise what has ended the application, if something has."""
    try:
        if starting.done():
            starting.result()
            app.look()
        if app.crashed:
            raise app.crash_reason or RuntimeError("Faust crashed")
    except VigieError:
        raise
    # Faust, aiokafka and their threads end by anything: each means that a new start is needed.
    except Exception as error:
        raise StatisticsError(
            f"The statistics cannot go on: {type(error).__name__}: {error}. Check that the broker"
            " runs, and start them again: they go on where they were."
        ) from error
