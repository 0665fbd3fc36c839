"""The thread that reads the older events, newest first, while the newest are already shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from dashboard.feed.arrivals import ANSWER_S, ends_of, items_of
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item
from transport.clients import Cluster

CLIENT_ID = "vigie-web-history"

STRETCH = 20_000
"""Offsets read at a time and then joined to the others: about a second of work, after which a
person who scrolls back finds more."""

AT_ONCE = 200
"""Events between two breaths: 10 ms of work, so that live events and pages are never kept waiting
for longer."""

BREATH_S = 0.005

RETRY_S = 2.0

log = structlog.get_logger(__name__)


class Backreader:
    """Fills the hub's window backwards, from where the live reader began.

    Args:
        cluster: the Kafka to read.
        topic: name of the predictions topic.
        log_id: what the topic is; its events are not taken for those of another.
        hub: where they go.
        begins: the first offset per partition that the live reader reads.
    """

    def __init__(
        self, cluster: Cluster, topic: str, log_id: str, hub: Hub, begins: dict[int, int]
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._log_id = log_id
        self._hub = hub
        self._begins = dict(begins)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-reader", daemon=True)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End soon, also when Kafka does not answer."""
        self._stopping.set()
        self._thread.join(ANSWER_S + 0.4)

    def _run(self) -> None:
        while not self._stopping.is_set():
            consumer = self._cluster.reader(CLIENT_ID)
            try:
                self._read_all(consumer)
            except KafkaException as error:
                log.warning("history_unreadable", topic=self._topic, error=str(error))
                self._stopping.wait(RETRY_S)
            else:
                self._hub.reading_back(None)
                return
            finally:
                consumer.close()

    def _read_all(self, consumer: Consumer) -> None:
        while not self._stopping.is_set():
            lows = {p: self._low(consumer, p) for p in self._begins}
            left = {p: begin - lows[p] for p, begin in self._begins.items() if begin > lows[p]}
            if not left:
                return
            self._tell(left)
            # The most behind comes first, so that all partitions reach back equally far.
            partition = max(left, key=lambda p: left[p])
            start = max(lows[partition], self._begins[partition] - STRETCH)
            older = self._hub.empty_index()
            for items in self._stretch(consumer, partition, start):
                for item in items:
                    older.add(item)
            if self._stopping.is_set() or not self._hub.add_older(self._log_id, older):
                return
            self._begins[partition] = start

    def _low(self, consumer: Consumer, partition: int) -> int:
        where = TopicPartition(self._topic, partition)
        low, _ = consumer.get_watermark_offsets(where, timeout=ANSWER_S)
        return int(low)

    def _tell(self, left: dict[int, int]) -> None:
        read = len(self._hub)
        wanted = min(self._hub.history, read + sum(left.values()))
        self._hub.reading_back(round(read / wanted, 3))

    def _stretch(self, consumer: Consumer, partition: int, start: int) -> Iterator[list[Item]]:
        """The events of a partition from ``start`` to where the later ones begin."""
        end = self._begins[partition]
        consumer.assign([TopicPartition(self._topic, partition, start)])
        while not self._stopping.wait(BREATH_S):
            messages = consumer.consume(AT_ONCE, ANSWER_S)
            items = items_of(messages)
            yield [item for item in items if item.place.offset < end]
            beyond = bool(items) and items[-1].place.offset >= end - 1
            if beyond or ends_of(messages) or not messages:
                return
