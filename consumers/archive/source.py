"""The topics as the archive reads them: what they are now, and their committed messages in order.

A topic is told by its id: deleted and made anew, it has another one, and offsets of their own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from transport.clients import Cluster
from transport.topics import Topic, describe

CLIENT_ID = "vigie-archive"

ANSWER_S = 3.0
"""How long the broker may take to say what a topic is; it needs milliseconds. Some of these waits
fit into the 10 s that stopping may take."""

FIRST_S = 0.1
"""How long one poll waits: also how late the end is noticed."""

BATCH_MESSAGES = 1000
BATCH_S = 0.5
"""A batch ends at either. A commit takes milliseconds: more would gain nothing, and nobody who
looks into the past misses half a second."""


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """One committed message."""

    place: Place
    offset: int
    appended_at: datetime
    value: bytes | None


class Source:
    """Reads some topics from where it is told; joins no group and commits nothing.

    Args:
        cluster: the Kafka to read.
        topics: their names. One that is not there is left out until it is.
    """

    def __init__(self, cluster: Cluster, topics: Sequence[str]) -> None:
        self._names = list(topics)
        self._admin = cluster.admin(f"{CLIENT_ID}-admin")
        # An offset that is not there any more is looked into, never skipped in silence.
        self._reader = cluster.reader(CLIENT_ID, {"auto.offset.reset": "error"})
        self._behind: dict[Place, int] = {}

    def describe(self) -> dict[str, Topic]:
        """What the topics are now.

        Raises:
            KafkaException: the broker does not answer.
        """
        return describe(self._admin, self._names, ANSWER_S)

    def bounds(self, place: Place) -> tuple[int, int]:
        """The first offset that is kept, and the one behind the last that is committed.

        Raises:
            KafkaException: the broker does not answer.
        """
        low, high = self._reader.get_watermark_offsets(TopicPartition(*place), timeout=ANSWER_S)
        return low, high

    def read_from(self, begins: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on."""
        self._behind = {}
        self._reader.assign([TopicPartition(*place, offset) for place, offset in begins.items()])

    def take(self) -> list[Arrived]:
        """The next messages, some time after the first of them; none when none comes.

        Raises:
            KafkaException: a partition has to be assigned anew.
        """
        first = self._reader.poll(FIRST_S)
        if first is None:
            return []
        messages, deadline = [first], time.monotonic() + BATCH_S
        if first.error() is None:
            left = BATCH_MESSAGES - 1
            messages += self._reader.consume(left, max(0.0, deadline - time.monotonic()))
        return [self._arrived(one) for one in messages if not self._is_end(one)]

    def lag(self) -> dict[Place, int]:
        """Offsets from the last message taken to the end of its partition, as far as is known."""
        return dict(self._behind)

    def close(self) -> None:
        """Let go of both clients."""
        self._reader.close()
        del self._admin  # which has no other end

    def _is_end(self, message: Message) -> bool:
        """Whether it only says that nothing more is there.

        Raises:
            KafkaException: it says that something is wrong.
        """
        error = message.error()
        if error is None:
            return False
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        self._behind[Place(message.topic() or "", message.partition() or 0)] = 0
        return True

    def _arrived(self, message: Message) -> Arrived:
        place = Place(message.topic() or "", message.partition() or 0)
        offset = message.offset() or 0
        # What the last fetch told: asking the broker would take a round trip.
        _, high = self._reader.get_watermark_offsets(TopicPartition(*place), cached=True)
        self._behind[place] = max(0, high - offset - 1)
        moment = datetime.fromtimestamp(message.timestamp()[1] / 1e3, UTC)
        return Arrived(place, offset, moment, message.value())
