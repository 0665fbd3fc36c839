"""Reading a topic from one place to its present end, committed messages only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.errors import ConfigurationError
from transport.clients import Cluster

ANSWER_TIMEOUT_S = 10.0
"""A partition that says nothing for this long, neither a message nor its end, is unreachable."""


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
    while True:
        message = reader.poll(ANSWER_TIMEOUT_S)
        if message is None:
            raise _unreachable(topic, f"nothing for {ANSWER_TIMEOUT_S:.0f} s")
        problem = message.error()
        if problem is not None:
            # The end that counts is the last *stable* offset: an open transaction is not there yet.
            if problem.code() == KafkaError._PARTITION_EOF:
                return
            raise _unreachable(topic, problem.str())
        yield message
        if cast("int", message.offset()) + 1 >= high:
            return


def _unreachable(topic: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Topic {topic} could not be read to its end: {why}. Check that the broker runs"
        " (`vigie broker status`) and try again."
    )
