"""The events themselves, by their place: the newest from memory, any other from the topic."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from dashboard.feed.arrivals import place_of
from dashboard.feed.items import Place
from transport.clients import Cluster

CLIENT_ID = "vigie-web-messages"

ANSWER_S = 3.0
"""How long a person waits for an event that has left memory. A healthy broker needs 5 ms."""

NEIGHBOURS = 63
"""Events taken along: who looks at one of last week looks at those beside it next."""

AHEAD = {
    "queued.min.messages": 1,
    "max.partition.fetch.bytes": 131_072,
    "fetch.queue.backoff.ms": 1,
}
"""One answer of the broker is enough, about a hundred events; the default reads megabytes ahead.
Without the last, the next place asked for would wait a second, because that one was enough."""


class ByteCache:
    """The values last asked for, up to a number of bytes in all. Safe between threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._size = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[object, bytes] = OrderedDict()

    def get(self, name: object, make: Callable[[], bytes | None]) -> bytes | None:
        """The value with this name, made now if need be. What cannot be made is not remembered."""
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
                return self._values[name]
        made = make()
        if made is not None:
            self.keep(name, made)
        return made

    def keep(self, name: object, value: bytes) -> None:
        """Remember a value, and forget those that have longest not been asked for."""
        if len(value) > self._most:
            return
        with self._lock:
            self._size += len(value) - len(self._values.get(name, b""))
            self._values[name] = value
            self._values.move_to_end(name)
            while self._size > self._most:
                self._size -= len(self._values.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._size = 0


class Messages(Protocol):
    """Gives the bytes of an event."""

    def read(self, place: Place) -> bytes | None:
        """The event at this place; ``None`` when it is not to be had."""


class TopicMessages:
    """The events of one topic. Safe between threads: who asks for an old one waits in turn."""

    def __init__(self, cluster: Cluster, topic: str, cache_bytes: int) -> None:
        self._topic = topic
        self._cluster = cluster
        self._consumer: Consumer | None = None
        self._reading = threading.Lock()
        self._cache = ByteCache(cache_bytes)

    def keep(self, place: Place, message: bytes) -> None:
        """Remember an event that was read anyway."""
        self._cache.keep(place, message)

    def forget(self) -> None:
        """The topic is another one now."""
        self._cache.clear()

    def read(self, place: Place) -> bytes | None:
        """The event at this place; ``None`` when the topic does not have it or does not answer."""
        return self._cache.get(place, lambda: self._fetch(place))

    def close(self) -> None:
        """Let go of the connection."""
        with self._reading:
            if self._consumer:
                self._consumer.close()
                self._consumer = None

    def _fetch(self, place: Place) -> bytes | None:
        with self._reading:
            if self._consumer is None:
                self._consumer = self._cluster.reader(CLIENT_ID, AHEAD)
            try:
                found = self._read_from(self._consumer, place)
            except KafkaException:
                return None
            finally:
                self._consumer.unassign()
        for where, message in found:
            self._cache.keep(where, message)
        return next((message for where, message in found if where == place), None)

    def _read_from(self, consumer: Consumer, place: Place) -> list[tuple[Place, bytes]]:
        consumer.assign([TopicPartition(self._topic, place.partition, place.offset)])
        first = consumer.poll(ANSWER_S)
        # A place before the topic's beginning or beyond its end leads to the beginning.
        if first is None or first.error() or (first.offset() or 0) < place.offset:
            return []
        return list(_events([first, *consumer.consume(NEIGHBOURS, 0)]))


def _events(messages: Iterable[Message]) -> Iterable[tuple[Place, bytes]]:
    for message in messages:
        if not message.error():
            yield place_of(message), message.value() or b""
