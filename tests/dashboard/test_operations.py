"""The operations strip's facts: counted exactly, judged by membership and by progress."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from hypothesis import given
from hypothesis import strategies as st

from dashboard.operations.letters import Letters
from dashboard.operations.report import STALE_S, STUCK_S, Backlog, Pace, Report, Snapshot, not_known
from dashboard.operations.watch import Watch
from tests.consumers.kit import Place, make_place, running
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker, Running
from transport.clients import Cluster
from transport.topics import JobTopics

SEEN_WITHIN_S = 12.0  # Kafka drops a silent member after 10 s; then comes a look, each second

offsets = st.lists(st.integers(1, 3), max_size=40).map(
    lambda steps: [sum(steps[: n + 1]) for n in range(len(steps))]
)
"""Ascending, with gaps as markers of transactions leave them."""


# The pure part


@given(offsets, st.integers(0, 130), st.integers(1, 20))
def test_what_waits_is_counted_by_records_and_not_by_offsets(
    records: list[int], committed: int, most: int
) -> None:
    backlog = Backlog(most)
    backlog.answered(0, 0)
    for offset in records:
        backlog.take(0, offset, offset * 10)
    backlog.answered(0, committed)
    for offset in records:
        if offset >= backlog.unread().get(0, 1 << 60):
            backlog.take(0, offset, offset * 10)
    waiting = [offset for offset in records if offset >= committed]
    assert (backlog.lag, backlog.more) == (min(len(waiting), most), len(waiting) > most)
    assert backlog.oldest_ms == (waiting[0] * 10 if waiting else None)
    assert backlog.heads == ({0: waiting[0]} if waiting else {})


def test_an_offset_set_back_by_hand_makes_the_images_wait_again() -> None:
    backlog = Backlog()
    backlog.answered(0, 5)
    backlog.take(0, 7, 70)
    backlog.answered(0, 2)
    assert backlog.unread() == {0: 2}
    backlog.take(0, 3, 30)
    assert (backlog.lag, backlog.oldest_ms) == (1, 30)


def test_images_of_several_partitions_are_counted_together() -> None:
    backlog = Backlog()
    for partition, when in ((0, 50), (1, 20)):
        backlog.answered(partition, 0)
        backlog.take(partition, 4, when)
    assert (backlog.lag, backlog.oldest_ms) == (2, 20)


def test_nobody_in_the_group_is_no_worker() -> None:
    assert Pace().judge(0, {}, 100.0) == "absent"


def test_a_worker_without_images_is_alive_however_long() -> None:
    pace = Pace()
    assert {pace.judge(1, {}, now) for now in (0.0, 1000.0)} == {"alive"}


def test_a_worker_whose_images_move_is_alive_and_one_whose_do_not_is_stuck() -> None:
    pace = Pace()
    assert [pace.judge(1, {0: head}, head * 3.0) for head in range(5)] == ["alive"] * 5
    assert pace.judge(1, {0: 4}, 12.0 + STUCK_S - 0.1) == "alive"
    assert pace.judge(1, {0: 4}, 12.0 + STUCK_S) == "stuck"
    assert pace.judge(1, {0: 5}, 12.0 + STUCK_S + 1) == "alive"


def test_one_partition_that_stands_still_is_enough_to_be_stuck() -> None:
    pace = Pace()
    pace.judge(1, {0: 4, 1: 4}, 0.0)
    assert pace.judge(1, {0: 9, 1: 4}, STUCK_S) == "stuck"


def test_a_worker_that_joins_gets_its_own_time_to_answer_what_has_long_waited() -> None:
    pace = Pace()
    assert pace.judge(0, {0: 4}, 0.0) == "absent"
    assert pace.judge(1, {0: 4}, 3600.0) == "alive"
    assert pace.judge(1, {0: 4}, 3600.0 + STUCK_S) == "stuck"


def test_a_report_ages_and_says_nothing_when_it_is_too_old() -> None:
    report = Report(100.0, "alive", 3, oldest_at=95.0, dead_letters=2)
    assert report.snapshot(102.0) == {
        "worker": "alive",
        "lag": 3,
        "lag_more": False,
        "oldest_s": 7.0,
        "dead_letters": 2,
        "dead_letters_more": False,
        "checked_s": 2.0,
    }
    old = report.snapshot(100.1 + STALE_S)
    assert (old["worker"], old["lag"], old["oldest_s"], old["dead_letters"]) == (
        *("unknown", None),
        *(None, None),
    )


def test_before_the_first_look_nothing_is_known() -> None:
    assert (not_known(5.0)["worker"], not_known(5.0)["checked_s"]) == ("unknown", None)


# On the real broker


@contextmanager
def watching(cluster: Cluster, topics: JobTopics) -> Iterator[Callable[[], Snapshot]]:
    watch = Watch(cluster, topics, Letters())
    watch.start()
    try:
        yield lambda: watch.snapshot(time.time())
    finally:
        watch.stop(5)


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    return make_place(kafka.bootstrap_servers, topic_name("job"), tmp_path / "images")


def publish_in_transactions(place: Place, sizes: list[int]) -> None:
    """One transaction of each size, each with its marker; a negative one is aborted."""
    producer = place.cluster.transactional_producer(f"test-{place.topics.job}")
    producer.init_transactions(30)
    for size in sizes:
        producer.begin_transaction()
        for n in range(abs(size)):
            producer.produce(place.topics.images, place.reference(n))
        if size < 0:
            producer.flush(30)
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)


def commit(place: Place, offset: int) -> None:
    where = TopicPartition(place.topics.images, 0, offset)
    wanted = ConsumerGroupTopicPartitions(place.topics.group, [where])
    admin = place.cluster.admin()  # kept: without it the answer never comes
    admin.alter_consumer_group_offsets([wanted])[place.topics.group].result(30)


@pytest.mark.kafka
def test_who_asks_before_the_first_look_waits_for_its_answer(place: Place) -> None:
    watch = Watch(place.cluster, place.topics, Letters())
    watch.start()
    try:
        assert watch.answers()
    finally:
        watch.stop(5)


@pytest.mark.kafka
def test_a_leader_that_moves_is_not_taken_for_an_outage(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))]
    look = Watch.look

    def look_after_faults(watch: Watch, *asked: Any) -> Report:
        if faults:
            raise faults.pop()
        return look(watch, *asked)

    monkeypatch.setattr(Watch, "look", look_after_faults)
    watch = Watch(place.cluster, place.topics, Letters())
    watch.start()
    try:
        assert watch.answers()
        assert not faults
    finally:
        watch.stop(5)


@pytest.mark.kafka
def test_the_lag_is_exact_over_markers_and_aborted_images(place: Place) -> None:
    publish_in_transactions(place, [1, 2, -3, 1])  # offsets 0 | 2 3 | (5 6 7) | 9, then a marker
    with watching(place.cluster, place.topics) as snapshot:
        wait_until(lambda: snapshot()["lag"] == 4, what="four images wait")
        commit(place, 1)  # the first one: behind it comes its marker
        wait_until(lambda: snapshot()["lag"] == 3, what="three images wait")
        commit(place, 10)  # all: the end of the topic is 11
        wait_until(lambda: snapshot()["lag"] == 0, what="none waits")
        assert snapshot()["oldest_s"] is None
        publish_in_transactions(place, [2])
        wait_until(lambda: snapshot()["lag"] == 2, what="two new ones wait")
        assert 0 <= (snapshot()["oldest_s"] or 99) < 30


@pytest.mark.kafka
def test_beyond_a_thousand_it_says_more_and_counts_on_when_they_are_answered(place: Place) -> None:
    place.publish([place.reference(1)] * 1500)
    with watching(place.cluster, place.topics) as snapshot:
        wait_until(lambda: snapshot()["lag"] == 1000, what="a thousand")
        assert snapshot()["lag_more"]
        commit(place, 1200)
        wait_until(lambda: snapshot()["lag"] == 300, what="three hundred")
        assert not snapshot()["lag_more"]


@pytest.mark.kafka
def test_a_killed_worker_is_missed_within_twelve_seconds_and_its_successor_seen(
    place: Place,
) -> None:
    with watching(place.cluster, place.topics) as snapshot:
        wait_until(lambda: snapshot()["worker"] == "absent", what="nobody there")
        with running(place) as worker:
            wait_until(lambda: snapshot()["worker"] == "alive", what="a worker there")
            worker.process.kill()
            began = time.monotonic()
            wait_until(lambda: snapshot()["worker"] == "absent", what="the loss seen")
            assert time.monotonic() - began < SEEN_WITHIN_S
        with running(place):
            wait_until(lambda: snapshot()["worker"] == "alive", what="its successor seen")
            place.publish([place.reference(1), b"no reference"])
            wait_until(lambda: snapshot()["dead_letters"] == 1, what="the dead letter counted")
            wait_until(lambda: snapshot()["lag"] == 0, what="all answered")
            assert snapshot()["worker"] == "alive"


@pytest.mark.kafka
def test_a_worker_that_hangs_is_not_taken_for_one_at_work(place: Place) -> None:
    with running(place) as worker, watching(place.cluster, place.topics) as snapshot:
        place.publish([place.reference(1)])
        place.predictions(1)
        worker.process.send_signal(signal.SIGSTOP)
        place.publish([place.reference(n) for n in range(3)])
        wait_until(lambda: snapshot()["worker"] == "stuck", what="it hangs")
        assert snapshot()["lag"] == 3
        worker.process.send_signal(signal.SIGCONT)
        wait_until(
            lambda: (snapshot()["worker"], snapshot()["lag"]) == ("alive", 0), what="it works"
        )


@pytest.mark.kafka
def test_without_topics_nothing_waits_and_no_letter_is_dead(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    topics = JobTopics(topic_name("none"))
    with watching(Cluster(kafka.bootstrap_servers), topics) as snapshot:
        wait_until(lambda: snapshot()["worker"] == "absent", what="an answer")
        assert (snapshot()["lag"], snapshot()["dead_letters"]) == (0, 0)


@pytest.mark.kafka
def test_without_kafka_nothing_is_known_until_it_is_back(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "kafka", BrokerSettings())
    try:
        place = make_place(broker.start().bootstrap_servers, "outage", tmp_path / "images")
        publish_in_transactions(place, [2])
        quiet = Cluster(place.cluster.bootstrap_servers, {"log_level": "0"})
        with watching(quiet, place.topics) as snapshot:
            wait_until(lambda: snapshot()["lag"] == 2, what="two wait")
            broker.stop()
            wait_until(lambda: snapshot()["worker"] == "unknown", what="the outage")
            assert snapshot()["lag"] is None
            broker.start()
            wait_until(lambda: snapshot()["lag"] == 2, what="two still wait")
    finally:
        broker.stop()
