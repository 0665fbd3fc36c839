"""Puts a replay together from its real parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException

from consumers.inference.judge import Classifier
from consumers.inference.service import judge_pool, load_classifiers
from consumers.inference.settings import InferenceSettings
from consumers.replay.period import resolve_period
from consumers.replay.replayer import Replayer
from schemas.errors import ConfigurationError
from storage.images import Images
from transport.clients import Cluster
from transport.deadline import Deadline
from transport.replays import (
    Period,
    Run,
    ask_holder,
    committed_run,
    replay_group,
    run_places,
)
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_replays
from transport.transactions import (
    COMMIT_DEADLINE_S,
    AbortedError,
    InDoubtError,
    Transactions,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay came to.

    Attributes:
        run: its id, which its events name.
        topic: where they are.
        finished: whether all references of the range are judged.
        judged: how many this call judged, in ``seconds``.
        references: how many are judged in all, ``failures`` of them without a verdict.
    """

    run: str
    model_version: str
    topic: str
    finished: bool
    references: int
    failures: int
    judged: int
    seconds: float


def run_replay(
    cluster: Cluster,
    store: Images,
    topics: JobTopics,
    load: Callable[[], Classifier],
    period: Period,
    settings: InferenceSettings,
    topic_settings: TopicSettings,
    stop: threading.Event,
    *,
    again: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Summary:
    """Judge a period's references with another model; go on where an earlier call left off.

    Args:
        cluster: the Kafka to work on.
        store: where the references' images are.
        topics: the job's topics; only the replays topic is written to.
        load: loads one classifier of the model; called once per thread.
        period: which references. Its offsets are fixed when its first run begins.
        settings: how the replay uses the machine.
        topic_settings: what the topics must be like.
        stop: set from a signal handler; what is judged is committed.
        again: begin a new run even when there is one.
        on_progress: told how many offsets are done, of how many.

    Raises:
        ConfigurationError: a topic, the model or the broker is not as it must be.
        LeaveError: another copy of the run took this one's place.
    """
    began = time.monotonic()
    classifiers = load_classifiers(load, settings)
    ensure_replays(cluster.admin(), topics, topic_settings)
    name = replay_group(topics, classifiers[0].model_version, period)
    consumer = cluster.reader(name)
    transactions = Transactions(lambda: cluster.transactional_producer(name))
    pool = judge_pool(topics.job, store, classifiers, settings)
    try:
        # Who had the run before is fenced first: what is read then is the last it committed.
        if not transactions.open(stop.is_set):
            raise ConfigurationError("Stopped while waiting for Kafka; nothing was judged.")
        version = classifiers[0].model_version
        first = _begin(consumer, transactions, topics, version, period, again=again)
        run = Replayer(
            consumer,
            transactions,
            pool,
            topics,
            first,
            settings,
            stop.is_set,
            lambda: ask_holder(cluster, topics, name, stop.is_set),
            lambda run: on_progress(run.done, run.total),
            time.monotonic,
        ).run()
    finally:
        pool.close()
        consumer.close()
        transactions.drop()
    return _summary(topics, first, run, time.monotonic() - began)


def _summary(topics: JobTopics, first: Run, last: Run, seconds: float) -> Summary:
    return Summary(
        last.id,
        last.model_version,
        topics.replays,
        last.is_finished,
        last.references,
        last.failures,
        last.references - first.references,
        round(seconds, 3),
    )


def _begin(
    consumer: Consumer,
    transactions: Transactions,
    topics: JobTopics,
    model_version: str,
    period: Period,
    *,
    again: bool,
) -> Run:
    """The run to carry on, committed as this copy's before anything is judged."""
    try:
        # Also waits for the group's coordinator, which a commit does not: where the group is the
        # broker's very first, librdkafka 2.16 then hangs in send_offsets_to_transaction.
        run = committed_run(consumer, topics)
        if run is None or again:
            number = run.number + 1 if run else 1
            shares = resolve_period(consumer, topics.images, period)
            run = Run(model_version, period, number, datetime.now(UTC), shares)
    except KafkaException as error:
        raise ConfigurationError(
            f"The references of {topics.images} cannot be found: {error.args[0].str()}. Check that"
            " the broker runs (`vigie broker status`) and try again."
        ) from error
    run = replace(run, holder=uuid4().hex)
    group = consumer.consumer_group_metadata()
    try:
        transactions.commit(run_places(run, topics), group, Deadline.within(COMMIT_DEADLINE_S))
    except (AbortedError, InDoubtError) as error:
        raise ConfigurationError(
            f"The run could not be begun: {error}. Nothing was judged; try again."
        ) from error
    return run
