"""Which copy has a run, by the broker's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.replays import Period, Run, Share, ask_holder, replay_group, run_places
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

PATIENCE_S = 60.0
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.kafka
def test_who_has_a_run_is_told_while_a_transaction_of_it_is_open(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("job"))
    ensure_topics(cluster.admin(), topics, TopicSettings())
    run = Run("driver-2", Period(), 1, NOW, {0: Share(0, 10, 0)})
    group = replay_group(topics, run.model_version, run.period)
    producer, member = cluster.transactional_producer(group), cluster.reader(group)
    producer.init_transactions(PATIENCE_S)

    def claim(holder: str) -> None:
        producer.begin_transaction()
        places = run_places(replace(run, holder=holder), topics)
        producer.send_offsets_to_transaction(places, member.consumer_group_metadata(), PATIENCE_S)

    def holder() -> str | None:
        return ask_holder(cluster, topics, group, lambda: False)

    assert holder() is None
    claim("first")
    producer.commit_transaction(PATIENCE_S)
    wait_until(lambda: holder() == "first", PATIENCE_S)
    claim("second")
    assert holder() == "first"
    producer.commit_transaction(PATIENCE_S)
    wait_until(lambda: holder() == "second", PATIENCE_S)
    member.close()
