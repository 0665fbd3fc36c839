"""The thread between the reviews topic and the ledger: all that people ever said, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka.admin import AdminClient

from dashboard.feed.arrivals import ANSWER_S
from dashboard.feed.following import Follower
from dashboard.feed.hub import Hub
from schemas.codec import decode_review
from schemas.errors import ConfigurationError, RefusedError
from schemas.reviews import Review
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, Topic, ensure_reviews

CLIENT_ID = "vigie-web-reviews"

PARTITION = 0
"""The topic's only one: it gives two people's actions on one event an order."""

FIRST_ANSWER_S = 2 * ANSWER_S
"""How long one who asks at the start whether Kafka answers waits for it."""

log = structlog.get_logger(__name__)


class ReviewsReader(Follower):
    """Follows the reviews topic from its beginning; makes it where it is missing.

    Args:
        cluster: the Kafka to read.
        topics: of the job.
        settings: how the topic is created.
        hub: where the reviews go.
        clock: seconds, steady.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: JobTopics,
        settings: TopicSettings,
        hub: Hub,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(cluster, topics.reviews, CLIENT_ID, clock)
        self._topics = topics
        self._settings = settings
        self._hub = hub
        self._log_id = ""
        self._read_to = 0
        self._moved = threading.Condition()
        self._reachable = False
        self._asked = threading.Event()

    def answers(self) -> bool:
        """Whether Kafka could be reached when it was last asked; waits for the first time."""
        self._asked.wait(FIRST_ANSWER_S)
        return self._reachable

    def await_read(self, offset: int, within_s: float) -> bool:
        """Wait until the ledger has taken the message at this offset; whether it has."""
        with self._moved:
            return self._moved.wait_for(lambda: self._read_to > offset, within_s)

    def _answers(self, answers: bool) -> None:
        self._reachable = answers
        self._asked.set()

    def _missing(self, admin: AdminClient) -> None:
        try:
            ensure_reviews(admin, self._topics, self._settings)
        except ConfigurationError as error:  # asked again in a moment
            log.warning("reviews_topic_not_made", topic=self._topic, error=str(error))

    def _begins(self, _consumer: Consumer, topic: Topic) -> dict[int, int]:
        if topic.log_id != self._log_id:
            self._log_id = topic.log_id
            self._hub.forget_reviews()
            with self._moved:
                self._read_to = 0
        return {PARTITION: self._read_to}

    def _take(self, messages: Sequence[Message]) -> None:
        self._hub.review(list(_reviews(messages)))  # decoded before the hub's lock is held
        read = [message.offset() or 0 for message in messages if not message.error()]
        if read:
            with self._moved:
                self._read_to = read[-1] + 1
                self._moved.notify_all()

    def _complete(self) -> None:
        self._hub.reviews_complete()


def _reviews(messages: Sequence[Message]) -> Iterator[tuple[Review, float]]:
    """What people did, each with the seconds since 1970 at which Kafka took it.

    Raises:
        KafkaException: the partition has to be assigned anew.
    """
    for message in messages:
        if problem := message.error():
            if problem.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(problem)
            continue
        try:
            review = decode_review(message.value())
        except RefusedError as error:
            log.warning("review_unreadable", offset=message.offset(), detail=error.detail)
            continue
        yield review, message.timestamp()[1] / 1e3
