"""The whole path, measured from outside: references in, committed predictions out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psutil
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from producers.publish import make_reference
from schemas.codec import encode_reference
from schemas.errors import ConfigurationError, VigieError
from storage.images import ImageStore
from transport.broker import EmbeddedBroker
from transport.clients import Cluster
from transport.topics import JobTopics, ensure_topics
from vigie.invocation import Invocation
from vigie.processes import Service
from vigie.runtime import embedded_broker, find_cluster
from vigie.settings import Settings

SILENCE_S = 30.0
"""A path that answers nothing for this long does not work; a start takes 2 s."""

WORKER_GRACE_S = 10.0
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Whole:
    """A worker on topics of its own, and both ends of its path."""

    topics: JobTopics
    store: ImageStore
    producer: Producer
    reader: Consumer
    worker: Service
    broker: EmbeddedBroker | None

    def rate(self, files: Sequence[Path]) -> float:
        """Images per second, from the first reference published to the last prediction read."""
        references = self._references(files)
        began = time.perf_counter()
        for reference in references:
            self.producer.produce(self.topics.images, reference)
        self.producer.flush()
        for _ in self._arrivals(len(files)):
            pass
        return len(files) / (time.perf_counter() - began)

    def latencies(self, files: Sequence[Path], rate: float) -> list[float]:
        """Milliseconds from each reference's publishing to its committed prediction, in order."""
        references = self._references(files)
        published: list[float] = []

        def publish() -> None:
            began = time.perf_counter()
            for number, reference in enumerate(references):
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
                published.append(time.perf_counter())
                self.producer.produce(self.topics.images, reference)
                self.producer.flush()

        publisher = threading.Thread(target=publish)
        publisher.start()
        read = [time.perf_counter() for _ in self._arrivals(len(files))]
        publisher.join()
        return [(end - begin) * 1e3 for begin, end in zip(published, read, strict=True)]

    def worker_mib(self) -> int:
        """Resident memory of the worker."""
        return _resident_mib(self.worker.pid)

    def broker_mib(self) -> int | None:
        """Resident memory of the embedded broker; ``None`` on another cluster."""
        return _resident_mib(self.broker.status().pid) if self.broker else None

    def _references(self, files: Sequence[Path]) -> list[bytes]:
        return [
            encode_reference(
                make_reference(
                    self.store,
                    self.topics.job,
                    file.read_bytes(),
                    source="bench",
                    name=file.name,
                    captured_at=datetime.now(UTC),
                    reference_id=str(uuid4()),
                )
            )
            for file in files
        ]

    def _arrivals(self, expected: int) -> Iterator[None]:
        """One item per committed prediction, as it becomes readable.

        Raises:
            VigieError: none arrives any more, or the worker ended.
        """
        heard = time.monotonic()
        while expected:
            if ended := self.worker.watch():
                raise VigieError(f"The measurement was given up: {ended}")
            message = self.reader.poll(0.2)
            problem = message.error() if message is not None else None
            if message is not None and problem is None:
                expected -= 1
                heard = time.monotonic()
                yield
            elif problem is not None and problem.code() != KafkaError._PARTITION_EOF:
                raise VigieError(f"The predictions cannot be read: {problem.str()}")
            elif time.monotonic() - heard > SILENCE_S:
                raise VigieError(
                    f"No prediction arrived for {SILENCE_S:.0f} s: is Kafka overloaded?"
                )


@contextmanager
def open_whole(invocation: Invocation, job: str, scratch: Path) -> Iterator[Whole]:
    """A running worker on topics of its own; on leaving it has ended and they are gone.

    Raises:
        VigieError: no broker can be started.
    """
    settings = invocation.settings
    topics = JobTopics(f"bench-{uuid4().hex[:8]}")
    store = ImageStore(scratch / "images", settings.storage.max_image_bytes)
    with open_kafka(settings, scratch) as (cluster, broker):
        admin = cluster.admin()
        ensure_topics(admin, topics, settings.kafka.topics.model_copy(update={"partitions": 1}))
        options = (
            f"kafka.bootstrap_servers={cluster.bootstrap_servers}",
            "kafka.topics.partitions=1",
            f"storage.images={store.root}",
        )
        command = invocation.command("infer", job, "--topics", topics.job, options=options)
        worker = Service("worker", command, scratch)
        worker.start()
        reader = cluster.reader("vigie-bench")
        try:
            reader.assign([TopicPartition(topics.predictions, 0, 0)])
            yield Whole(topics, store, cluster.producer("vigie-bench"), reader, worker, broker)
        finally:
            reader.close()
            worker.ask_to_end()
            worker.await_end(time.monotonic() + WORKER_GRACE_S)
            for deleted in admin.delete_topics(list(topics.all())).values():
                deleted.result(WORKER_GRACE_S)


@contextmanager
def open_kafka(
    settings: Settings, scratch: Path
) -> Iterator[tuple[Cluster, EmbeddedBroker | None]]:
    """The cluster of the settings or the running embedded broker, else a broker of our own."""
    try:
        cluster = find_cluster(settings)
    except ConfigurationError:
        broker = EmbeddedBroker(scratch, settings.kafka.broker.model_copy(update={"port": 0}))
        try:
            # A broker that is stopped under its clients would have each of them complain.
            yield Cluster(broker.start().bootstrap_servers, {"log_level": "0"}), broker
        finally:
            broker.stop()
    else:
        embedded = None if settings.kafka.bootstrap_servers else embedded_broker(settings)
        yield cluster, embedded


def _resident_mib(pid: int | None) -> int:
    return round(psutil.Process(pid).memory_info().rss / MEBIBYTE)
