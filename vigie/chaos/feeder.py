"""Publishes references, never far ahead of their answers."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError, Message, Producer

from schemas.errors import VigieError

FLUSH_S = 30.0
"""Longer than a message may be on its way (``transport/clients.py``): then it has failed."""


class Feeder:
    """The references of one run, in order; each is published once.

    Args:
        producer: an idempotent one, so that a broker that is killed doubles nothing.
        topic: where to.
        make: the message of each number.
        total: how many there are.
    """

    def __init__(
        self, producer: Producer, topic: str, make: Callable[[int], bytes], total: int
    ) -> None:
        self.total = total
        self.published = 0
        self._producer = producer
        self._topic = topic
        self._make = make
        self._error: KafkaError | None = None

    def up_to(self, number: int) -> None:
        """Publish until there are so many, without waiting for Kafka to have them.

        Raises:
            VigieError: Kafka did not take one.
        """
        while self.published < min(number, self.total):
            self._producer.produce(
                self._topic, self._make(self.published), on_delivery=self._delivered
            )
            self.published += 1
        self._producer.poll(0)
        self._check()

    def finish(self) -> None:
        """Wait until Kafka has all that were published.

        Raises:
            VigieError: Kafka did not take one.
        """
        left = self._producer.flush(FLUSH_S)
        self._check()
        if left:
            raise VigieError(f"Kafka did not take {left} references within {FLUSH_S:.0f} s.")

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._error = self._error or error

    def _check(self) -> None:
        if self._error is not None:
            raise VigieError(
                f"Kafka did not take a reference: {self._error.str()}. Is this machine overloaded?"
            )
