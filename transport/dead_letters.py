"""The untouched originals of failed images: listed, found again, and sent once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from confluent_kafka import KafkaError, Message, Producer

from schemas.errors import VigieError
from transport.clients import Cluster
from transport.reading import read_places, read_to_end
from transport.topics import JobTopics

CLIENT_ID = "vigie-dead-letters"

FLUSH_TIMEOUT_S = 30.0
"""The producer's own message time-out (25 s) decides first; this is for what it does not cover."""

ROOM_POLL_S = 0.1
"""How long to wait for room in the producer's queue before asking again."""


class ReplayError(VigieError):
    """The broker did not take a message that was sent again."""

    code = "replay"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that got a Failure, as it was, with why.

    Attributes:
        partition, offset: its place among the dead letters.
        appended_ms: the broker's time of the failure, milliseconds since 1970.
        reason, detail: those of the Failure.
        source_partition, source_offset: the original's place among the images.
        key, value: the original.
    """

    partition: int
    offset: int
    appended_ms: int
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
    return map(dead_letter, read_to_end(cluster, topics.dead_letters, CLIENT_ID))


def find_dead_letters(
    cluster: Cluster, topics: JobTopics, places: Iterable[tuple[int, int]]
) -> Iterator[DeadLetter]:
    """Those at these partitions and offsets, oldest first; what is no longer kept is left out.

    Raises:
        ConfigurationError: the topic cannot be read.
    """
    return map(dead_letter, read_places(cluster, topics.dead_letters, CLIENT_ID, places))


def replay_dead_letters(
    cluster: Cluster,
    topics: JobTopics,
    letters: Iterable[DeadLetter],
    taken: Callable[[DeadLetter], None] = lambda _: None,
) -> int:
    """Send originals to the images topic again, in the given order; the dead letters stay.

    Args:
        cluster: the Kafka to work on.
        topics: the job's topics.
        letters: may come one by one from Kafka; they are not gathered in memory.
        taken: told of each letter that Kafka acknowledged, also when a later one is refused.

    Returns:
        How many were sent and acknowledged.

    Raises:
        ConfigurationError: the letters cannot be read.
        ReplayError: the broker refused one.
    """
    producer = cluster.producer(CLIENT_ID)
    refused: list[str] = []
    sent = 0
    try:
        for letter in letters:
            _send(producer, topics.images, letter, taken, refused)
            sent += 1
    finally:
        left = producer.flush(FLUSH_TIMEOUT_S)
    if left or refused:
        raise ReplayError(
            f"{left + len(refused)} of {sent} dead letters were not taken by"
            f" {topics.images}: {refused[0] if refused else 'no answer from the broker'}."
            " The dead letters are still there: try again."
        )
    return sent


def _send(
    producer: Producer,
    topic: str,
    letter: DeadLetter,
    taken: Callable[[DeadLetter], None],
    refused: list[str],
) -> None:
    def delivered(error: KafkaError | None, _: Message) -> None:
        if error:
            refused.append(error.str())
        else:
            taken(letter)

    while True:
        try:
            producer.produce(
                topic,
                letter.value,
                key=letter.key,
                partition=letter.source_partition,
                on_delivery=delivered,
            )
        except BufferError:
            producer.poll(ROOM_POLL_S)
        else:
            producer.poll(0)
            return


def dead_letter(message: Message) -> DeadLetter:
    """What a message of the dead letters topic says."""
    headers = {
        name: (value or b"").decode("utf-8", "replace")
        for name, value in cast("list[tuple[str, bytes | None]]", message.headers() or [])
    }
    return DeadLetter(
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        appended_ms=message.timestamp()[1],
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
