"""Whether a broker answers."""

from __future__ import annotations

import socket

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

CONNECT_TIMEOUT_S = 0.5  # loopback: a connection is made at once or refused at once
METADATA_TIMEOUT_S = 1.0


def answers(bootstrap_servers: str) -> bool:
    """Whether the broker at `host:port` lists itself in its own metadata now."""
    host, port = bootstrap_servers.rsplit(":", 1)
    try:
        # librdkafka would log a refused connection and wait before the next one.
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    try:
        return bool(client.list_topics(timeout=METADATA_TIMEOUT_S).brokers)
    except KafkaException:
        return False
