"""Follows one topic from a thread of its own: outages and topics made anew end by themselves.

1. Ask the broker what the topic is: its id, so that a topic made anew is noticed, its partitions.
2. Read from where the follower wants to begin, and hand over what comes.
3. When nothing comes, ask again what the topic is: no answer means that Kafka is down (librdkafka
   reconnects by itself), another id means to start over.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import structlog
from confluent_kafka import (
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dashboard.feed.arrivals import ANSWER_S, ends_of, is_settling
from transport.clients import Cluster
from transport.topics import Topic, describe

POLL_S = 0.1
"""How long one poll waits: also the longest that stopping has to wait for it."""

AT_ONCE = 500
"""Messages handed over together: 20,000 are read in a second, and the lock is held for 3 ms."""

PROBE_AFTER_S = 2.0
"""Silence after which Kafka is asked for a sign of life: a person sees an outage within 4 s."""

log = structlog.get_logger(__name__)


class TopicChangedError(Exception):
    """The topic is no longer the one that we began to read."""


class Follower(ABC):
    """Follows one topic for as long as the process lives.

    Args:
        cluster: the Kafka to read.
        topic: its name.
        client_id: how the clients call themselves.
        clock: seconds, steady.
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        client_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._client_id = client_id
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=client_id, daemon=True)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def end(self) -> None:
        """Begin to end, without waiting for it."""
        self._stopping.set()

    def stop(self) -> None:
        """End within two seconds, also when Kafka does not answer."""
        self.end()
        self._thread.join(POLL_S + ANSWER_S + 0.4)

    @abstractmethod
    def _answers(self, answers: bool) -> None:
        """Hear whether Kafka can be reached."""

    @abstractmethod
    def _missing(self, admin: AdminClient) -> None:
        """Hear that there is no such topic."""

    @abstractmethod
    def _begins(self, consumer: Consumer, topic: Topic) -> dict[int, int]:
        """The first offset to read of each partition wanted."""

    @abstractmethod
    def _take(self, messages: Sequence[Message]) -> None:
        """Take what came, errors among it; raises KafkaException for those that end reading."""

    @abstractmethod
    def _complete(self) -> None:
        """Hear that the end of every partition has been reached."""

    def _run(self) -> None:
        admin = self._cluster.admin(f"{self._client_id}-admin")
        while not self._stopping.is_set():
            try:
                if topic := self._ask(admin):
                    self._follow(admin, topic)
            except TopicChangedError:
                log.warning("topic_changed", topic=self._topic)
            except KafkaException as error:
                log.warning("topic_unreadable", topic=self._topic, error=str(error))
                if not is_settling(error):
                    self._answers(False)
            self._stopping.wait(POLL_S * 5)

    def _ask(self, admin: AdminClient) -> Topic | None:
        """What the topic is now; ``None`` when Kafka does not answer or there is no such topic."""
        try:
            topic = describe(admin, [self._topic], ANSWER_S).get(self._topic)
        except KafkaException:
            self._answers(False)
            return None
        self._answers(True)
        if topic is None:
            self._missing(admin)
        return topic

    def _follow(self, admin: AdminClient, topic: Topic) -> None:
        consumer = self._cluster.reader(self._client_id)
        try:
            begins = self._begins(consumer, topic)
            consumer.assign([TopicPartition(self._topic, *begin) for begin in begins.items()])
            self._read(consumer, admin, topic, set(begins))
        finally:
            consumer.close()

    def _read(self, consumer: Consumer, admin: AdminClient, topic: Topic, behind: set[int]) -> None:
        heard = self._clock()
        while not self._stopping.is_set():
            messages = self._next(consumer)
            self._take(messages)
            behind -= ends_of(messages)
            if not behind:
                self._complete()
            if messages:
                heard = self._clock()
                self._answers(True)
            elif self._clock() - heard > PROBE_AFTER_S:
                heard = self._clock()
                if (now := self._ask(admin)) and now != topic:
                    raise TopicChangedError

    def _next(self, consumer: Consumer) -> list[Message]:
        # One waits, the rest come at once: `consume(500, 0.1)` would hold the first for 0.1 s.
        first = consumer.poll(POLL_S)
        return [first, *consumer.consume(AT_ONCE - 1, 0)] if first else []
