"""What two models say differently: the pure join, and reading both sides from a real Kafka."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.feed.items import Place
from dashboard.feed.table import Codes
from dashboard.replays.comparison import Comparison, first_answer
from dashboard.replays.verdicts import CHECK, Compared, Verdicts, compare, verdict
from schemas.codec import encode_prediction
from tests.dashboard.kit import FAILED, prediction, seen
from tests.dashboard.running import publish
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.replays import RUN_HEADER, Period, Run, Share
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_replays, ensure_topics

WORDS = ("safe", "drink", "reach")


def joined(live: dict[int, str], replayed: dict[int, str], most: int = 1000) -> Compared:
    codes = Codes(100)
    sides = [Verdicts(codes, most) for _ in range(2)]
    for side, said in zip(sides, (live, replayed), strict=True):
        for source, word in said.items():
            side.add(Place(0, source), word, 10 * source)
    return compare(*sides, codes.texts())


verdicts = st.dictionaries(st.integers(0, 50), st.sampled_from(WORDS)).map(
    lambda said: dict(sorted(said.items()))
)


@given(verdicts, verdicts)
def test_the_table_counts_each_reference_that_both_judged_once(
    live: dict[int, str], replayed: dict[int, str]
) -> None:
    found = joined(live, replayed)
    both = live.keys() & replayed.keys()
    words, table = found.table(WORDS)
    counts = {
        (was, now): n
        for was, row in zip(words, table, strict=True)
        for now, n in zip(words, row, strict=True)
        if n
    }
    assert counts == {
        pair: sum((live[key], replayed[key]) == pair for key in both)
        for pair in {(live[key], replayed[key]) for key in both}
    }
    assert found.changed == sum(live[key] != replayed[key] for key in both)
    assert found.unmatched == len(replayed.keys() - live.keys())


@given(verdicts, verdicts, st.integers(1, 5))
def test_paging_through_the_changes_meets_each_once_newest_first(
    live: dict[int, str], replayed: dict[int, str], length: int
) -> None:
    found = joined(live, replayed)
    met: list[int] = []
    older, before = True, None
    while older:
        changes, older = found.changes("", "", before, length)
        met += [change.source.offset for change in changes]
        before = changes[-1].source if changes else None
    both = live.keys() & replayed.keys()
    assert met == sorted((key for key in both if live[key] != replayed[key]), reverse=True)


def test_changes_are_chosen_by_their_two_verdicts() -> None:
    found = joined({1: "safe", 2: "safe", 3: "drink"}, {1: "drink", 2: "reach", 3: "safe"})

    def sources(was: str, now: str) -> list[int]:
        return [change.source.offset for change in found.changes(was, now, None, 10)[0]]

    assert sources("safe", "drink") == [1]
    assert sources("safe", "") == [2, 1]
    assert sources("", "safe") == [3]
    assert sources("nonsense", "") == []


def test_only_the_newest_verdicts_are_kept() -> None:
    found = joined(dict.fromkeys(range(10), "safe"), dict.fromkeys(range(10), "drink"), most=4)
    assert [change.source.offset for change in found.changes("", "", None, 10)[0]] == [9, 8, 7, 6]


def test_an_abstained_image_is_to_check_whatever_class_it_names() -> None:
    assert verdict(seen(4, 0.4, abstained=True)) == CHECK
    assert verdict(seen(4)) == verdict(seen(4, 0.5))
    assert verdict(FAILED) == "failure"


def run_of(first: int, end: int, number: int = 1) -> Run:
    shares = {0: Share(first, end, end, end - first)}
    return Run("driver-2", Period(), number, datetime.now(UTC), shares)


@pytest.fixture
def job(kafka: Running, topic_name: Callable[[str], str]) -> tuple[Cluster, JobTopics]:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("replays"))
    ensure_topics(cluster.admin(), topics, TopicSettings())
    ensure_replays(cluster.admin(), topics, TopicSettings())
    return cluster, topics


def replay(cluster: Cluster, topics: JobTopics, run: Run, labels: dict[int, int]) -> None:
    producer = cluster.producer("test-replay")
    for n, label in labels.items():
        event = encode_prediction(prediction(n, seen(label)))
        producer.produce(topics.replays, event, headers=[(RUN_HEADER, run.id.encode())])
    assert producer.flush(30) == 0


@pytest.mark.kafka
def test_a_run_is_compared_with_the_live_events_of_its_references(
    job: tuple[Cluster, JobTopics],
) -> None:
    cluster, topics = job
    run = run_of(5, 20)
    publish(cluster, topics.job, [prediction(n, seen(1)) for n in range(30)], one_by_one=True)
    replay(cluster, topics, run_of(5, 20, number=2), dict.fromkeys(range(5, 20), 9))
    replay(cluster, topics, run, {n: 2 if n % 5 == 0 else 1 for n in range(5, 12)})
    comparison = Comparison(cluster, topics, run)
    assert comparison.read(30)
    found = comparison.compared()
    assert (len(found), found.changed, found.unmatched) == (7, 2, 0)
    replay(cluster, topics, run, dict.fromkeys(range(12, 20), 2))
    assert comparison.read(30)  # goes on where it was
    changes, _ = comparison.compared().changes("", "", None, 100)
    assert [one.source.offset for one in changes] == [*range(19, 11, -1), 10, 5]
    assert changes[0].live.offset == 19 * 2  # each transaction ends with a marker


@pytest.mark.kafka
def test_a_topic_that_is_not_there_yet_is_read_once_it_is(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("later"))
    run = run_of(0, 3)
    comparison = Comparison(cluster, topics, run)
    assert not comparison.read()
    ensure_topics(cluster.admin(), topics, TopicSettings())
    ensure_replays(cluster.admin(), topics, TopicSettings())
    publish(cluster, topics.job, [prediction(n, seen(1)) for n in range(3)])
    replay(cluster, topics, run, dict.fromkeys(range(3), 2))
    wait_until(lambda: comparison.read(30), what="both sides are read")
    assert comparison.compared().changed == 3


@pytest.mark.kafka
def test_the_first_live_event_of_a_run_is_found_without_reading_all(
    job: tuple[Cluster, JobTopics],
) -> None:
    from confluent_kafka import TopicPartition

    cluster, topics = job
    publish(cluster, topics.job, [prediction(n, seen(1)) for n in range(3000)])
    consumer = cluster.reader("test-halving")
    try:
        place = TopicPartition(topics.predictions, 0)
        found = [first_answer(consumer, place, source) for source in (0, 1234, 2999, 9999)]
    finally:
        consumer.close()
    for at, source in zip(found, (0, 1234, 2999, 3000), strict=True):
        assert source - 64 <= at <= source
