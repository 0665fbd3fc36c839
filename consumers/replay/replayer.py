"""The loop of a replay: read a range of references, judge on all cores, emit in order, commit.

Like the ordered worker's, with two differences: the range ends, and one process has all of it, so
that one transaction carries every partition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumers.inference.fetch import fetch
from consumers.inference.judge import Answer
from consumers.inference.lane import event_headers
from consumers.inference.settings import InferenceSettings
from consumers.inference.window import OrderingWindow
from consumers.inference.worker import (
    CONSECUTIVE_ABORTS,
    STOP_DEADLINE_S,
    Pool,
    taken,
)
from schemas.errors import ConfigurationError
from transport.deadline import Deadline
from transport.replays import RUN_HEADER, Run, committed_run, run_places
from transport.topics import JobTopics
from transport.transactions import (
    COMMIT_DEADLINE_S,
    AbortedError,
    InDoubtError,
    LeaveError,
    Transactions,
)

log = structlog.get_logger()


class Replayer:
    """Carries one run on until its range is judged.

    Args:
        consumer: of the run's group, which it never joins; reports the end of a partition.
        transactions: the run's own, opened: who else had the run is fenced.
        pool: judges messages.
        topics: the job's topics.
        run: as it is committed, with this copy as its holder.
        settings: how much at a time.
        stopping: says when to stop.
        ask_holder: asks the broker which copy has the run; ``None`` when told to stop.
        on_commit: told of the run after each commit.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        consumer: Consumer,
        transactions: Transactions,
        pool: Pool,
        topics: JobTopics,
        run: Run,
        settings: InferenceSettings,
        stopping: Callable[[], bool],
        ask_holder: Callable[[], str | None],
        on_commit: Callable[[Run], None],
        clock: Callable[[], float],
    ) -> None:
        self._consumer = consumer
        self._transactions = transactions
        self._pool = pool
        self._topics = topics
        self._committed = run
        self._ahead = run  # with what the open transaction holds
        self._settings = settings
        self._stopping = stopping
        self._ask_holder = ask_holder
        self._on_commit = on_commit
        self._clock = clock
        self._window: OrderingWindow[Answer] = OrderingWindow()
        self._opened_at: float | None = None
        self._unread: set[int] = set()
        self._aborts = 0

    def run(self) -> Run:
        """Judge what is left, or what can be until told to stop; returns what is committed.

        Raises:
            ConfigurationError: a topic refuses us or our messages.
            LeaveError: another copy of the run took this one's place, or the client is broken.
        """
        self._assign()
        self._on_commit(self._committed)
        while not self._committed.is_finished and not self._stopping():
            self._done(self._step)
        self._window.discard(lambda _: True)
        if self._ahead is not self._committed:
            self._done(lambda: self._commit(Deadline.within(STOP_DEADLINE_S)))
        return self._committed

    def _assign(self) -> None:
        """Read from what is committed onwards."""
        shares = self._committed.shares.items()
        left = {number: share for number, share in shares if share.position < share.end}
        self._unread = set(left)
        places = [
            TopicPartition(self._topics.images, n, share.position) for n, share in left.items()
        ]
        self._consumer.assign(places)
        self._consumer.resume(places)  # a pause outlives an assignment

    def _step(self) -> None:
        self._fill()
        if self._window:
            self._emit()
        for partition, share in self._ahead.shares.items():
            read = partition not in self._unread and not self._window.holds(partition)
            if read and share.position < share.end:
                self._ahead = self._ahead.read_through(partition)
        if self._is_due():
            self._commit(Deadline.within(COMMIT_DEADLINE_S))

    def _is_due(self) -> bool:
        if self._ahead is self._committed:
            return False
        images = self._ahead.references - self._committed.references
        age_s = self._clock() - self._opened_at if self._opened_at is not None else 0.0
        return self._settings.is_full(images, age_s) or not self._window

    def _fill(self) -> None:
        if not self._unread:
            return
        for record in fetch(self._consumer, len(self._window), self._settings.window):
            if error := record.error():
                self._on_error(error, record)
            else:
                self._take(record)

    def _take(self, record: Message) -> None:
        partition = cast("int", record.partition())
        offset = cast("int", record.offset())
        if partition not in self._unread:
            return  # behind the range: fetched before the reading was paused
        end = self._ahead.shares[partition].end
        if offset < end:
            message = taken(record)
            self._window.put(partition, offset, self._pool.submit(message))
        if offset + 1 >= end:
            self._stop_reading(partition)

    def _stop_reading(self, partition: int) -> None:
        self._unread.discard(partition)
        self._consumer.pause([TopicPartition(self._topics.images, partition)])

    def _emit(self) -> None:
        """Write the head of the window into the open transaction."""
        head = self._window.pop()
        answer = head.result.result()
        if self._opened_at is None:
            self._opened_at = self._clock()
        self._transactions.produce(
            self._topics.replays,
            answer.prediction,
            key=answer.message.key,
            partition=head.partition,
            headers=[*event_headers(answer), (RUN_HEADER, self._committed.id.encode())],
        )
        self._ahead = self._ahead.judged(
            head.partition, head.offset, failed=answer.failure is not None
        )

    def _commit(self, deadline: Deadline) -> None:
        self._transactions.commit(
            run_places(self._ahead, self._topics),
            self._consumer.consumer_group_metadata(),
            deadline,
        )
        self._committed = self._ahead
        self._opened_at = None
        self._aborts = 0
        self._on_commit(self._committed)

    def _done(self, act: Callable[[], None]) -> None:
        """Act; when the transaction failed, its references are judged again."""
        try:
            act()
        except AbortedError:
            self._rewind()
        except InDoubtError as error:
            log.warning("a transaction is undecided: asking anew", error=str(error))
            self._ahead = self._committed
            self._take_back()

    def _take_back(self) -> None:
        """Open the producer anew, unless another copy has gone on with the run."""
        # Opening fences who has the run: a copy that was suspended would end its successor.
        holder = self._ask_holder()
        if self._stopping():
            return
        if holder != self._committed.holder:
            raise LeaveError(
                f"Another copy of {self._committed.id} took this one's place while this one stood"
                " still. It goes on at the last committed reference; nothing is lost or doubled."
            )
        if self._transactions.open(self._stopping):
            self._rewind()

    def _rewind(self) -> None:
        """Go on from what is committed."""
        self._aborts += 1
        if self._aborts >= CONSECUTIVE_ABORTS:
            raise LeaveError(
                f"{self._aborts} transactions in a row were aborted. The same command goes on at"
                " the last committed reference."
            )
        self._window.discard(lambda _: True)
        self._opened_at = None
        try:
            found = committed_run(self._consumer, self._topics) or self._committed
        except KafkaException as error:
            raise LeaveError(
                f"How far the run came cannot be read: {error.args[0].str()}. The same command"
                " goes on there."
            ) from error
        self._committed = self._ahead = replace(found, holder=self._committed.holder)
        self._assign()

    def _on_error(self, error: KafkaError, record: Message) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            partition, offset = cast("int", record.partition()), cast("int", record.offset())
            if partition in self._unread and offset >= self._ahead.shares[partition].end:
                self._stop_reading(partition)
            return
        if error.fatal():
            raise LeaveError(f"The consumer is broken: {error.str()}. Start the command again.")
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise ConfigurationError(
                f"Kafka does not let this replay read: {error.str()}. Check the rights of its user."
            )
        log.warning("consumer error", error=error.str())
