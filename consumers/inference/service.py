"""Puts the ordered worker together from its real parts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from datetime import UTC, datetime

import structlog

from consumers.inference.ahead import ReadAhead
from consumers.inference.judge import Classifier, Judge
from consumers.inference.metrics import WorkerMetrics
from consumers.inference.pool import JudgePool
from consumers.inference.settings import InferenceSettings
from consumers.inference.waiting import Backlog
from consumers.inference.worker import Worker
from storage.images import Images
from transport.clients import Cluster
from transport.health.vitals import StopFlag, Vitals
from transport.membership import is_member
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics
from transport.transactions import Transactions

APPLICATION = "vigie"
"""First part of every transactional id, so that other applications on the cluster never collide."""

log = structlog.get_logger()


def run_worker(
    cluster: Cluster,
    store: Images,
    topics: JobTopics,
    load: Callable[[], Classifier],
    settings: InferenceSettings,
    topic_settings: TopicSettings,
    stop: threading.Event,
    vitals: Vitals | None = None,
) -> None:
    """Serve one job until ``stop`` is set.

    Args:
        cluster: the Kafka to work on.
        store: where the references' images are.
        topics: the job's topics; missing ones are created.
        load: loads one classifier; called once per thread.
        settings: how the worker uses the machine.
        topic_settings: what the topics must be like.
        stop: set from a signal handler.
        vitals: told how it goes.

    Raises:
        VigieError: what ended the worker, with the exit code its process leaves with.
    """
    vitals = vitals or Vitals("worker", topics.job, StopFlag())
    backlog = Backlog(cluster, topics)
    metrics = WorkerMetrics(vitals.registry, backlog.look)
    vitals.ready_when(metrics.waits_for)
    classifiers = load_classifiers(load, settings)
    metrics.serves(classifiers[0].model_version, classifiers[0].model_sha256)
    pool = judge_pool(topics.job, store, classifiers, settings)
    try:
        ensure_topics(cluster.admin(), topics, topic_settings)
        member = f"{topics.group}-{settings.slot}"
        consumer = cluster.group_consumer(topics.group, member)
        worker = Worker(
            consumer,
            lambda partition: _transactions(cluster, topics, partition),
            pool,
            topics,
            settings,
            stop.is_set,
            lambda: is_member(cluster.admin(), consumer, topics.group, stop.is_set),
            _now,
            events=metrics.events,
        )
        worker.run()
    finally:
        pool.close()
        backlog.close()


def _transactions(cluster: Cluster, topics: JobTopics, partition: int) -> Transactions:
    # Stable over restarts: the new owner of a partition fences its old one by this very name.
    name = f"{APPLICATION}.{topics.job}.{topics.images}-{partition}"
    return Transactions(lambda: cluster.transactional_producer(name))


def load_classifiers(
    load: Callable[[], Classifier], settings: InferenceSettings
) -> list[Classifier]:
    """One classifier in memory per image that is judged at the same time."""
    began = time.perf_counter()
    threads = settings.threads or len(os.sched_getaffinity(0))
    classifiers = [load() for _ in range(threads)]
    log.info(
        "model loaded",
        model_version=classifiers[0].model_version,
        threads=threads,
        seconds=round(time.perf_counter() - began, 3),
    )
    return classifiers


def judge_pool(
    job: str, store: Images, classifiers: Sequence[Classifier], settings: InferenceSettings
) -> JudgePool | ReadAhead:
    """Threads that judge the images of a store, one per classifier."""
    closing = threading.Event()

    def pause(seconds: float) -> None:
        if closing.wait(seconds):
            raise CancelledError

    judges = [
        Judge(job, store, each, _now, settings.max_reference_bytes, pause) for each in classifiers
    ]
    pool = JudgePool(judges)
    readers = store.read_ahead * len(judges)
    return ReadAhead(pool, judges[0].open, readers, closing) if readers else pool


def _now() -> datetime:
    return datetime.now(UTC)
