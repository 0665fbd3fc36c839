"""Kafka clients with the settings each role needs. The constants have their reasons beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

TRANSACTION_TIMEOUT_MS = 30_000
"""The broker aborts a transaction left open this long. Twice the longest commit ever seen under
load; longer would keep readers of a dead worker's partition waiting."""

MESSAGE_TIMEOUT_MS = 25_000
"""Below the transaction's: a message that cannot be written fails while we can still abort."""

RETRY_BACKOFF_MS = 10
"""A transaction begun right after a commit meets CONCURRENT_TRANSACTIONS and waits this long; the
default of 100 made back-to-back transactions take 34 ms instead of 5."""

TRANSACTIONAL_LINGER_MS = 1000
"""A commit flushes, so lingering adds no wait; with 5 ms every image was a Produce request of its
own and the broker took four times the processor."""

SESSION_TIMEOUT_MS = 10_000
"""How long a silent member keeps its partitions. A restarted one with the same instance id does
not wait for it."""

HEARTBEAT_MS = 2_000
"""A fifth of the session, so that four lost heartbeats do not cost the membership."""

QUEUED_MESSAGES = 2_000
"""Bound of the consumer's prefetch queue, in messages: a few seconds of work, a few hundred kB."""

LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
"""Above every topic's limit, so that the topic decides and not the client's default of 1 MB."""

QUEUED_KIB = 16 * 1024
"""Bound of the same queue in size: oversized messages must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where Kafka is and how to log in. Makes every client of the project.

    Attributes:
        bootstrap_servers: ``host:port`` addresses, comma-separated.
        client: librdkafka properties for every client (security and the like).
    """

    bootstrap_servers: str
    client: dict[str, str] = field(default_factory=dict)

    def _base(self, client_id: str) -> dict[str, str | int | float | bool]:
        return {
            # Errors only: its warnings are of the kind "coordinator loads, retrying".
            "log_level": 3,
            **self.client,
            "bootstrap.servers": self.bootstrap_servers,
            "client.id": client_id,
            # Reconnect quickly: the embedded broker restarts in seconds.
            "reconnect.backoff.max.ms": 1000,
            # By default a client forgets every broker when one that has just come back (a machine
            # that slept, a killed broker) names none yet, and may then wait for ever. So it keeps
            # those it knows.
            "metadata.recovery.strategy": "none",
        }

    def admin(self, client_id: str = "vigie-admin") -> AdminClient:
        """A client that creates and describes topics."""
        return AdminClient(self._base(client_id))

    def producer(self, client_id: str) -> Producer:
        """An idempotent producer: order kept and nothing doubled by its retries."""
        return Producer(
            self._base(client_id)
            | {
                "enable.idempotence": True,
                "message.timeout.ms": MESSAGE_TIMEOUT_MS,
                "message.max.bytes": LARGEST_MESSAGE_BYTES,
                "linger.ms": 5,
            }
        )

    def transactional_producer(self, transactional_id: str) -> Producer:
        """A producer whose messages count only when their transaction commits.

        ``transactional_id`` is stable over restarts, so that a new owner fences the old one.
        """
        return Producer(
            self._base(transactional_id)
            | {
                "transactional.id": transactional_id,
                "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
                "message.timeout.ms": MESSAGE_TIMEOUT_MS,
                "linger.ms": TRANSACTIONAL_LINGER_MS,
                "retry.backoff.ms": RETRY_BACKOFF_MS,
                "message.max.bytes": LARGEST_MESSAGE_BYTES,
            }
        )

    def group_consumer(self, group: str, instance: str) -> Consumer:
        """A static member of a group that reads committed events and commits nothing by itself."""
        return Consumer(
            self._base(instance)
            | {
                "group.id": group,
                "group.instance.id": instance,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": SESSION_TIMEOUT_MS,
                "heartbeat.interval.ms": HEARTBEAT_MS,
                "queued.min.messages": QUEUED_MESSAGES,
                "queued.max.messages.kbytes": QUEUED_KIB,
                "fetch.wait.max.ms": 100,  # an idle worker notices a new image at once either way
            }
        )

    def reader(self, client_id: str, more: Mapping[str, int | str] | None = None) -> Consumer:
        """A reader of committed events that joins no group and leaves no trace by itself.

        Assign it partitions by hand; it reports the end of each (``enable.partition.eof``).
        ``more`` are properties of its own, where the usual ones are not right.
        """
        return Consumer(
            self._base(client_id)
            | {
                "group.id": client_id,  # required by the library; never joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": QUEUED_KIB,
                "fetch.wait.max.ms": 100,
            }
            | dict(more or {})
        )
