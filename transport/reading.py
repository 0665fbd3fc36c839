"""Reading a topic to its present end, or at given places; committed messages only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.errors import ConfigurationError
from transport.clients import Cluster

ANSWER_TIMEOUT_S = 10.0
"""A partition that says nothing for this long, neither a message nor its end, is unreachable."""

JUMP = 1000
"""Offsets between two wanted messages over which a new place is sought; below it, reading what lies
between is quicker than asking the broker anew."""


def read_to_end(
    cluster: Cluster, topic: str, client_id: str, start: dict[int, int] | None = None
) -> Iterator[Message]:
    """Every committed message of a topic up to the end it has now, partition by partition.

    Args:
        cluster: the Kafka to read.
        topic: an existing topic.
        client_id: how this reader names itself to the broker.
        start: first offset per partition; a partition it leaves out is read from its beginning.

    Raises:
        ConfigurationError: the topic is not there, or the broker does not answer.
    """
    reader = cluster.reader(client_id)
    try:
        for partition in _partitions(reader, topic):
            yield from _read_partition(reader, topic, partition, (start or {}).get(partition))
    finally:
        reader.close()


def read_places(
    cluster: Cluster, topic: str, client_id: str, places: Iterable[tuple[int, int]]
) -> Iterator[Message]:
    """The committed messages at these places, in their order; those no longer kept are left out.

    Args:
        cluster: the Kafka to read.
        topic: an existing topic.
        client_id: how this reader names itself to the broker.
        places: partitions and offsets, in any order.

    Raises:
        ConfigurationError: the broker does not answer.
    """
    reader = cluster.reader(client_id)
    try:
        for partition, found in groupby(sorted(set(places)), key=itemgetter(0)):
            yield from _read_offsets(reader, topic, partition, deque(o for _, o in found))
    finally:
        reader.close()


def _read_offsets(
    reader: Consumer, topic: str, partition: int, wanted: deque[int]
) -> Iterator[Message]:
    position: int | None = None
    while wanted:
        if position is None or wanted[0] - position > JUMP:
            reader.assign([TopicPartition(topic, partition, wanted[0])])
        message = _poll(reader, topic)
        if message is None:
            return
        offset = cast("int", message.offset())
        while wanted and wanted[0] < offset:
            wanted.popleft()
        if wanted and wanted[0] == offset:
            wanted.popleft()
            yield message
        position = offset + 1


def _partitions(reader: Consumer, topic: str) -> list[int]:
    try:
        found = reader.list_topics(topic, timeout=ANSWER_TIMEOUT_S).topics[topic]
    except KafkaException as error:
        raise _unreachable(topic, error.args[0].str()) from error
    if found.error is not None:
        raise ConfigurationError(
            f"Topic {topic} cannot be read: {found.error.str()}. Topics are created when a worker"
            " or a producer first starts; check the job's name and the cluster's address."
        )
    return sorted(found.partitions)


def _read_partition(
    reader: Consumer, topic: str, partition: int, start: int | None
) -> Iterator[Message]:
    place = TopicPartition(topic, partition)
    try:
        low, high = reader.get_watermark_offsets(place, ANSWER_TIMEOUT_S)
    except KafkaException as error:
        raise _unreachable(topic, error.args[0].str()) from error
    first = low if start is None else max(low, start)
    if first >= high:
        return
    reader.assign([TopicPartition(topic, partition, first)])
    # Not by its truth: a message without a value is false.
    while (message := _poll(reader, topic)) is not None:
        yield message
        if cast("int", message.offset()) + 1 >= high:
            return


def _poll(reader: Consumer, topic: str) -> Message | None:
    """The next message; ``None`` at the end of what is committed."""
    message = reader.poll(ANSWER_TIMEOUT_S)
    if message is None:
        raise _unreachable(topic, f"nothing for {ANSWER_TIMEOUT_S:.0f} s")
    problem = message.error()
    if problem is None:
        return message
    # The end that counts is the last *stable* offset: an open transaction is not there yet.
    if problem.code() == KafkaError._PARTITION_EOF:
        return None
    raise _unreachable(topic, problem.str())


def _unreachable(topic: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Topic {topic} could not be read to its end: {why}. Check that the broker runs"
        " (`vigie broker status`) and try again."
    )
