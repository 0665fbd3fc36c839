"""The predictions topic as its readers see it: what it is, and its messages as items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message

from dashboard.feed.items import Item, Place, read_item
from schemas.events import EVENT_UNREADABLE

ANSWER_S = 1.5
"""How long the broker may take to describe the topic. A healthy one needs milliseconds; below the
3 s that stopping may take."""

SETTLING = frozenset(
    {
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""Answers of a broker that has just restarted or made a topic. `KafkaError.retriable` is no help:
librdkafka sets it for transactional calls only (2.16)."""

log = structlog.get_logger(__name__)


def is_settling(error: KafkaException) -> bool:
    """Whether Kafka did answer, and will give what was asked for in a moment."""
    return cast("KafkaError", error.args[0]).code() in SETTLING


def place_of(message: Message) -> Place:
    """Where a message that is no error stands in its topic."""
    return Place(message.partition() or 0, message.offset() or 0)


def items_of(
    messages: Sequence[Message], keep: Callable[[Place, bytes], None] | None = None
) -> list[Item]:
    """The events among what the consumer returned; ``keep`` is given the bytes of each.

    Raises:
        KafkaException: the partition has to be assigned anew.
    """
    items = []
    for message in messages:
        if error := message.error():
            if error.code() != KafkaError._PARTITION_EOF:
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
