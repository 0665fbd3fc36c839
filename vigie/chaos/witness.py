"""A reader of committed predictions that looks on while everything is killed around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from confluent_kafka import KafkaError, Message, TopicPartition

from schemas.codec import decode_prediction
from schemas.events import Failure
from transport.clients import Cluster

POLL_S = 0.1


class Witness:
    """Follows partition 0 of a topic of predictions from its beginning, on a thread of its own.

    Attributes:
        ids: the reference id of each prediction, in the order of the topic.
        failures: how many of them are Failures.
        longest_pause_s: seconds between two of them.
    """

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.ids: list[str | None] = []
        self.failures = 0
        self.longest_pause_s = 0.0
        self._cluster = cluster
        self._topic = topic
        self._next = 0
        self._end = 0
        self._heard: float | None = None
        self._stop = threading.Event()

    @property
    def count(self) -> int:
        """How many predictions were seen."""
        return len(self.ids)

    def saw(self, offset: int) -> bool:
        """Whether a prediction at this offset or behind it was seen."""
        return self._next > offset

    def reached(self, end: int) -> bool:
        """Whether everything before this end of the topic was read."""
        return max(self._next, self._end) >= end

    @contextmanager
    def looking_on(self) -> Iterator[None]:
        """Read while the block lasts."""
        thread = threading.Thread(target=self._follow, name="witness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _follow(self) -> None:
        reader = self._cluster.reader("vigie-witness")
        reader.assign([TopicPartition(self._topic, 0, 0)])
        while not self._stop.is_set():
            message = reader.poll(POLL_S)
            if message is None:
                continue
            if (problem := message.error()) is None:
                self._take(message)
            elif problem.code() == KafkaError._PARTITION_EOF:
                self._end = cast("int", message.offset())
        reader.close()

    def _take(self, message: Message) -> None:
        now = time.monotonic()
        if self._heard is not None:
            self.longest_pause_s = max(self.longest_pause_s, now - self._heard)
        self._heard = now
        prediction = decode_prediction(cast("bytes", message.value()))
        self.failures += isinstance(prediction.outcome, Failure)
        self.ids.append(prediction.reference_id)
        self._next = cast("int", message.offset()) + 1
