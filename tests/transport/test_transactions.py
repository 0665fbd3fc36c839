"""What follows from a call of the library that does not come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import TopicPartition

from transport.deadline import Deadline
from transport.transactions import InDoubtError, Transactions


class HangingProducer:
    """A producer whose coordinator never comes back."""

    def __init__(self, released: threading.Event) -> None:
        self._released = released

    def init_transactions(self, _timeout: float) -> None:
        pass

    def begin_transaction(self) -> None:
        pass

    def send_offsets_to_transaction(self, *_: object) -> None:
        self._released.wait()

    def purge(self) -> None:
        pass


@pytest.fixture
def released() -> Iterator[threading.Event]:
    released = threading.Event()
    yield released
    released.set()


def test_a_commit_that_hangs_is_in_doubt_when_its_deadline_has_passed(
    released: threading.Event,
) -> None:
    transactions = Transactions(lambda: HangingProducer(released))
    assert transactions.open(lambda: False)
    began = time.monotonic()
    with pytest.raises(InDoubtError, match="send_offsets_to_transaction hangs"):
        transactions.commit([TopicPartition("images", 0, 7)], None, Deadline.within(0.2))
    assert time.monotonic() - began < 2
    assert transactions.open(lambda: False)  # a new producer takes over
