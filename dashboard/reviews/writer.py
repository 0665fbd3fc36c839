"""Writes reviews to Kafka, one at a time: a call returns when its review stands there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.codec import encode_review
from schemas.errors import VigieError
from schemas.reviews import Review

DELIVERED_WITHIN_S = 10.0
"""Somebody waits for the answer. A broker that restarts is back in 2 to 4 s."""

SLICE_S = 0.05
"""Of waiting for the delivery; it ends at once when the broker answers."""

CLOSING_S = 0.5
"""The page must end within 3 s."""


class ReviewNotTakenError(VigieError):
    """Kafka did not take a review."""

    code = "kafka_away"


class ReviewWriter:
    """One producer for as long as the process lives; one that failed is replaced. Thread-safe.

    What was not acknowledged in time is given up and said, never sent later in silence. (Kafka may
    have written it all the same, when only its acknowledgement was lost: then the page shows it.)

    Args:
        make: opens an idempotent producer; called when the first review comes.
        topic: the reviews topic.
        partition: its partition.
        within_s: how long the delivery may take.
    """

    def __init__(
        self,
        make: Callable[[], Producer],
        topic: str,
        partition: int,
        within_s: float = DELIVERED_WITHIN_S,
    ) -> None:
        self._make = make
        self._topic = topic
        self._partition = partition
        self._within_s = within_s
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def write(self, review: Review) -> int:
        """Publish a review; gives its offset.

        Raises:
            ReviewNotTakenError: Kafka did not take it in time.
        """
        until = time.monotonic() + self._within_s
        if not self._lock.acquire(timeout=self._within_s):
            raise self._not_taken("it has not acknowledged earlier ones")
        try:
            producer = self._producer = self._producer or self._make()
            return self._deliver(producer, encode_review(review), until)
        except (KafkaException, ReviewNotTakenError) as error:
            self._give_up()
            if isinstance(error, KafkaException):
                raise self._not_taken(error.args[0].str()) from error
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of Kafka. Nothing is on its way: each call has waited for its review."""
        if self._lock.acquire(timeout=CLOSING_S):
            try:
                self._give_up()
            finally:
                self._lock.release()

    def _deliver(self, producer: Producer, value: bytes, until: float) -> int:
        told: list[tuple[KafkaError | None, Message]] = []

        def hear(error: KafkaError | None, message: Message) -> None:
            told.append((error, message))

        producer.produce(self._topic, value, partition=self._partition, on_delivery=hear)
        while not told:
            if time.monotonic() >= until:
                raise self._not_taken(f"no acknowledgement within {self._within_s:.0f} s")
            producer.poll(SLICE_S)
        error, message = told[0]
        if error:
            raise self._not_taken(error.str())
        return message.offset() or 0

    def _give_up(self) -> None:
        if self._producer:
            self._producer.purge()  # closing must not wait for it, nor send it
            self._producer.close()
        self._producer = None

    def _not_taken(self, why: str) -> ReviewNotTakenError:
        return ReviewNotTakenError(
            f"Kafka did not take the review for {self._topic}: {why}. Nothing was recorded. Is the"
            " broker running (`vigie broker status`)? Try again when it is back."
        )
