"""The ends of the measured path, on the real broker: what goes in, and how its answers count."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import VigieError
from transport.broker import Running
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics
from vigie.bench.committed import Committed
from vigie.bench.path import SOURCES_EACH, even_sources
from vigie.processes import Ended

PATIENT = settings(deadline=None)  # other programs may have the processors

PARTITIONS = 2


class Ends:
    """A producer that plays the worker, and the reader that counts its predictions."""

    def __init__(self, cluster: Cluster, topics: JobTopics) -> None:
        self.topic = topics.predictions
        self.producer: Producer = cluster.transactional_producer(topics.job)
        self.producer.init_transactions(30)
        self.reader: Consumer = cluster.reader(topics.job)
        self.reader.assign([TopicPartition(self.topic, number, 0) for number in range(PARTITIONS)])

    def commit(self, *keys: str) -> None:
        """One transaction with a prediction for each key."""
        self.producer.begin_transaction()
        for key in keys:
            self.producer.produce(self.topic, b"any", key)
        self.producer.commit_transaction(30)

    def expect(self, ended: Ended | None = None) -> Committed:
        return Committed(self.reader, range(PARTITIONS), lambda: ended)


@pytest.fixture
def ends(kafka: Running, topic_name: Callable[[str], str]) -> Iterator[Ends]:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("ends"))
    ensure_topics(cluster.admin(), topics, TopicSettings(partitions=PARTITIONS))
    ends = Ends(cluster, topics)
    yield ends
    ends.reader.close()


pytestmark = pytest.mark.kafka


def test_rounds_that_are_exact_follow_each_other(ends: Ends):
    for keys in (("a", "b", "c"), ("a",), ("b", "c", "d", "e")):
        arriving = ends.expect()
        ends.commit(*keys)
        arriving.await_all(len(keys))
        arriving.check_no_more()


def test_one_prediction_too_many_is_noticed(ends: Ends):
    arriving = ends.expect()
    ends.commit("a", "b", "c")
    arriving.await_all(2)

    with pytest.raises(VigieError, match="1 more prediction was committed"):
        arriving.check_no_more()


def test_what_is_not_committed_does_not_count(ends: Ends):
    arriving = ends.expect()
    ends.producer.begin_transaction()
    ends.producer.produce(ends.topic, b"any", "a")
    ends.producer.flush(30)
    ends.producer.abort_transaction(30)
    ends.commit("a")

    arriving.await_all(1)
    arriving.check_no_more()


def test_each_prediction_is_told_as_it_arrives(ends: Ends):
    arriving = ends.expect().each(2)

    for key in ("a", "b"):
        ends.commit(key)
        next(arriving)
    assert list(arriving) == []


def test_a_worker_that_ends_ends_the_wait(ends: Ends):
    with pytest.raises(VigieError, match="given up: worker-0 ended"):
        ends.expect(Ended("worker-0", 4, restarted=False, sentence="no model")).await_all(1)


def test_the_keys_of_the_sources_fill_every_partition_evenly(ends: Ends):
    sources = even_sources(PARTITIONS)
    ends.commit(*sources)

    places = Counter[int]()
    while places.total() < len(sources):
        for message in ends.reader.consume(1, 1.0):
            if message.error() is None:
                places[message.partition()] += 1
    assert places == dict.fromkeys(range(PARTITIONS), SOURCES_EACH)


@PATIENT
@given(st.integers(1, 40))
def test_neighbouring_sources_lie_in_different_partitions(partitions):
    sources = even_sources(partitions)

    assert len(set(sources)) == len(sources) == partitions * SOURCES_EACH
