"""The thread between the predictions topic and the hub: reads committed events, in their order.

1. Ask the broker what the topic is: its id, so that a topic made anew is noticed, its partitions.
2. Start after the last event the hub has, or far enough before the end to fill its window.
3. Hand events over as they come; the end of every partition reached once means complete.
4. When nothing comes, ask again what the topic is: no answer means that Kafka is down (librdkafka
   reconnects by itself), another id means to start over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dashboard.hub import Hub
from dashboard.items import EVENT_UNREADABLE, Item, Place, read_item
from transport.clients import Cluster

CLIENT_ID = "vigie-web"

POLL_S = 0.1
"""How long one poll waits: also the longest that stopping has to wait for it."""

AT_ONCE = 500
"""Events handed over together: 20,000 are read in a second, and the lock is held for 3 ms."""

PROBE_AFTER_S = 2.0
"""Silence after which Kafka is asked for a sign of life: a person sees an outage within 4 s."""

ANSWER_S = 1.5
"""How long that answer may take. A healthy broker needs milliseconds; below the 3 s that stopping
may take."""

OFFSETS_PER_EVENT = 2
"""A transaction ends with a marker that takes an offset of its own: at one event per transaction,
the worst, half of the offsets are events."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """What the broker says of a topic. ``log_id`` is new when the topic is created anew."""

    log_id: str
    partitions: tuple[int, ...]


class TopicChangedError(Exception):
    """The topic is no longer the one that we began to read."""


class Reader:
    """Follows one topic for as long as the process lives; outages end by themselves."""

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        hub: Hub,
        history: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._hub = hub
        self._history = history
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="predictions-reader", daemon=True)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End within two seconds, also when Kafka does not answer."""
        self._stopping.set()
        self._thread.join(POLL_S + ANSWER_S + 0.4)

    def _run(self) -> None:
        admin = self._cluster.admin(f"{CLIENT_ID}-admin")
        while not self._stopping.is_set():
            try:
                if topic := self._ask(admin):
                    self._follow(admin, topic)
            except TopicChangedError:
                log.warning("topic_changed", topic=self._topic)
            except KafkaException as error:
                log.warning("topic_unreadable", topic=self._topic, error=str(error))
                self._hub.kafka_answers(False)
            self._stopping.wait(POLL_S * 5)

    def _ask(self, admin: AdminClient) -> Topic | None:
        """What the topic is now; ``None`` when Kafka does not answer or there is no such topic."""
        try:
            topic = describe(admin, self._topic)
        except KafkaException as error:
            unknown = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            self._hub.kafka_answers(unknown)
            if unknown:
                # No topic is an empty one: the page says how to send the first image. What was
                # read before stays: a broker that has just restarted may not know its topics yet.
                self._hub.complete()
            return None
        self._hub.kafka_answers(True)
        return topic

    def _follow(self, admin: AdminClient, topic: Topic) -> None:
        consumer = self._cluster.reader(CLIENT_ID)
        try:
            ends = self._hub.open(topic.log_id)
            consumer.assign(self._starts(consumer, topic, ends))
            self._read(consumer, admin, topic)
        finally:
            consumer.close()

    def _starts(
        self, consumer: Consumer, topic: Topic, ends: dict[int, int]
    ) -> list[TopicPartition]:
        starts = []
        for partition in topic.partitions:
            where = TopicPartition(self._topic, partition)
            low, high = consumer.get_watermark_offsets(where, timeout=ANSWER_S)
            first = ends.get(partition, high - 1 - self._history * OFFSETS_PER_EVENT) + 1
            starts.append(TopicPartition(self._topic, partition, max(low, first)))
        return starts

    def _read(self, consumer: Consumer, admin: AdminClient, topic: Topic) -> None:
        behind = set(topic.partitions)
        heard = self._clock()
        while not self._stopping.is_set():
            messages = self._next(consumer)
            self._hub.add(items_of(messages))
            behind -= ends_of(messages)
            if not behind:
                self._hub.complete()
            if messages:
                heard = self._clock()
                self._hub.kafka_answers(True)
            elif self._clock() - heard > PROBE_AFTER_S:
                heard = self._clock()
                if (now := self._ask(admin)) and now != topic:
                    raise TopicChangedError

    def _next(self, consumer: Consumer) -> list[Message]:
        # One waits, the rest come at once: `consume(500, 0.1)` would hold the first for 0.1 s.
        first = consumer.poll(POLL_S)
        return [first, *consumer.consume(AT_ONCE - 1, 0)] if first else []


def describe(admin: AdminClient, name: str) -> Topic:
    """What the broker says of the topic.

    Raises:
        KafkaException: there is no such topic, or no answer.
    """
    asked = admin.describe_topics(TopicCollection([name]), request_timeout=ANSWER_S)
    found = asked[name].result()
    return Topic(str(found.topic_id), tuple(sorted(part.id for part in found.partitions)))


def items_of(messages: Sequence[Message]) -> list[Item]:
    """The events among what the consumer returned.

    Raises:
        KafkaException: the partition can no longer be read as it was assigned.
    """
    items = []
    for message in messages:
        if error := message.error():
            if error.code() != KafkaError._PARTITION_EOF and not error.retriable():
                raise KafkaException(error)
            continue
        item = read_item(_place(message), message.timestamp()[1], message.value())
        if item.reason == EVENT_UNREADABLE:
            log.warning("event_unreadable", place=str(item.place), detail=item.detail)
        items.append(item)
    return items


def ends_of(messages: Sequence[Message]) -> set[int]:
    """The partitions whose end was reached."""
    return {
        message.partition() or 0
        for message in messages
        if (error := message.error()) and error.code() == KafkaError._PARTITION_EOF
    }


def _place(message: Message) -> Place:
    return Place(message.partition() or 0, message.offset() or 0)
