"""What one partition's answers go through: a transaction with its predictions and dead letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from confluent_kafka import TopicPartition

from consumers.inference.events import Committed, Judged
from consumers.inference.judge import Answer
from transport.deadline import Deadline
from transport.topics import JobTopics
from transport.transactions import COMMIT_DEADLINE_S, Transactions


class Lane:
    """The open transaction of one partition of the images topic.

    Args:
        partition: whose answers these are; predictions go to the same partition number.
        topics: where to.
        transactions: the partition's own transactional producer, opened.
        clock: seconds, monotonic.
        now: the time of day, as Kafka stamps messages with it.
        on_commit: told of each transaction that counts.
    """

    def __init__(
        self,
        partition: int,
        topics: JobTopics,
        transactions: Transactions,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        on_commit: Callable[[Committed], None] = lambda _transaction: None,
    ) -> None:
        self.partition = partition
        self.transactions = transactions
        self._topics = topics
        self._clock = clock
        self._now = now
        self._on_commit = on_commit
        self._opened_at = 0.0
        self._waited_s = 0.0
        self._written: list[Judged] = []
        self._next_offset = 0

    @property
    def images(self) -> int:
        """How many images the open transaction holds; 0 when none is open."""
        return len(self._written)

    @property
    def age_s(self) -> float:
        """Seconds since the open transaction's first image."""
        return self._clock() - self._opened_at if self._written else 0.0

    @property
    def waited_s(self) -> float:
        """Seconds that the open transaction's first image had waited when it was begun."""
        return self._waited_s if self._written else 0.0

    @property
    def open_transaction(self) -> Committed | None:
        """What will count when it is committed; ``None`` when none is open."""
        if not self._written:
            return None
        return Committed(self.partition, self._next_offset, self._written)

    def write(self, answer: Answer) -> None:
        """Add an answer: its prediction and, for a Failure, the untouched original.

        Raises:
            AbortedError, InDoubtError, ConfigurationError, LeaveError: see
                ``Transactions.produce``.
        """
        message = answer.message
        if not self._written:
            self._opened_at = self._clock()
            self._waited_s = (self._now() - message.published_at).total_seconds()
        self.transactions.produce(
            self._topics.predictions,
            answer.prediction,
            key=message.key,
            partition=self.partition,
            headers=event_headers(answer),
        )
        if answer.failure is not None:
            self.transactions.produce(
                self._topics.dead_letters,
                message.value,
                key=message.key,
                partition=self.partition,
                headers=_dead_letter_headers(answer),
            )
        reason = str(answer.failure.reason) if answer.failure else None
        self._written.append(Judged(message.published_at, reason, answer.abstained, answer.timings))
        # The last *emitted* offset counts, never the consumer's position: that one runs ahead.
        self._next_offset = message.offset + 1

    def commit(self, group: object, deadline: Deadline | None = None) -> None:
        """End the open transaction, if there is one, together with the input offset.

        Raises:
            AbortedError, InDoubtError, ConfigurationError, LeaveError: see ``Transactions.commit``.
        """
        transaction = self.open_transaction
        if transaction is None:
            return
        offsets = [TopicPartition(self._topics.images, self.partition, transaction.position)]
        self.transactions.commit(offsets, group, deadline or Deadline.within(COMMIT_DEADLINE_S))
        self.forget()
        self._on_commit(transaction)

    def reopen(self, give_up: Callable[[], bool]) -> bool:
        """Start over with a new producer of the same id; ``False`` when told to give up.

        Raises:
            LeaveError: the broker will not have us.
        """
        self.forget()
        return self.transactions.open(give_up)

    def forget(self) -> None:
        """Count nothing of a transaction that was given up."""
        self._written = []


def event_headers(answer: Answer) -> list[tuple[str, bytes]]:
    """CloudEvents' binary mode: understood by many tools, and a few bytes."""
    message = answer.message
    place = f"{message.topic}-{message.partition}-{message.offset}"
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", place.encode()),
        ("ce_source", f"/{message.topic}".encode()),
        ("ce_type", b"vigie.prediction"),
    ]


def _dead_letter_headers(answer: Answer) -> list[tuple[str, bytes]]:
    message, failure = answer.message, answer.failure
    assert failure is not None  # noqa: S101 - the only caller has just looked
    return [
        ("vigie_reason", str(failure.reason).encode()),
        ("vigie_detail", failure.detail.encode()),
        ("vigie_reference_id", (answer.reference_id or "").encode()),
        ("vigie_source_topic", message.topic.encode()),
        ("vigie_source_partition", str(message.partition).encode()),
        ("vigie_source_offset", str(message.offset).encode()),
        ("vigie_published_at", _iso(message.published_at).encode()),
    ]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
