"""The topics of a job: their names, and their creation with explicit sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import sleep

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.errors import ConfigurationError, UnavailableError
from transport.deadline import Deadline
from transport.settings import DAY_MS, TopicSettings

ADMIN_TIMEOUT_S = 10.0
"""A healthy broker answers in milliseconds; a person waits no longer than this for a sentence."""

UNANSWERED = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.REQUEST_TIMED_OUT,
    }
)
"""The broker has not said no: it has said nothing."""

DEAD_LETTER_ROOM = 64 * 1024
"""A dead letter is the original and headers of a few hundred bytes: it must fit where that did."""

COMPACTED_SEGMENT_BYTES = 8 * 1024 * 1024
"""Only full segments are compacted, and a start reads all that is not: with the broker's default of
1 GB it would take minutes after a day."""


@dataclass(frozen=True, slots=True)
class JobTopics:
    """The names of one job's topics."""

    job: str

    @property
    def images(self) -> str:
        """Image references, in the order of the work."""
        return f"vigie.{self.job}.images"

    @property
    def predictions(self) -> str:
        """One prediction per reference, in the same order."""
        return f"vigie.{self.job}.predictions"

    @property
    def dead_letters(self) -> str:
        """The untouched original of each Failure."""
        return f"vigie.{self.job}.dead-letters"

    @property
    def replays(self) -> str:
        """Predictions of other models for old references; there once something was replayed."""
        return f"vigie.{self.job}.replays"

    @property
    def statistics(self) -> str:
        """Counts per window of time; the newest message of each key counts."""
        return f"vigie.{self.job}.statistics"

    @property
    def reviews(self) -> str:
        """What people said of predictions."""
        return f"vigie.{self.job}.reviews"

    @property
    def group(self) -> str:
        """The consumer group of the job's workers."""
        return f"vigie.{self.job}.inference"

    def all(self) -> tuple[str, str, str]:
        """The three that a job always has, in the order they are created."""
        return self.images, self.predictions, self.dead_letters


@dataclass(frozen=True, slots=True)
class Topic:
    """What the broker says of a topic. ``log_id`` is new when the topic is created anew."""

    log_id: str
    partitions: tuple[int, ...]


def describe(admin: AdminClient, names: Iterable[str], timeout_s: float) -> dict[str, Topic]:
    """What the broker says of these topics; one that is not there is left out.

    Raises:
        KafkaException: the broker does not answer within ``timeout_s`` seconds.
    """
    found = {}
    asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=timeout_s)
    for name, answer in asked.items():
        try:
            one = answer.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
        else:
            partitions = sorted(part.id for part in one.partitions)
            found[name] = Topic(str(one.topic_id), tuple(partitions))
    return found


def ensure_topics(admin: AdminClient, topics: JobTopics, settings: TopicSettings) -> None:
    """Create the topics that are missing and check the partitions of those that are there.

    Raises:
        UnavailableError: the broker does not answer.
        ConfigurationError: it refuses, or a topic has another number of partitions than the
            settings say.
    """
    _ensure(admin, topics, topics.all(), settings)


def ensure_replays(admin: AdminClient, topics: JobTopics, settings: TopicSettings) -> None:
    """Create the replays topic, with the partitions of the images topic.

    Raises:
        ConfigurationError: see ``ensure_topics``; the images topic is checked too.
    """
    _ensure(admin, topics, (topics.images, topics.replays), settings)


def ensure_reviews(admin: AdminClient, topics: JobTopics, settings: TopicSettings) -> None:
    """Create the reviews topic, kept without end: what people did cannot be computed again.

    Its one partition gives two people's actions on one event an order.

    Raises:
        ConfigurationError: see ``ensure_topics``.
    """
    create(admin, [_new_topic(topics.reviews, topics, settings, 1, {"retention.ms": "-1"})])


def ensure_statistics(admin: AdminClient, topics: JobTopics, settings: TopicSettings) -> None:
    """Create the statistics topic: compacted, so that it holds every window once.

    Raises:
        ConfigurationError: see ``ensure_topics``.
    """
    kept = {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "segment.bytes": str(COMPACTED_SEGMENT_BYTES),
    }
    create(admin, [_new_topic(topics.statistics, topics, settings, 1, kept)])


def _ensure(
    admin: AdminClient, topics: JobTopics, names: tuple[str, ...], settings: TopicSettings
) -> None:
    create(admin, [_new_topic(name, topics, settings) for name in names])
    check_partitions(admin, names, settings.partitions)


def create(admin: AdminClient, wanted: list[NewTopic]) -> None:
    """Create the topics that are missing, and return when the broker tells of all of them.

    Raises:
        UnavailableError: the broker does not answer.
        ConfigurationError: it refuses.
    """
    for name, future in admin.create_topics(wanted, operation_timeout=ADMIN_TIMEOUT_S).items():
        try:
            future.result(ADMIN_TIMEOUT_S)
        except TimeoutError as error:
            raise _silence("no broker took the request") from error
        except KafkaException as error:
            if error.args[0].code() in UNANSWERED:
                raise _silence(error.args[0].str()) from error
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise ConfigurationError(
                    f"Topic {name} could not be created: {error.args[0].str()}. Check the address"
                    " and the rights of this client on the cluster."
                ) from error
    _await_known(admin, [topic.topic for topic in wanted])


def delete(admin: AdminClient, names: Iterable[str], timeout_s: float) -> None:
    """Delete those of these topics that are there, and return when the broker has done it.

    Raises:
        KafkaException: the broker does not answer, or refuses.
    """
    if found := describe(admin, names, timeout_s):
        for deleted in admin.delete_topics(list(found)).values():
            deleted.result(timeout_s)


def _await_known(admin: AdminClient, names: Iterable[str]) -> None:
    """Wait for the topics to be told of, which begins some milliseconds after their creation."""
    deadline = Deadline.within(ADMIN_TIMEOUT_S)
    for name in names:
        while not partition_count(admin, name) and not deadline.passed:
            sleep(deadline.remaining(0.02))


def check_partitions(admin: AdminClient, names: Iterable[str], expected: int) -> None:
    """Refuse a topic whose partitions would break the promised order.

    Raises:
        ConfigurationError: a topic has another number of partitions than ``expected``.
    """
    for name in names:
        found = partition_count(admin, name)
        if found != expected:
            raise ConfigurationError(
                f"Topic {name} has {found} partitions where the settings say {expected}: the order"
                f" of its images would not be kept. Set VIGIE_KAFKA__TOPICS__PARTITIONS={found} to"
                " accept an order per camera instead of one order, or delete the topic so that"
                " it is created anew."
            )


def partition_count(admin: AdminClient, name: str) -> int:
    """How many partitions the topic has; 0 when there is no such topic.

    Raises:
        UnavailableError: the broker does not answer.
    """
    try:
        found = admin.list_topics(name, timeout=ADMIN_TIMEOUT_S).topics.get(name)
    except KafkaException as error:
        raise _silence(error.args[0].str()) from error
    return len(found.partitions) if found and found.error is None else 0


def _silence(why: str) -> UnavailableError:
    return UnavailableError(
        f"No answer from Kafka within {ADMIN_TIMEOUT_S:.0f} s: {why}. Start the embedded broker"
        " with `vigie broker start`, or set VIGIE_KAFKA__BOOTSTRAP_SERVERS."
    )


def _new_topic(
    name: str,
    topics: JobTopics,
    settings: TopicSettings,
    partitions: int | None = None,
    kept: Mapping[str, str] | None = None,
) -> NewTopic:
    size = settings.max_message_bytes
    if name == topics.dead_letters:
        size += DEAD_LETTER_ROOM
    return NewTopic(
        name,
        num_partitions=partitions or settings.partitions,
        replication_factor=settings.replication,
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(settings.retention_days * DAY_MS),
            "max.message.bytes": str(size),
            "message.timestamp.type": "LogAppendTime",
            **(kept or {}),
        },
    )
