"""The untouched originals of failed images: listed, and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Message

from schemas.errors import VigieError
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics

FLUSH_TIMEOUT_S = 30.0
"""The producer's own message time-out (25 s) decides first; this is for what it does not cover."""


class ReplayError(VigieError):
    """The broker did not take a message that was sent again."""

    code = "replay"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that got a Failure, as it was, with why."""

    partition: int
    offset: int
    reason: str
    detail: str
    reference_id: str | None
    source_partition: int
    source_offset: int
    published_at: str
    key: bytes | None
    value: bytes | None


def read_dead_letters(cluster: Cluster, topics: JobTopics) -> Iterator[DeadLetter]:
    """Every dead letter of a job, oldest first.

    Raises:
        ConfigurationError: the topic is not there or cannot be read.
    """
    for message in read_to_end(cluster, topics.dead_letters, "vigie-dead-letters"):
        yield _dead_letter(message)


def replay_dead_letters(
    cluster: Cluster, topics: JobTopics, reason: str | None = None, offset: int | None = None
) -> int:
    """Send originals to the images topic again, in their order; the dead letters stay as they are.

    Args:
        cluster: the Kafka to work on.
        topics: the job's topics.
        reason: only those with this reason.
        offset: only the one at this offset of the dead letters.

    Returns:
        How many were sent and acknowledged.

    Raises:
        ConfigurationError: the topic is not there or cannot be read.
        ReplayError: the broker refused one.
    """
    letters = [
        letter
        for letter in read_dead_letters(cluster, topics)
        if reason in (None, letter.reason) and offset in (None, letter.offset)
    ]
    producer = cluster.producer("vigie-dead-letters")
    refused: list[str] = []
    for letter in letters:
        producer.produce(
            topics.images,
            letter.value,
            key=letter.key,
            partition=letter.source_partition,
            on_delivery=lambda error, _: refused.append(error.str()) if error else None,
        )
        producer.poll(0)
    left = producer.flush(FLUSH_TIMEOUT_S)
    if left or refused:
        raise ReplayError(
            f"{left + len(refused)} of {len(letters)} dead letters were not taken by"
            f" {topics.images}: {refused[0] if refused else 'no answer from the broker'}."
            " The dead letters are still there: try again."
        )
    return len(letters)


def _dead_letter(message: Message) -> DeadLetter:
    headers = {
        name: (value or b"").decode("utf-8", "replace")
        for name, value in cast("list[tuple[str, bytes | None]]", message.headers() or [])
    }
    return DeadLetter(
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        reason=headers.get("vigie_reason", "unknown"),
        detail=headers.get("vigie_detail", ""),
        reference_id=headers.get("vigie_reference_id") or None,
        source_partition=_number(headers.get("vigie_source_partition")),
        source_offset=_number(headers.get("vigie_source_offset")),
        published_at=headers.get("vigie_published_at", ""),
        key=message.key(),
        value=message.value(),
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
