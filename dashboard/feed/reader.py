"""The thread between the predictions topic and the hub: reads committed events, in their order.

It starts after the last event the hub has, or a little before the end: people see the newest first.
The end of every partition reached once means complete. The older events are then read by another
thread (``backreader.py``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from dashboard.feed.arrivals import ANSWER_S, items_of
from dashboard.feed.backreader import Backreader
from dashboard.feed.following import Follower
from dashboard.feed.hub import Hub
from dashboard.feed.messages import TopicMessages
from transport.clients import Cluster
from transport.topics import Topic

CLIENT_ID = "vigie-web"

FIRST_OFFSETS = 2_000
"""Read before the page shows anything, in 0.1 s: twenty pages of cards."""


class Reader(Follower):
    """Follows the predictions topic."""

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        hub: Hub,
        messages: TopicMessages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(cluster, topic, CLIENT_ID, clock)
        self._hub = hub
        self._messages = messages
        self._backreader: Backreader | None = None

    def stop(self) -> None:
        """End within two seconds, also when Kafka does not answer."""
        super().stop()
        if self._backreader:
            self._backreader.stop()

    def _answers(self, answers: bool) -> None:
        self._hub.kafka_answers(answers)

    def _missing(self, _admin: AdminClient) -> None:
        # No topic is an empty one: the page says how to send the first image. What was read before
        # stays: a broker that has just restarted may not know its topics yet.
        self._hub.complete()

    def _begins(self, consumer: Consumer, topic: Topic) -> dict[int, int]:
        ends = self._hub.open(topic.log_id)
        begins = {}
        for partition in topic.partitions:
            where = TopicPartition(self._topic, partition)
            low, high = consumer.get_watermark_offsets(where, timeout=ANSWER_S)
            begins[partition] = max(low, ends.get(partition, high - 1 - FIRST_OFFSETS) + 1)
        if not ends:
            self._messages.forget()
            self._read_back(topic, begins)
        return begins

    def _read_back(self, topic: Topic, begins: dict[int, int]) -> None:
        if self._backreader:
            self._backreader.stop()
        self._backreader = Backreader(self._cluster, self._topic, topic.log_id, self._hub, begins)
        self._backreader.start()

    def _take(self, messages: Sequence[Message]) -> None:
        self._hub.add(items_of(messages, self._messages.keep))

    def _complete(self) -> None:
        self._hub.complete()
