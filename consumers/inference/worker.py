"""The ordered worker's loop: read, judge on all cores, emit in order, commit meanwhile.

One thread owns the consumer and the producers. It keeps a window of images in flight on a pool of
threads and emits only the head, so that the order holds by construction. While a commit waits for
the broker the pool goes on with the images of the next transaction: they are already submitted,
only not yet emitted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Protocol, cast

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from consumers.inference.events import Committed, WorkerEvents
from consumers.inference.fetch import fetch
from consumers.inference.judge import Answer, Message
from consumers.inference.lane import Lane
from consumers.inference.settings import InferenceSettings
from consumers.inference.storm import PoisonGate
from consumers.inference.window import OrderingWindow
from schemas.errors import ConfigurationError
from transport.deadline import Deadline
from transport.topics import JobTopics
from transport.transactions import AbortedError, InDoubtError, LeaveError, Transactions

STOP_DEADLINE_S = 5.0
"""A stop is promised within 10 s; half of it is for the last commit, half for leaving."""

OFFSETS_TIMEOUT_S = 10.0
"""The group coordinator answers in milliseconds, and in a second or two while it moves."""

LOST_S = 30.0
"""A broker is back within 15 s. Who has not found it again by then asks whether others have: the
library may forget every broker it knew, when one names none as it starts, and then waits for ever.
"""

CONSECUTIVE_ABORTS = 10
"""An abort is for a passing cause. After so many in a row the cause does not pass: leave."""

_STOPS_THE_CONSUMER = frozenset(
    {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
)

_LEAVE = frozenset({KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID})
"""Fatal by their code: an error that comes as a message does not carry the flag."""

log = structlog.get_logger()


class Pool(Protocol):
    """Judges messages on other threads."""

    def submit(self, message: Message) -> Future[Answer]:
        """Judge a message soon."""


class Worker:
    """Reads one job's images topic as a member of its group, and answers.

    Args:
        consumer: a group consumer that commits nothing by itself; not yet subscribed.
        transactions: makes the transactional producer of a partition, by its number.
        pool: judges messages.
        topics: the job's topics.
        settings: how much at a time.
        stopping: says when to stop.
        is_member: asks the broker whether the consumer still belongs to its group.
        now: the time of day.
        clock: seconds, monotonic.
        events: told how it goes.
    """

    def __init__(
        self,
        consumer: Consumer,
        transactions: Callable[[int], Transactions],
        pool: Pool,
        topics: JobTopics,
        settings: InferenceSettings,
        stopping: Callable[[], bool],
        is_member: Callable[[], bool],
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        events: WorkerEvents | None = None,
    ) -> None:
        self._consumer = consumer
        self._transactions = transactions
        self._pool = pool
        self._topics = topics
        self._settings = settings
        self._stopping = stopping
        self._is_member = is_member
        self._clock = clock
        self._now = now
        self._events = events or WorkerEvents()
        self._lanes: dict[int, Lane] = {}
        self._window: OrderingWindow[Answer] = OrderingWindow()
        self._gate = PoisonGate(settings.storm_window, settings.storm_share)
        self._aborts = 0
        self._healthy = True
        self._idle_until: Deadline | None = None
        self._is_missed = False

    def run(self) -> None:
        """Work until told to stop.

        Raises:
            PoisonStormError: too many of the last images failed.
            ConfigurationError: a topic refuses us or our messages.
            LeaveError: another worker took this one's place, or the client is broken for good.
        """
        self._consumer.subscribe(
            [self._topics.images],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        try:
            while not self._stopping():
                self._step()
            self._finish()
        except BaseException:
            self._healthy = False  # closing fires on_revoke, which must not commit any more
            raise
        finally:
            self._consumer.close()
            for lane in self._lanes.values():
                lane.transactions.drop()

    def _step(self) -> None:
        self._fill()
        self._ask_when_idle()
        if self._window:
            self._emit()
        for lane in list(self._lanes.values()):
            if lane.images and self._is_due(lane):
                self._commit(lane)
                self._gate.check()

    def _ask_when_idle(self) -> None:
        """Leave when the group goes on without this worker, and it does not notice."""
        if self._lanes:
            self._idle_until = None
        elif self._idle_until is None:
            self._idle_until, self._is_missed = Deadline.within(LOST_S, self._clock), False
        elif self._idle_until.passed:
            is_missed = not self._is_member()
            # The first time it may just be on its way in.
            if is_missed and self._is_missed and not self._stopping():
                raise LeaveError(
                    f"This worker has had no partition for {2 * LOST_S:.0f} s, and Kafka does not"
                    " know it as a member of its group. A new process joins anew."
                )
            self._idle_until, self._is_missed = Deadline.within(LOST_S, self._clock), is_missed

    def _is_due(self, lane: Lane) -> bool:
        is_full = self._settings.is_full(lane.images, lane.age_s, lane.waited_s)
        return is_full or not self._window.holds(lane.partition)

    def _fill(self) -> None:
        for record in fetch(self._consumer, len(self._window), self._settings.window):
            if error := record.error():
                self._on_error(error)
            elif record.partition() in self._lanes:
                message = taken(record)
                self._window.put(message.partition, message.offset, self._pool.submit(message))

    def _emit(self) -> None:
        """Write the head of the window into its partition's transaction."""
        head = self._window.pop()
        answer = head.result.result()
        lane = self._lanes[head.partition]
        if self._done(lane, lambda: lane.write(answer)):
            self._gate.count(failed=answer.failure is not None)
            if answer.failure is not None:
                log.warning(
                    "failure",
                    reason=str(answer.failure.reason),
                    reference_id=answer.reference_id,
                    offset=head.offset,
                )

    def _commit(self, lane: Lane) -> None:
        group = self._consumer.consumer_group_metadata()
        if self._done(lane, lambda: lane.commit(group)):
            self._aborts = 0

    def _done(self, lane: Lane, act: Callable[[], None]) -> bool:
        """Act on the lane's transaction; ``False`` when it failed and its images are read again."""
        try:
            act()
        except AbortedError:
            self._events.aborted()
            self._rewind(lane)
        except InDoubtError as error:
            log.warning("a transaction is undecided: asking anew", error=str(error))
            self._events.undecided()
            undecided = lane.open_transaction
            if self._take_back(lane):
                self._decide(undecided, self._rewind(lane))
        else:
            return True
        return False

    def _take_back(self, lane: Lane) -> bool:
        """Open a lane anew; let it go when the group went on without this worker."""
        # Opening fences who has the partition: one that was suspended would end its successor.
        if not self._is_member():
            log.warning("no member of the group any more", partition=lane.partition)
            self._on_lost(
                self._consumer, [TopicPartition(self._topics.images, lane.partition)]
            )  # the consumer learns of it later, and then joins anew or is fenced
            return False
        return lane.reopen(self._stopping)

    def _decide(self, transaction: Committed | None, position: int) -> None:
        """Tell what became of a transaction: it counts if its offset does."""
        if transaction is not None and position >= transaction.position:
            self._events.committed(transaction)
        else:
            self._events.aborted()

    def _rewind(self, lane: Lane) -> int:
        """Read again from the first image that is not committed; returns its offset."""
        self._aborts += 1
        if self._aborts >= CONSECUTIVE_ABORTS:
            raise LeaveError(
                f"{self._aborts} transactions in a row were aborted. A new process starts afresh"
                " at the last committed image."
            )
        self._window.discard(lambda partition: partition == lane.partition)
        lane.forget()
        [position] = self._committed([lane.partition])
        try:
            self._consumer.seek(position)
        except KafkaException as error:  # going on from here would leave images out
            raise LeaveError(f"Images cannot be read again: {error.args[0].str()}.") from error
        return position.offset

    def _committed(self, partitions: list[int]) -> list[TopicPartition]:
        """Where work goes on: behind the last committed image, or at the topic's beginning."""
        wanted = [TopicPartition(self._topics.images, partition) for partition in partitions]
        deadline, others_hear = Deadline.within(LOST_S, self._clock), False
        while True:
            try:
                found = self._consumer.committed(wanted, OFFSETS_TIMEOUT_S)
            except KafkaException as error:
                if self._stopping() or error.args[0].fatal() or others_hear:
                    raise LeaveError(
                        f"The committed offsets cannot be read: {error.args[0].str()}."
                    ) from error
                log.warning("waiting for the group's offsets", error=error.args[0].str())
                if deadline.passed:
                    self._is_member()  # returns when Kafka has answered another client
                    others_hear = True
            else:
                for place in found:
                    if place.offset < 0:  # nothing committed yet
                        low, _ = self._consumer.get_watermark_offsets(place, OFFSETS_TIMEOUT_S)
                        place.offset = low
                return list(found)

    def _finish(self) -> None:
        """Commit what is emitted; what is still in flight is read again by the next worker."""
        self._window.discard(lambda _: True)
        deadline = Deadline.within(STOP_DEADLINE_S)
        for lane in self._lanes.values():
            try:
                lane.commit(self._consumer.consumer_group_metadata(), deadline)
            except (AbortedError, InDoubtError) as error:
                log.warning("stopped without its last transaction", error=str(error))
        log.info("stopped")

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in _LEAVE:
            raise LeaveError(
                f"The consumer is fenced or broken: {error.str()}. Another worker with the same"
                " slot took over; give each worker of a job a slot of its own."
            )
        if error.code() in _STOPS_THE_CONSUMER:
            raise ConfigurationError(
                f"Kafka does not let this worker read: {error.str()}. Check the rights of its user."
            )
        log.warning("consumer error", error=error.str())

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Take partitions over: first fence their old owner, then ask where it had come to."""
        opened = []
        for place in partitions:
            lane = Lane(
                place.partition,
                self._topics,
                self._transactions(place.partition),
                self._clock,
                self._now,
                self._events.committed,
            )
            if not lane.reopen(self._stopping):
                return
            self._lanes[place.partition] = lane
            opened.append(place.partition)
        if opened:
            positions = self._committed(opened)
            consumer.incremental_assign(positions)
            offsets = {place.partition: place.offset for place in positions}
            self._events.assigned(offsets)
            log.info("assigned", positions=offsets)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Hand partitions over in order: commit what is emitted, drop what is not."""
        for lane in self._release(partitions):
            if self._healthy:
                try:
                    lane.commit(self._consumer.consumer_group_metadata())
                except (AbortedError, InDoubtError) as error:
                    log.warning("revoked without its last transaction", error=str(error))
            lane.transactions.drop()

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """The partitions are somebody else's already: what is open must not count."""
        for lane in self._release(partitions):
            lane.transactions.drop()

    def _release(self, partitions: list[TopicPartition]) -> list[Lane]:
        gone = {place.partition for place in partitions}
        self._window.discard(lambda partition: partition in gone)
        self._events.released(gone)
        return [self._lanes.pop(number) for number in sorted(gone) if number in self._lanes]


def taken(record: KafkaMessage) -> Message:
    """A record of the images topic as judges take it."""
    _, milliseconds = record.timestamp()
    return Message(
        topic=cast("str", record.topic()),  # only errors have no place
        partition=cast("int", record.partition()),
        offset=cast("int", record.offset()),
        key=record.key(),
        value=record.value(),
        published_at=datetime.fromtimestamp(milliseconds / 1e3, UTC),
    )
