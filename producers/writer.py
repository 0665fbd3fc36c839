"""Writes to one topic in transactions, without a consumer's offsets in them.

Simpler than a worker's transactions: whatever goes wrong, begin anew with the same id and read back
what counts. There is nothing to rewind and no outcome that has to be known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeVar, cast

from confluent_kafka import KafkaError, KafkaException, Message

from transport.clients import TRANSACTION_TIMEOUT_MS, Cluster
from transport.transactions import LeaveError, purge

Result = TypeVar("Result")

CALL_TIMEOUT_S = 1.0
"""One call into the library: short, so that a request to stop is seen between two of them."""

PATIENCE_S = TRANSACTION_TIMEOUT_MS / 1000
"""After this the broker has aborted the transaction by itself: waiting on cannot help."""

STOP_PATIENCE_S = 5.0
"""The same once we are asked to stop: the next start finds out how a transaction ended."""


class InterruptedWritingError(Exception):
    """The outcome is not known, or none will come. Begin anew: fence, read back, go on."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to write."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class TransactionalWriter:
    """A transactional producer for one topic. After any error make a new one with the same id.

    librdkafka cannot tell a late answer to one transaction from that to the next (KAFKA-17754),
    so a producer whose commit is in doubt is never used again.
    """

    def __init__(
        self, cluster: Cluster, transactional_id: str, topic: str, stop: threading.Event
    ) -> None:
        self._producer = cluster.transactional_producer(transactional_id)
        self._id = transactional_id
        self._topic = topic
        self._stop = stop
        self._offsets: dict[int, int] = {}
        self._error: KafkaError | None = None

    def fence(self) -> None:
        """Shut out every older producer of this id and abort what it left open.

        Raises:
            LeaveError: a newer one shut us out.
            InterruptedWritingError: Kafka does not answer or refuses.
        """
        self._insist(self._producer.init_transactions)

    def write(self, messages: Sequence[Outgoing]) -> dict[int, int]:
        """Begin a transaction and have Kafka take the messages, in order, uncommitted.

        Returns:
            Per partition written to, the offset after the last message.

        Raises:
            LeaveError, InterruptedWritingError: as for `fence`.
        """
        self._offsets = {}
        self._call(self._producer.begin_transaction)
        for message in messages:
            self._call(partial(self._produce, message))
        began = time.monotonic()
        while left := self._call(partial(self._producer.flush, CALL_TIMEOUT_S)):
            if self._is_late(began):
                raise InterruptedWritingError(f"{left} messages were not taken in time")
        if self._error:
            self._abort(self._error.str())
        return self._offsets

    def commit(self) -> None:
        """Make what was written count.

        Raises:
            LeaveError, InterruptedWritingError: as for `fence`; it may count or not.
        """
        self._insist(self._producer.commit_transaction)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if error or partition is None or offset is None:
            self._error = self._error or error
        else:
            self._offsets[partition] = offset + 1

    def _produce(self, message: Outgoing) -> None:
        self._producer.produce(
            self._topic,
            message.value,
            message.key,
            headers=list(message.headers),
            on_delivery=self._delivered,
        )

    def _call(self, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except (KafkaException, SystemError) as error:
            cause = _cause(error)
            if cause is None:
                self._abort("the library lost its own error")
            self._raise(cause)

    def _insist(self, call: Callable[[float], None]) -> None:
        began = time.monotonic()
        while True:
            try:
                return call(CALL_TIMEOUT_S)
            except (KafkaException, SystemError) as error:
                cause = _cause(error)
                late = self._is_late(began)
                if cause is None and late:
                    raise InterruptedWritingError("the library lost its own error") from error
                if cause is not None and (late or not cause.retriable()):
                    self._raise(cause)

    def _is_late(self, began: float) -> bool:
        patience = STOP_PATIENCE_S if self._stop.is_set() else PATIENCE_S
        return time.monotonic() - began > patience

    def _abort(self, why: str) -> NoReturn:
        # A message of a fenced producer fails as purged; only a call on the transaction tells why.
        self._insist(self._producer.abort_transaction)
        raise InterruptedWritingError(why)

    def _raise(self, error: KafkaError) -> NoReturn:
        if error.code() in {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH}:
            raise LeaveError(
                f"Another producer with the id {self._id} took over. One `vigie watch` per folder"
                " and job is enough: stop the other one, then start this one again."
            )
        raise InterruptedWritingError(error.str())

    def close(self) -> None:
        """Let go at once; an open transaction is aborted by whoever fences us next.

        The library's own ``close`` would wait for a broker that may be gone.
        """
        purge(self._producer)
        del self._producer


def _cause(error: BaseException) -> KafkaError | None:
    # The library raises a fatal error amid its callbacks; Python reports that as a SystemError
    # caused by it, or by another one of these, or by nothing at all when a callback took it away.
    found: BaseException | None = error
    while found is not None and not isinstance(found, KafkaException):
        found = found.__cause__ or found.__context__
    return cast("KafkaError", found.args[0]) if found is not None else None
