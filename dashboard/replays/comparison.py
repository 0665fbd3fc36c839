"""Reads the verdicts of one run and the live ones on the same references, as far as they are there.

1. The run's events are in the replays topic, which may hold those of others: the header tells.
2. The live ones stand in the order of their references, so the first is found by halving.
3. A look goes on where the last one ended, and ends after a moment: who asks is told to ask again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dashboard.feed.arrivals import is_settling, place_of
from dashboard.feed.items import Place
from dashboard.feed.table import Codes
from dashboard.replays.verdicts import MOST_WORDS, Compared, Verdicts, compare, verdict
from schemas.codec import decode_prediction
from schemas.errors import RefusedError
from schemas.events import Prediction
from transport.clients import Cluster
from transport.replays import RUN_HEADER, Run
from transport.topics import JobTopics

CLIENT_ID = "vigie-web-replays"

MOST = 50_000
"""Newest references of a run that are compared: both sides take 3 MB, and reading 3 s."""

READ_S = 1.0
"""How long one look reads: a page shows what there is, and asks again."""

ANSWER_S = 1.5
POLL_S = 0.3

AT_ONCE = 500

CLOCKS_MS = 3_600_000
"""How far the clocks of broker and replay may be apart: a run's events are looked for from so long
before its start."""

AHEAD = {"queued.max.messages.kbytes": 4096, "fetch.queue.backoff.ms": 10}
"""What is read ahead when a look ends was fetched in vain; this is two thousand events. Without the
second, a full queue would wait a second for the next."""

SILENT = frozenset({KafkaError._TIMED_OUT, KafkaError._TRANSPORT})
"""Errors of a broker that is slow, or away for a moment."""

NEAR = 64
"""Offsets over which reading is quicker than asking for another place."""


class Comparison:
    """One run beside the live events. Used by one thread at a time."""

    def __init__(self, cluster: Cluster, topics: JobTopics, run: Run, most: int = MOST) -> None:
        self._cluster = cluster
        self._topics = topics
        self._run = run
        self._most = most
        self._codes = Codes(MOST_WORDS)
        self.live = Verdicts(self._codes, most)
        self.replayed = Verdicts(self._codes, most)
        self._positions: dict[tuple[str, int], int] = {}
        # The oldest reference, by partition, that is among the newest `most` of a finished run.
        self._first = {
            partition: max(share.first, share.position - most)
            for partition, share in run.shares.items()
        }

    def read(self, within_s: float = READ_S, clock: Callable[[], float] = time.monotonic) -> bool:
        """Read on in both topics; whether the end of what there is has been reached.

        Raises:
            KafkaException: Kafka refuses it.
        """
        consumer = self._cluster.reader(CLIENT_ID, AHEAD)
        try:
            if not self._positions:
                self._positions = self._begins(consumer)
            return self._read(consumer, clock() + within_s, clock)
        except KafkaException as error:
            if not passes(error):
                raise
            return False  # a slow moment, or a topic just made: the next look goes on
        finally:
            consumer.close()

    @property
    def is_whole(self) -> bool:
        """Whether all that the run has committed is read, as far as that can be told.

        The end of a transaction stands in the topic a moment after its commit.
        """
        return len(self.replayed) >= self._run.references or self._run.references > self._most

    def compared(self) -> Compared:
        """What is read so far, joined."""
        return compare(self.live, self.replayed, self._codes.texts())

    # Where to begin

    def _begins(self, consumer: Consumer) -> dict[tuple[str, int], int]:
        begins = {}
        for partition, first in self._first.items():
            replays = TopicPartition(self._topics.replays, partition)
            begins[replays.topic, partition] = self._first_replayed(consumer, replays)
            live = TopicPartition(self._topics.predictions, partition)
            begins[live.topic, partition] = first_answer(consumer, live, first)
        return begins

    def _first_replayed(self, consumer: Consumer, place: TopicPartition) -> int:
        since = int(self._run.started_at.timestamp() * 1e3) - CLOCKS_MS
        asked = TopicPartition(place.topic, place.partition, since)
        [found] = consumer.offsets_for_times([asked], ANSWER_S)
        return (
            found.offset
            if found.offset >= 0
            else consumer.get_watermark_offsets(place, ANSWER_S)[1]
        )

    # Reading

    def _read(self, consumer: Consumer, until: float, clock: Callable[[], float]) -> bool:
        places = [TopicPartition(*place, at) for place, at in self._positions.items()]
        consumer.assign(places)
        unread = set(self._positions)
        while unread and clock() < until:
            first = consumer.poll(POLL_S)
            for message in [first, *consumer.consume(AT_ONCE, 0)] if first else []:
                if ended := _ended(message):
                    unread.discard(ended)
                else:
                    self._take(message)
        return not unread

    def _take(self, message: Message) -> None:
        topic, place = cast("str", message.topic()), place_of(message)
        self._positions[topic, place.partition] = place.offset + 1
        if topic == self._topics.predictions:
            self._add(self.live, message, place)
        elif _run_of(message) == self._run.id:
            self._add(self.replayed, message, place)

    def _add(self, verdicts: Verdicts, message: Message, place: Place) -> None:
        found = answer_of(message)
        share = self._run.shares.get(place.partition)
        if found is None or share is None:
            return
        if self._first[place.partition] <= found.source_offset < share.end:
            source = Place(place.partition, found.source_offset)
            verdicts.add(source, verdict(found.outcome), place.offset)


def first_answer(consumer: Consumer, place: TopicPartition, source: int) -> int:
    """An offset of the predictions not behind the first answer to ``source`` or later.

    Raises:
        KafkaException: Kafka does not answer.
    """
    low, high = consumer.get_watermark_offsets(place, ANSWER_S)
    while high - low > NEAR:
        middle = (low + high) // 2
        consumer.assign([TopicPartition(place.topic, place.partition, middle)])
        message = consumer.poll(ANSWER_S)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        found = None if message.error() else answer_of(message)
        if found is not None and found.source_offset < source:
            low = middle
        else:
            high = middle
    return low


def passes(error: KafkaException) -> bool:
    """Whether asking again may help, as after a leader has moved or an answer came late."""
    return is_settling(error) or cast("KafkaError", error.args[0]).code() in SILENT


def answer_of(message: Message) -> Prediction | None:
    """The event in a message; ``None`` where there is none."""
    try:
        return decode_prediction(message.value())
    except RefusedError:
        return None


def _run_of(message: Message) -> str:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return (dict(headers).get(RUN_HEADER) or b"").decode("utf-8", "replace")


def _ended(message: Message) -> tuple[str, int] | None:
    """The place whose end this message tells of; errors that pass are left to the library.

    Raises:
        KafkaException: the topic cannot be read.
    """
    error = message.error()
    if error is None:
        return None
    if error.code() == KafkaError._PARTITION_EOF:
        return cast("str", message.topic()), cast("int", message.partition())
    raise KafkaException(error)
