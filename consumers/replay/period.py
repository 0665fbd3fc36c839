"""Which references a replay takes: moments as people write them, and the offsets they mean."""

from __future__ import annotations

from datetime import UTC, datetime

from confluent_kafka import Consumer, TopicPartition

from schemas.errors import UsageError
from transport.replays import ANSWER_TIMEOUT_S, Period, Share


def parse_period(since: str | None, until: str | None) -> Period:
    """The period between two moments in ISO 8601; without a zone they are in UTC.

    Raises:
        UsageError: one is no moment, or they are in the wrong order.
    """
    period = Period(_moment("--from", since), _moment("--to", until))
    if period.since and period.until and period.since >= period.until:
        raise UsageError(
            f"--from {since} is not before --to {until}: no reference can be between them. Swap"
            " them, or leave one out."
        )
    return period


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is no moment in ISO 8601: write it like 2026-11-21T09:30 (UTC) or"
            " 2026-11-21T09:30+01:00."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def resolve_period(consumer: Consumer, topic: str, period: Period) -> dict[int, Share]:
    """The offsets of a period in each partition of a topic, as they are now.

    Raises:
        KafkaException: the broker does not answer.
    """
    found = consumer.list_topics(topic, timeout=ANSWER_TIMEOUT_S).topics[topic]
    shares = {}
    for partition in sorted(found.partitions):
        place = TopicPartition(topic, partition)
        # The consumer reads committed messages only: its end is before any open transaction.
        low, high = consumer.get_watermark_offsets(place, ANSWER_TIMEOUT_S)
        first = _offset(consumer, place, period.since, high) if period.since else low
        end = _offset(consumer, place, period.until, high) if period.until else high
        first = min(max(low, first), high)
        shares[partition] = Share(first, max(first, min(end, high)), first)
    return shares


def _offset(consumer: Consumer, place: TopicPartition, moment: datetime, high: int) -> int:
    """Where the first message at or after the moment is; ``high`` when there is none."""
    milliseconds = int(moment.timestamp() * 1e3)
    asked = TopicPartition(place.topic, place.partition, milliseconds)
    [found] = consumer.offsets_for_times([asked], ANSWER_TIMEOUT_S)
    return found.offset if found.offset >= 0 else high
