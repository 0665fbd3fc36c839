"""Reads back the end of a topic: every committed message up to where it ends now."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not in the stubs
    AdminClient,
    OffsetSpec,
)

from producers.writer import InterruptedWritingError
from schemas.errors import ConfigurationError
from transport.clients import Cluster
from transport.deadline import Deadline
from transport.topics import ADMIN_TIMEOUT_S, partition_count

PATIENCE_S = 60.0
"""Committed messages may stand behind another producer's open transaction, which the broker ends
after its time-out: half of this for ours. Without anything new for this long we give up."""

POLL_S = 0.1
"""Between two looks at something that is not there yet."""


def end_offsets(cluster: Cluster, topic: str) -> dict[int, int]:
    """Per partition, the offset that the next message gets, open transactions included.

    Raises:
        ConfigurationError: there is no such topic, or the broker does not answer.
        InterruptedWritingError: the partitions have no leader.
    """
    admin = cluster.admin()
    count = partition_count(admin, topic)
    if not count:
        raise ConfigurationError(
            f"There is no topic {topic}. Start `vigie up` or `vigie infer` once: they create it."
        )
    deadline = Deadline.within(ADMIN_TIMEOUT_S)
    while True:
        try:
            return _ask_end_offsets(admin, topic, count)
        except (KafkaException, TimeoutError) as error:
            # A topic just made has no leader yet, and one whose broker restarts has none for now.
            if deadline.passed:
                raise InterruptedWritingError(
                    f"the end of {topic} is not known: {error}"
                ) from error
            time.sleep(POLL_S)


def _ask_end_offsets(admin: AdminClient, topic: str, count: int) -> dict[int, int]:
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    futures = admin.list_offsets(
        {TopicPartition(topic, number): latest for number in range(count)},
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=ADMIN_TIMEOUT_S,
    )
    return {
        partition.partition: future.result(ADMIN_TIMEOUT_S).offset
        for partition, future in futures.items()
    }


def read_back(
    cluster: Cluster, topic: str, start: Mapping[int, int], end: Mapping[int, int]
) -> Iterator[Message]:
    """Every committed message from ``start`` to ``end``, per partition in order.

    Args:
        cluster: where the topic is.
        topic: its name.
        start: first offset of each partition; one that is not in it is read from its beginning.
        end: from `end_offsets`.

    Raises:
        InterruptedWritingError: the messages cannot be had now.
    """
    behind = {number for number in end if start.get(number, 0) < end[number]}
    consumer = cluster.reader("vigie-readback")
    try:
        consumer.assign(
            [
                TopicPartition(topic, number, start.get(number, OFFSET_BEGINNING))
                for number in behind
            ]
        )
        yield from _read(consumer, behind, end)
    finally:
        consumer.close()


def _read(consumer: Consumer, behind: set[int], end: Mapping[int, int]) -> Iterator[Message]:
    deadline = time.monotonic() + PATIENCE_S
    while behind:
        message = consumer.poll(POLL_S)
        if message is None:
            if time.monotonic() > deadline:
                raise InterruptedWritingError(
                    f"nothing committed came for {PATIENCE_S:.0f} s before the end of partitions"
                    f" {sorted(behind)}: another producer's transaction may be open"
                )
            continue
        deadline = time.monotonic() + PATIENCE_S
        next_offset = message.offset()
        if error := message.error():
            # The end as seen now; an open transaction of another producer may hide what follows.
            if error.code() != KafkaError._PARTITION_EOF:
                raise InterruptedWritingError(error.str())
        else:
            yield message
            next_offset = (next_offset or 0) + 1
        partition = message.partition()
        if partition is not None and (next_offset or 0) >= end[partition]:
            behind.discard(partition)
