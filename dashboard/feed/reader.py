"""The thread between the predictions topic and the hub: reads committed events, in their order.

1. Ask the broker what the topic is: its id, so that a topic made anew is noticed, its partitions.
2. Start after the last event the hub has, or a little before the end: people see the newest first.
3. Hand events over as they come; the end of every partition reached once means complete. The older
   ones are then read by another thread (``backreader.py``).
4. When nothing comes, ask again what the topic is: no answer means that Kafka is down (librdkafka
   reconnects by itself), another id means to start over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dashboard.feed.arrivals import ANSWER_S, Topic, describe, ends_of, is_settling, items_of
from dashboard.feed.backreader import Backreader
from dashboard.feed.hub import Hub
from dashboard.feed.messages import TopicMessages
from transport.clients import Cluster

CLIENT_ID = "vigie-web"

POLL_S = 0.1
"""How long one poll waits: also the longest that stopping has to wait for it."""

AT_ONCE = 500
"""Events handed over together: 20,000 are read in a second, and the lock is held for 3 ms."""

PROBE_AFTER_S = 2.0
"""Silence after which Kafka is asked for a sign of life: a person sees an outage within 4 s."""

FIRST_OFFSETS = 2_000
"""Read before the page shows anything, in 0.1 s: twenty pages of cards."""

log = structlog.get_logger(__name__)


class TopicChangedError(Exception):
    """The topic is no longer the one that we began to read."""


class Reader:
    """Follows one topic for as long as the process lives; outages end by themselves."""

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        hub: Hub,
        messages: TopicMessages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._hub = hub
        self._messages = messages
        self._clock = clock
        self._backreader: Backreader | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="predictions-reader", daemon=True)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End within two seconds, also when Kafka does not answer."""
        self._stopping.set()
        self._thread.join(POLL_S + ANSWER_S + 0.4)
        if self._backreader:
            self._backreader.stop()

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
                if not is_settling(error):
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
            if not ends:
                self._messages.forget()
            begins = self._begins(consumer, topic, ends)
            consumer.assign([TopicPartition(self._topic, *begin) for begin in begins.items()])
            if not ends:
                self._read_back(topic, begins)
            self._read(consumer, admin, topic)
        finally:
            consumer.close()

    def _begins(self, consumer: Consumer, topic: Topic, ends: dict[int, int]) -> dict[int, int]:
        """The first offset to read, per partition."""
        begins = {}
        for partition in topic.partitions:
            where = TopicPartition(self._topic, partition)
            low, high = consumer.get_watermark_offsets(where, timeout=ANSWER_S)
            begins[partition] = max(low, ends.get(partition, high - 1 - FIRST_OFFSETS) + 1)
        return begins

    def _read_back(self, topic: Topic, begins: dict[int, int]) -> None:
        if self._backreader:
            self._backreader.stop()
        self._backreader = Backreader(self._cluster, self._topic, topic.log_id, self._hub, begins)
        self._backreader.start()

    def _read(self, consumer: Consumer, admin: AdminClient, topic: Topic) -> None:
        behind = set(topic.partitions)
        heard = self._clock()
        while not self._stopping.is_set():
            messages = self._next(consumer)
            self._hub.add(items_of(messages, self._messages.keep))
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
