"""What a replay changed, counted from a real Kafka."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dashboard.kit import FAILED, prediction, seen
from tests.dashboard.replaying import make_run, publish_run
from tests.dashboard.running import publish
from transport.broker import Running
from transport.clients import Cluster
from transport.replays import replay_group
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics
from vigie.changes import count_changes


@pytest.mark.kafka
def test_changed_verdicts_are_counted_the_most_frequent_first(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("changes"))
    ensure_topics(cluster.admin(), topics, TopicSettings())
    replayed = [FAILED, *[seen(9)] * 3, *[seen(0)] * 6]
    publish(cluster, topics.job, [prediction(n, seen(0)) for n in range(10)])
    run = make_run(0, 10)
    publish_run(cluster, topics.job, run, [prediction(n, one) for n, one in enumerate(replayed)])
    group = replay_group(topics, run.model_version, run.period)
    found = count_changes(cluster, topics, group)
    assert found is not None
    assert (found.compared, found.changed) == (10, 4)
    assert found.moves == (("safe", "talk", 3), ("safe", "failure", 1))
    assert count_changes(cluster, topics, "of another run") is None
