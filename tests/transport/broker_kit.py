"""What the tests of the embedded broker share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.requirements import missing
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.broker.errors import JarError
from transport.broker.jars import ensure_jars, maven_fetch
from transport.broker.layout import jar_folder
from transport.broker.readiness import answers

TOPIC = "kept"


def require_jars() -> tuple[Path, ...]:
    """The broker's verified jars; fetched when they are not there yet."""
    try:
        return ensure_jars(jar_folder(BrokerSettings()), maven_fetch())
    except JarError as error:
        missing(str(error))


@contextmanager
def stopped_at_the_end(broker: EmbeddedBroker) -> Iterator[EmbeddedBroker]:
    """Whatever a test does with this broker, nothing of it is left."""
    try:
        yield broker
    finally:
        broker.stop()


def gone(pid: int) -> bool:
    """Whether this process has ended (a zombie has: only nobody asked for its exit code)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def answering(broker: EmbeddedBroker) -> bool:
    status = broker.status()
    return status.bootstrap_servers is not None and answers(status.bootstrap_servers)


def write_records(bootstrap_servers: str, count: int) -> None:
    """Make the topic `kept` with the records 0..count-1, all acknowledged."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result(10)
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    for number in range(count):
        producer.produce(TOPIC, str(number).encode())
    assert producer.flush(10) == 0


def read_records(bootstrap_servers: str, count: int) -> list[int]:
    """The first `count` records of the topic `kept`."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "reader"})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    messages = consumer.consume(count, 10)
    consumer.close()
    return [int(message.value() or b"-1") for message in messages]
