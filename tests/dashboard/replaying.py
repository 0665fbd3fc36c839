"""A replay without its model: events and account, as a run leaves them in Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.codec import encode_prediction
from schemas.events import Prediction
from tests.dashboard.running import PATIENCE_S
from transport.clients import Cluster
from transport.deadline import Deadline
from transport.replays import (
    RUN_HEADER,
    Period,
    Run,
    Share,
    committed_run,
    replay_group,
    run_places,
)
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_replays
from transport.transactions import Transactions


def make_run(first: int, end: int, *, done: int | None = None, number: int = 1) -> Run:
    """A run over the references from ``first`` to before ``end``; ``done`` of them are judged."""
    judged = end - first if done is None else done
    share = Share(first, end, first + judged, judged)
    return Run("driver-2", Period(), number, datetime.now(UTC), {0: share})


def publish_run(cluster: Cluster, job: str, run: Run, events: Sequence[Prediction]) -> None:
    """Write a run's events and its account in one transaction."""
    topics = JobTopics(job)
    ensure_replays(cluster.admin(), topics, TopicSettings())
    group = replay_group(topics, run.model_version, run.period)
    transactions = Transactions(lambda: cluster.transactional_producer(group))
    consumer = cluster.reader(group)
    try:
        assert transactions.open(lambda: False)
        # As a replay does. Without it, the client hangs when it is the broker's first group.
        committed_run(consumer, topics)
        for event in events:
            value = encode_prediction(event)
            transactions.produce(topics.replays, value, headers=[(RUN_HEADER, run.id.encode())])
        member = consumer.consumer_group_metadata()
        transactions.commit(run_places(run, topics), member, Deadline.within(PATIENCE_S))
    finally:
        consumer.close()
        transactions.drop()
