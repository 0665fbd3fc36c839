"""Waiting for committed predictions, as quietly as can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import cast

from confluent_kafka import Consumer, KafkaError, Message

from schemas.errors import VigieError
from vigie.processes import Ended

SILENCE_S = 30.0
"""A path that answers nothing for this long does not work; a start takes 2 s."""

LOOK_S = 0.5
"""Between two looks at the worker; what arrives is noticed at once all the same."""

MOST_AT_ONCE = 1000
"""Predictions held in memory at the same time: 1.3 MB."""


class Committed:
    """Counts the committed predictions of one round, as they become readable; decodes none.

    Args:
        reader: reads committed events only, tells the end of each partition, and stands at the
            end of all of them.
        partitions: that it reads.
        watch: says that a worker ended.
    """

    def __init__(
        self,
        reader: Consumer,
        partitions: Collection[int],
        watch: Callable[[], Ended | None],
    ) -> None:
        self._reader = reader
        self._partitions = frozenset(partitions)
        self._at_end = set(partitions)
        self._watch = watch
        self._heard = time.monotonic()

    def await_all(self, expected: int) -> None:
        """Return when the last of them can be read.

        The wait is inside librdkafka: this process sleeps until so many have arrived.

        Raises:
            VigieError: none arrives any more, or a worker ended.
        """
        while expected:
            wanted = min(expected, MOST_AT_ONCE)
            expected -= self._count(self._reader.consume(wanted, LOOK_S))

    def each(self, expected: int) -> Iterator[None]:
        """One item per prediction, at the moment when it can be read.

        Raises:
            VigieError: see `await_all`.
        """
        while expected:
            for _ in range(self._count(self._reader.consume(1, LOOK_S))):
                expected -= 1
                yield

    def check_no_more(self) -> None:
        """Read on to the end of every partition, where nothing may be.

        Raises:
            VigieError: there is a prediction too many, or see `await_all`.
        """
        while self._at_end != self._partitions:
            if more := self._count(self._reader.consume(1, LOOK_S)):
                raise VigieError(
                    f"{more} more prediction was committed than references were published: the"
                    " path is not exact, so its speed says nothing. Please report this."
                )

    def _count(self, messages: list[Message]) -> int:
        """How many of these are predictions.

        Raises:
            VigieError: the topic cannot be read, nothing came for too long, or a worker ended.
        """
        if ended := self._watch():
            raise VigieError(f"The measurement was given up: {ended}")
        predictions = sum(self._is_prediction(message) for message in messages)
        if predictions:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > SILENCE_S:
            raise VigieError(f"No prediction arrived for {SILENCE_S:.0f} s: is Kafka overloaded?")
        return predictions

    def _is_prediction(self, message: Message) -> bool:
        partition = cast("int", message.partition())  # the end of one names it too
        problem = message.error()
        if problem is None:
            self._at_end.discard(partition)
            return True
        if problem.code() != KafkaError._PARTITION_EOF:
            raise VigieError(f"The predictions cannot be read: {problem.str()}")
        self._at_end.add(partition)
        return False
