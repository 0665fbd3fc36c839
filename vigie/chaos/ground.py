"""Topics, group, images and a worker of one's own, of which nothing is left afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from storage.images import ImageStore
from transport.broker import EmbeddedBroker
from transport.clients import SESSION_TIMEOUT_MS, Cluster
from transport.topics import JobTopics, ensure_topics
from vigie.bench.path import open_kafka, worker_command
from vigie.chaos.plan import Owner, Plan, plan
from vigie.invocation import Invocation
from vigie.processes import Service

JOB = "driver"

LOG = "chaos-worker"
LOG_FILE = f"{LOG}.log"
"""In the log folder: it is kept, as it says why something went wrong."""

WORKER_GRACE_S = 12.0
"""A worker that is told to end does so within 10 s."""

DELETE_S = 30.0
"""A broker that was killed a moment ago is back by then."""

GROUP_S = SESSION_TIMEOUT_MS / 1000 + 5
"""A static member counts as one until its session has ended; a group with members stays."""

AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Ground:
    """Where it happens."""

    cluster: Cluster
    broker: EmbeddedBroker | None
    plan: Plan
    topics: JobTopics
    store: ImageStore
    worker: Service


@contextmanager
def open_ground(
    invocation: Invocation, scratch: Path, tell: Callable[[str], None], *, allowed: bool
) -> Iterator[Ground]:
    """A worker, not yet started, on topics of its own; on leaving it has ended and they are gone.

    Args:
        invocation: says which Kafka; without one that runs, a broker is started in ``scratch``.
        scratch: an empty folder.
        tell: told what could not be cleared away.
        allowed: whether a broker that others may use is killed too.

    Raises:
        UsageError: that is wanted where it cannot be done.
        VigieError: no broker can be started, or the topics cannot be created.
    """
    settings = invocation.settings
    topics = JobTopics(f"chaos-{uuid4().hex[:8]}")
    store = ImageStore(scratch / "images", settings.storage.max_image_bytes)
    with open_kafka(settings, scratch) as (found, broker):
        # Every client complains of a broker that is killed: here that is no news.
        cluster = replace(found, client={**found.client, "log_level": "0"})
        owner = owner_of(broker, scratch)
        chosen = plan(owner, allowed=allowed)
        settings.logs.mkdir(parents=True, exist_ok=True)
        command = worker_command(
            invocation, JOB, cluster, topics, store, options=("kafka.topics.partitions=1",)
        )
        worker = Service(LOG, command, settings.logs)
        try:
            ensure_topics(
                cluster.admin(), topics, settings.kafka.topics.model_copy(update={"partitions": 1})
            )
            yield Ground(cluster, broker, chosen, topics, store, worker)
        finally:
            worker.ask_to_end()
            worker.await_end(time.monotonic() + WORKER_GRACE_S)
            if owner is not Owner.OURS:  # ours goes with all that is in it
                _clear_away(cluster.admin(), topics, tell)


def owner_of(broker: EmbeddedBroker | None, scratch: Path) -> Owner:
    """Whose broker this is; ``None`` is another cluster."""
    if broker is None:
        return Owner.FOREIGN
    return Owner.OURS if broker.layout.home == scratch.absolute() else Owner.HOME


def _clear_away(admin: AdminClient, topics: JobTopics, tell: Callable[[str], None]) -> None:
    try:
        for deleted in admin.delete_topics(list(topics.all()), request_timeout=DELETE_S).values():
            deleted.result(DELETE_S)
        _delete_group(admin, topics.group)
    except KafkaException as error:
        names = ", ".join((*topics.all(), topics.group))
        tell(f"Not all of these could be deleted: {names}: {error.args[0].str()}.")


def _delete_group(admin: AdminClient, group: str) -> None:
    deadline = time.monotonic() + GROUP_S
    while True:
        try:
            admin.delete_consumer_groups([group], request_timeout=DELETE_S)[group].result(DELETE_S)
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.GROUP_ID_NOT_FOUND:
                return
            if code != KafkaError.NON_EMPTY_GROUP or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)
        else:
            return
