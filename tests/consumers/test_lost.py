"""A worker whose client has lost the brokers leaves, so that a new process finds them.

The library forgets every broker when one that starts names none; no real broker does so on demand,
so the client is made up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.inference.settings import InferenceSettings
from consumers.inference.worker import LOST_S, Pool, Worker
from transport.topics import JobTopics
from transport.transactions import LeaveError, Transactions

TOPICS = JobTopics("lost")


class Clock:
    """Every look takes five seconds."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 5.0
        return self.now


class LostConsumer:
    """Hears of no broker; it may have been given a partition before."""

    def __init__(self, *, assigned: bool) -> None:
        self.closed = False
        self._assigned = assigned
        self._on_assign: Callable[..., None] = lambda *_: None

    def subscribe(self, _topics: list[str], on_assign: Callable[..., None], **_more: Any) -> None:
        self._on_assign = on_assign

    def poll(self, _timeout: float) -> None:
        if self._assigned:
            self._on_assign(self, [TopicPartition(TOPICS.images, 0)])

    def committed(self, _wanted: list[TopicPartition], _timeout: float) -> None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    def close(self) -> None:
        self.closed = True


class Opened:
    """A producer that found the brokers: it is another client."""

    def open(self, _give_up: Callable[[], bool]) -> bool:
        return True

    def drop(self) -> None:
        pass


def worker_of(consumer: LostConsumer, is_member: Callable[[], bool], clock: Clock) -> Worker:
    def never() -> bool:
        assert clock.now < 100 * LOST_S, "it did not leave"
        return False

    return Worker(
        cast("Any", consumer),
        lambda _partition: cast("Transactions", Opened()),
        cast("Pool", None),
        TOPICS,
        InferenceSettings(),
        never,
        is_member,
        lambda: datetime.now(UTC),
        clock,
    )


def test_it_leaves_when_others_are_answered_and_it_is_not() -> None:
    consumer, clock = LostConsumer(assigned=True), Clock()
    with pytest.raises(LeaveError, match="committed offsets cannot be read"):
        worker_of(consumer, lambda: True, clock).run()
    assert consumer.closed
    assert clock.now > LOST_S


def test_it_leaves_when_its_group_does_not_know_it_any_more() -> None:
    consumer, clock = LostConsumer(assigned=False), Clock()
    with pytest.raises(LeaveError, match="does not know it as a member"):
        worker_of(consumer, lambda: False, clock).run()
    assert consumer.closed
    assert clock.now > 2 * LOST_S


def test_a_member_for_whom_there_is_no_partition_stays() -> None:
    consumer, clock = LostConsumer(assigned=False), Clock()
    with pytest.raises(AssertionError, match="it did not leave"):
        worker_of(consumer, lambda: True, clock).run()
