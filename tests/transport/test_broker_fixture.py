from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from transport.broker import Running

pytestmark = pytest.mark.kafka


def test_a_committed_transaction_is_read_back(
    kafka: Running, topic_name: Callable[[str], str]
) -> None:
    topic = topic_name("transaction")
    address: dict[str, str | int | float | bool] = {"bootstrap.servers": kafka.bootstrap_servers}
    admin = AdminClient(address)
    admin.create_topics([NewTopic(topic, 1)])[topic].result(10)
    producer = Producer({**address, "transactional.id": topic})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(topic, b"one")
    producer.commit_transaction(10)

    consumer = Consumer({**address, "group.id": topic, "isolation.level": "read_committed"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(10)
    consumer.close()

    assert message is not None
    assert message.value() == b"one"
