"""Dead letters are read, found by their place and sent again, on the real broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from transport.clients import Cluster
from transport.dead_letters import (
    DeadLetter,
    ReplayError,
    find_dead_letters,
    read_dead_letters,
    replay_dead_letters,
)
from transport.reading import JUMP, read_to_end
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def topics(cluster: Cluster, topic_name: Callable[[str], str]) -> JobTopics:
    topics = JobTopics(topic_name("job"))
    ensure_topics(cluster.admin(), topics, TopicSettings())
    return topics


def bury(cluster: Cluster, topics: JobTopics, values: list[bytes | None]) -> None:
    """One transaction per dead letter, so that each is followed by a marker."""
    producer: Producer = cluster.transactional_producer(f"test-{topics.job}")
    producer.init_transactions(30)
    for n, value in enumerate(values):
        producer.begin_transaction()
        headers = [
            ("vigie_reason", b"image_missing" if n % 2 else b"image_empty"),
            ("vigie_detail", f"It went wrong {n}.".encode()),
            ("vigie_reference_id", b""),
            ("vigie_source_partition", b"0"),
            ("vigie_source_offset", str(n).encode()),
            ("vigie_published_at", b"2026-11-21T08:00:00.000+00:00"),
        ]
        producer.produce(topics.dead_letters, value, key=b"cabin", headers=headers)
        producer.commit_transaction(30)


def test_each_says_where_it_stands_and_why(cluster: Cluster, topics: JobTopics) -> None:
    bury(cluster, topics, [b"first", None])
    first, second = read_dead_letters(cluster, topics)
    assert first == DeadLetter(
        partition=0,
        offset=0,
        appended_ms=first.appended_ms,
        reason="image_empty",
        detail="It went wrong 0.",
        reference_id=None,
        source_partition=0,
        source_offset=0,
        published_at="2026-11-21T08:00:00.000+00:00",
        key=b"cabin",
        value=b"first",
    )
    assert (second.offset, second.value) == (2, None)


def test_those_that_are_kept_are_found_and_the_others_left_out(
    cluster: Cluster, topics: JobTopics
) -> None:
    bury(cluster, topics, [b"a", b"", b"c", b"d"])  # offsets 0 2 4 6
    places = [(0, 6), (0, 2), (0, 3), (0, 2), (0, 99)]
    found = find_dead_letters(cluster, topics, places)
    assert [(one.offset, one.value or b"") for one in found] == [(2, b""), (6, b"d")]


def test_far_apart_ones_are_sought_and_not_read_through(
    cluster: Cluster, topics: JobTopics
) -> None:
    producer = cluster.producer("test")
    for n in range(2 * JUMP + 2):
        producer.produce(topics.dead_letters, str(n).encode())
    assert producer.flush(30) == 0
    wanted = [0, 1, JUMP + 500, 2 * JUMP + 1]
    found = find_dead_letters(cluster, topics, [(0, offset) for offset in wanted])
    assert [one.offset for one in found] == wanted


def test_originals_go_to_the_images_again_as_they_were(cluster: Cluster, topics: JobTopics) -> None:
    bury(cluster, topics, [b"a", None, b"c"])
    taken: list[int] = []
    letters = read_dead_letters(cluster, topics)
    assert replay_dead_letters(cluster, topics, letters, lambda one: taken.append(one.offset)) == 3
    sent = read_to_end(cluster, topics.images, "test")
    assert [(one.key(), one.value()) for one in sent] == [
        (b"cabin", b"a"),
        (b"cabin", None),
        (b"cabin", b"c"),
    ]
    assert taken == [0, 2, 4]
    assert len(list(read_dead_letters(cluster, topics))) == 3


def test_what_was_taken_is_told_also_when_another_is_refused(
    cluster: Cluster, topics: JobTopics
) -> None:
    bury(cluster, topics, [b"a"])
    [good] = read_dead_letters(cluster, topics)
    large = DeadLetter(0, 9, 0, "x", "", None, 0, 0, "", None, b"." * 5_000_000)
    taken: list[int] = []
    with pytest.raises(ReplayError, match="1 of 2 dead letters were not taken"):
        replay_dead_letters(cluster, topics, [good, large], lambda one: taken.append(one.offset))
    assert taken == [0]
