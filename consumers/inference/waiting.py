"""What waits for a worker: asked from Kafka when somebody wants to know, never by the worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from transport.clients import Cluster
from transport.deadline import Deadline
from transport.topics import JobTopics

CLIENT_ID = "vigie-waiting"

LOOK_S = 2.0
"""How long one look may take, below every scraper's patience; Kafka needs milliseconds."""

FRESH_S = 1.0
"""A look counts this long: however often somebody asks, Kafka is asked once a second."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one partition.

    Attributes:
        lag: offsets from the first waiting image to the end; 0 when none waits. Ends of the
            producers' transactions take offsets too: at one image per transaction, half of it.
        oldest_at: when the first was published, in seconds since 1970.
    """

    lag: int = 0
    oldest_at: float | None = None


class Backlog:
    """Looks at the images that are published and not committed, with a client of its own.

    The worker's own consumer cannot tell: it stops asking while its queue is full, and a marker at
    the end of the log looks like an image that waits. The client is made at the first look.
    """

    def __init__(
        self, cluster: Cluster, topics: JobTopics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._topic = topics.images
        self._clock = clock
        self._lock = threading.Lock()
        self._reader: Consumer | None = None
        self._closed = False
        self._found: dict[int, Waiting] | None = None
        self._looked_at = float("-inf")

    def look(self, positions: Mapping[int, int]) -> dict[int, Waiting] | None:
        """What waits per partition behind each first offset; ``None``: Kafka does not answer."""
        with self._lock:
            is_fresh = self._clock() - self._looked_at < FRESH_S
            if not self._closed and not (is_fresh and self._knows(positions)):
                self._found = self._ask(positions)
                self._looked_at = self._clock()
            return self._found

    def close(self) -> None:
        """Let go of the client; nothing is known any more."""
        with self._lock:
            self._closed, self._found = True, None
            if self._reader is not None:
                self._reader.close()

    def _knows(self, positions: Mapping[int, int]) -> bool:
        return self._found is None or self._found.keys() == positions.keys()

    def _ask(self, positions: Mapping[int, int]) -> dict[int, Waiting] | None:
        if self._reader is None:
            self._reader = self._cluster.reader(CLIENT_ID)
        deadline = Deadline.within(LOOK_S, self._clock)
        try:
            return {
                partition: self._ask_one(self._reader, partition, position, deadline)
                for partition, position in positions.items()
            }
        except KafkaException:
            return None

    def _ask_one(
        self, reader: Consumer, partition: int, position: int, deadline: Deadline
    ) -> Waiting:
        place = TopicPartition(self._topic, partition)
        low, high = reader.get_watermark_offsets(place, deadline.remaining(LOOK_S))
        if max(low, position) >= high:
            return Waiting()
        reader.assign([TopicPartition(self._topic, partition, max(low, position))])
        try:
            record = reader.poll(deadline.remaining(LOOK_S))
        finally:
            reader.unassign()
        if record is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        if error := record.error():
            if error.code() == KafkaError._PARTITION_EOF:  # markers only
                return Waiting()
            raise KafkaException(error)
        return Waiting(high - cast("int", record.offset()), record.timestamp()[1] / 1e3)
