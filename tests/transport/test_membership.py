"""Who belongs to a group, by the broker's word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Consumer

from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.membership import is_member
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

pytestmark = pytest.mark.kafka

PATIENCE_S = 60.0


def test_a_member_is_none_any_more_when_another_has_taken_its_slot(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("member"))
    admin = cluster.admin()
    ensure_topics(admin, topics, TopicSettings())

    def joined() -> Consumer:
        member = cluster.group_consumer(topics.group, "slot-0")
        member.subscribe([topics.images])
        wait_until(lambda: bool(member.poll(0.1) or member.assignment()), PATIENCE_S)
        return member

    def belongs(member: Consumer) -> bool:
        return is_member(admin, member, topics.group, lambda: False)

    first = joined()
    assert belongs(first)
    second = joined()
    assert belongs(second)
    assert not belongs(first)
    first.close()
    second.close()


def test_who_gives_up_on_a_broker_that_is_away_counts_as_no_member(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    cluster = Cluster(kafka.bootstrap_servers)
    stranger = cluster.reader(topic_name("nobody"))
    asked = iter([False, False, True])
    assert not is_member(cluster.admin(), stranger, topic_name("none"), lambda: next(asked))
    stranger.close()
