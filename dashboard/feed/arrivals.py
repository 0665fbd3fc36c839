"""The predictions topic as its readers see it: what it is, and its messages as items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, TopicCollection
from confluent_kafka.admin import AdminClient

from dashboard.feed.items import EVENT_UNREADABLE, Item, Place, read_item

ANSWER_S = 1.5
"""How long the broker may take to describe the topic. A healthy one needs milliseconds; below the
3 s that stopping may take."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """What the broker says of a topic. ``log_id`` is new when the topic is created anew."""

    log_id: str
    partitions: tuple[int, ...]


def describe(admin: AdminClient, name: str) -> Topic:
    """What the broker says of the topic.

    Raises:
        KafkaException: there is no such topic, or no answer.
    """
    asked = admin.describe_topics(TopicCollection([name]), request_timeout=ANSWER_S)
    found = asked[name].result()
    return Topic(str(found.topic_id), tuple(sorted(part.id for part in found.partitions)))


def place_of(message: Message) -> Place:
    """Where a message that is no error stands in its topic."""
    return Place(message.partition() or 0, message.offset() or 0)


def items_of(
    messages: Sequence[Message], keep: Callable[[Place, bytes], None] | None = None
) -> list[Item]:
    """The events among what the consumer returned; ``keep`` is given the bytes of each.

    Raises:
        KafkaException: the partition can no longer be read as it was assigned.
    """
    items = []
    for message in messages:
        if error := message.error():
            if error.code() != KafkaError._PARTITION_EOF and not error.retriable():
                raise KafkaException(error)
            continue
        place = place_of(message)
        item = read_item(place, message.timestamp()[1], message.value())
        if keep:
            keep(place, message.value() or b"")
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
