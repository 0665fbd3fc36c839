"""One partition's transactional producer, and what to do with each kind of error.

librdkafka sorts the errors of transactional calls itself; this is the table of what follows:

=============================  ========================================================
retriable                      call the *same* function again
abortable                      abort, rewind to the first offset of the transaction
fatal, fenced, none of these   leave the process; a supervisor starts a new one
commit undecided in time       never use that producer again: open a new one, same id
call does not come back        the same
message not sent in time       the same, although it is abortable
=============================  ========================================================
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from schemas.errors import EXIT_FATAL, ConfigurationError, VigieError
from transport.deadline import Deadline

T = TypeVar("T")

CALL_TIMEOUT_S = 2.0
"""One library call waits this long before it hands control back: short enough to notice a stop."""

COMMIT_DEADLINE_S = 20.0
"""Longer than a broker's restart (4 s after a kill), shorter than the transaction's own time-out of
30 s, after which the broker would have decided without us."""

HANGING_S = 5.0
"""A call that is still out after more than twice its own time-out does not come back. Shorter, a
machine under load would look like one; longer, work would stand still after a broker's restart."""

_CONFIGURATION_CODES = frozenset(
    {
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""Abortable or fatal by their class, but they would come back in every transaction and process."""

log = structlog.get_logger()


class LeaveError(VigieError):
    """This process can do no more good: it was replaced, or its client is broken for good."""

    code = "fatal"
    exit_code = EXIT_FATAL


class AbortedError(Exception):
    """The transaction was given up; its images must be read again from the first one."""


class InDoubtError(Exception):
    """Nobody knows whether the transaction was committed: ask the broker through a new producer."""


class Transactions:
    """The transactional producer of one partition. Used from one thread only.

    Args:
        make: makes a producer, each time with the same transactional id.
    """

    def __init__(self, make: Callable[[], Producer]) -> None:
        self._make = make
        self._producer: Producer | None = None
        self._begun = False

    def open(self, give_up: Callable[[], bool]) -> bool:
        """Take the transactional id over: fences its old owner and ends what that left open.

        Waits for a broker that is away until ``give_up`` says so; ``False`` then.

        Raises:
            ConfigurationError: this client has not the rights for it.
            LeaveError: the broker will not have us.
        """
        self.drop()
        producer = self._make()
        while not give_up():
            try:
                producer.init_transactions(CALL_TIMEOUT_S)
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if not cause.retriable():
                    raise _leave("init_transactions", cause) from error
                log.warning("waiting for the broker", error=cause.str())
            else:
                self._producer = producer
                return True
        return False

    def drop(self) -> None:
        """Forget the producer without ending its transaction, as a kill would."""
        if self._producer is not None:
            purge(self._producer)
        self._producer = None
        self._begun = False

    def produce(self, topic: str, value: bytes | None, **message: Any) -> None:
        """Add one message, beginning the transaction when it is the first.

        Raises:
            AbortedError: the transaction was given up.
            InDoubtError: a message could not be sent in time.
            ConfigurationError: the topic does not take such a message.
            LeaveError: fenced or fatal.
        """
        producer = self._begin()

        def send() -> None:
            while True:
                try:
                    producer.produce(topic, value, **message)
                except BufferError:
                    producer.poll(0.1)
                else:
                    return

        self._call("produce", send, None)

    def commit(self, offsets: Sequence[TopicPartition], group: object, deadline: Deadline) -> None:
        """Make the messages, if there are any, and the input offsets visible, all or nothing.

        Raises:
            AbortedError: the transaction was given up.
            InDoubtError: it did not end before the deadline, or a message was not sent in time.
            ConfigurationError: a topic does not take what was produced.
            LeaveError: fenced or fatal.
        """
        producer = self._begin()

        # 1. The input offsets become part of the transaction; the group's generation is checked.
        def send() -> None:
            producer.send_offsets_to_transaction(
                list(offsets), group, deadline.remaining(CALL_TIMEOUT_S)
            )

        self._call(
            "send_offsets_to_transaction",
            lambda: _within(deadline.remaining(HANGING_S), send),
            deadline,
        )
        # 2. Flush what lingers and end the transaction.
        self._call(
            "commit_transaction",
            lambda: producer.commit_transaction(deadline.remaining(CALL_TIMEOUT_S)),
            deadline,
        )
        self._begun = False

    def abort(self, deadline: Deadline) -> None:
        """Give the open transaction up, if there is one.

        Raises:
            InDoubtError: the broker did not confirm in time, or knew of none.
            LeaveError: fenced or fatal.
        """
        if self._producer is None or not self._begun:
            return
        producer = self._producer
        # It drops what is queued by itself. Dropped by us before, those messages would be a gap in
        # the producer's sequence numbers, for which the next transaction fails too.
        while True:
            try:
                producer.abort_transaction(deadline.remaining(CALL_TIMEOUT_S))
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                # Aborted before the broker had heard of it: nothing is open there, but librdkafka
                # takes the answer for the end of the producer. It is no fencing: a new one goes on.
                if cause.code() == KafkaError.INVALID_TXN_STATE:
                    raise InDoubtError(cause.str()) from error
                if not cause.retriable():
                    raise _leave("abort_transaction", cause) from error
                if deadline.passed:
                    raise InDoubtError(cause.str()) from error
            else:
                self._begun = False
                return

    def _begin(self) -> Producer:
        """The producer, with a transaction open on it.

        A transaction is begun lazily: an open one makes readers of its partitions wait.
        """
        producer = self._producer
        if producer is None:
            raise LeaveError("The transactional producer is not open. Open it before producing.")
        if not self._begun:
            self._call("begin_transaction", producer.begin_transaction, None)
            self._begun = True
        return producer

    def _call(self, name: str, function: Callable[[], T], deadline: Deadline | None) -> T:
        while True:
            try:
                return function()
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if cause.txn_requires_abort():
                    self._abort_after(name, cause)
                if not cause.retriable():
                    raise _leave(name, cause) from error
                if deadline is not None and deadline.passed:
                    raise InDoubtError(f"{name}: {cause.str()}") from error
                log.warning("transaction waits", call=name, error=cause.str())

    def _abort_after(self, name: str, cause: KafkaError) -> None:
        # The broker was away for long, or this process stood still. To abort now, the library asks
        # for a new epoch: that would end the transaction of whoever has taken this one's place.
        if cause.code() == KafkaError._TIMED_OUT:
            raise InDoubtError(f"{name}: {cause.str()}")
        log.warning("transaction aborted", call=name, error=cause.str())
        self.abort(Deadline.within(COMMIT_DEADLINE_S))
        if cause.code() in _CONFIGURATION_CODES:
            raise _leave(name, cause)
        raise AbortedError(f"{name}: {cause.str()}")


def _within(seconds: float, act: Callable[[], T]) -> T:
    """Act on a thread of its own, and leave it there when it does not come back.

    librdkafka does not keep to its time-out while the group's coordinator is away, and may wait for
    ever then (its issues 5456 and 5511). With 2.16 it does at nearly every kill of the broker.

    Raises:
        InDoubtError: it did not come back; the producer must not be used again.
    """
    outcome = Future[T]()

    def run() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:  # noqa: BLE001 - raised anew on the caller's thread
            outcome.set_exception(error)

    threading.Thread(target=run, name="send-offsets", daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError as error:
        raise InDoubtError(f"send_offsets_to_transaction hangs for {seconds:.0f} s") from error


def purge(producer: Producer) -> None:
    """Drop what the producer has queued; a fatal error that it reports then is known already.

    The library raises fatal errors out of whichever call comes next, sometimes as a SystemError.
    """
    with suppress(KafkaException, SystemError):
        producer.purge()


def _leave(name: str, cause: KafkaError) -> VigieError:
    if cause.code() in _CONFIGURATION_CODES:
        return ConfigurationError(
            f"Kafka refuses our messages: {cause.str()} ({name}). Check this client's rights"
            " and the topics' max.message.bytes."
        )
    return LeaveError(
        f"{name} failed for good: {cause.str()} ({cause.name()}). Another process took this one's"
        " place, or its session was lost; a new process resumes at the last committed image."
    )
