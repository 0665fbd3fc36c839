"""The whole path, measured from outside: references in, committed predictions out."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import psutil
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from producers.publish import make_reference
from schemas.codec import encode_reference
from schemas.errors import ConfigurationError, VigieError
from storage.images import ImageStore
from transport.broker import EmbeddedBroker
from transport.clients import Cluster
from transport.topics import JobTopics, delete, ensure_topics
from vigie.bench.committed import Committed
from vigie.invocation import Invocation
from vigie.processes import Ended, Service, end_all
from vigie.runtime import embedded_broker, find_cluster
from vigie.settings import Settings

WORKER_GRACE_S = 10.0
MEBIBYTE = 1024 * 1024

MOST_ON_THE_WAY = 10_000
"""References handed to the client and not yet acknowledged: a tenth of what its queue takes."""

POLL_S = 0.01

FETCH_WAIT_MS = 500
"""A reader with nothing to read asks twice a second; what is committed reaches it at once."""

SOURCES_EACH = 4
"""Cameras in each partition."""

WARM_IMAGES = 300
"""One pass of warming up: below a second."""

UNMEASURED: AbstractContextManager[None] = nullcontext()

SHARED_S = 30.0
"""A group hands its partitions out in a second or two."""

Keyed = tuple[bytes, bytes]
"""A reference as it is published: its key, which is its source, and its bytes."""


@dataclass(frozen=True)
class Whole:
    """Workers on topics of their own, and both ends of their path."""

    cluster: Cluster
    topics: JobTopics
    store: ImageStore
    producer: Producer
    reader: Consumer
    workers: tuple[Service, ...]
    broker: EmbeddedBroker | None
    partitions: int = 1

    @property
    def worker(self) -> Service:
        """The first worker; mostly there is no other."""
        return self.workers[0]

    def rate(
        self, files: Sequence[Path], measured: AbstractContextManager[None] = UNMEASURED
    ) -> float:
        """Images per second, from the first reference published to the last prediction readable.

        Everything is prepared before and checked afterwards. ``measured`` is entered in between.

        Raises:
            VigieError: the predictions are not exactly as many, or a worker ended.
        """
        references = self.references(files)
        arriving = self.expect()
        with measured:
            began = time.perf_counter()
            self.publish(references)
            arriving.await_all(len(references))
            seconds = time.perf_counter() - began
        arriving.check_no_more()
        return len(files) / seconds

    def warm(self, files: Sequence[Path], seconds: float) -> None:
        """Wait until the workers answer, and keep them at work for so long."""
        end = time.monotonic() + seconds
        self.rate(files[:WARM_IMAGES])
        while time.monotonic() < end:
            self.rate(files[:WARM_IMAGES])

    def first_answer_s(self, file: Path) -> float:
        """Seconds from the start of the worker's process to its first committed prediction.

        The worker is ended first; the reference waits in the topic when it starts again.
        """
        self.worker.ask_to_end()
        self.worker.await_end(time.monotonic() + WORKER_GRACE_S)
        self.publish(self.references([file]))
        arriving = self.expect()
        began = time.perf_counter()
        self.worker.start()
        arriving.await_all(1)
        return time.perf_counter() - began

    def latencies(self, files: Sequence[Path], rate: float) -> list[float]:
        """Milliseconds from each reference's publishing to its committed prediction, in order."""
        references = self.references(files)
        published: list[float] = []

        def publish() -> None:
            began = time.perf_counter()
            for number, reference in enumerate(references):
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
                published.append(time.perf_counter())
                self.publish([reference])

        publisher = threading.Thread(target=publish)
        publisher.start()
        read = [time.perf_counter() for _ in self.expect().each(len(files))]
        publisher.join()
        return [(end - begin) * 1e3 for begin, end in zip(published, read, strict=True)]

    def references(self, files: Sequence[Path]) -> list[Keyed]:
        """One reference per file, in order; the sources take turns, as many in each partition."""
        made = {
            file: make_reference(
                self.store,
                self.topics.job,
                file.read_bytes(),
                source="bench",
                name=file.name,
                captured_at=datetime.now(UTC),
                reference_id=str(uuid4()),
            )
            for file in set(files)
        }
        sources = even_sources(self.partitions)
        return [
            (
                source.encode(),
                encode_reference(replace(made[file], source=source, reference_id=str(uuid4()))),
            )
            for number, file in enumerate(files)
            for source in [sources[number % len(sources)]]
        ]

    def publish(self, references: Sequence[Keyed]) -> None:
        """Send these in order, and return when Kafka has them."""
        for key, value in references:
            while len(self.producer) >= MOST_ON_THE_WAY:
                self.producer.poll(POLL_S)
            self.producer.produce(self.topics.images, value, key)
        self.producer.flush()

    def expect(self) -> Committed:
        """Waits for what is committed from here on."""
        return Committed(self.reader, range(self.partitions), self._watch)

    def await_shared(self) -> None:
        """Return when every worker has its partitions.

        Raises:
            VigieError: it has not within ``SHARED_S``, or a worker ended.
        """
        admin = self.cluster.admin()
        deadline = time.monotonic() + SHARED_S
        while _at_work(admin, self.topics.group) < len(self.workers):
            if ended := self._watch():
                raise VigieError(f"The measurement was given up: {ended}")
            if time.monotonic() > deadline:
                raise VigieError(f"The workers did not share the work within {SHARED_S:.0f} s.")
            time.sleep(POLL_S)

    def worker_mib(self) -> int:
        """Resident memory of the worker."""
        return _resident_mib(self.worker.pid)

    def broker_mib(self) -> int | None:
        """Resident memory of the embedded broker; ``None`` on another cluster."""
        return _resident_mib(self.broker.status().pid) if self.broker else None

    def _watch(self) -> Ended | None:
        return next((ended for worker in self.workers if (ended := worker.watch())), None)


def even_sources(partitions: int) -> list[str]:
    """Names of cameras, as many in each partition by their key; neighbours lie in different ones.

    The partition is the one that librdkafka's default gives a key: CRC-32 modulo partitions.
    """
    named = (f"camera-{number:03}" for number in count())
    places: dict[int, list[str]] = {partition: [] for partition in range(partitions)}
    while any(len(place) < SOURCES_EACH for place in places.values()):
        name = next(named)
        places[zlib.crc32(name.encode()) % partitions].append(name)
    return [names[turn] for turn in range(SOURCES_EACH) for names in places.values()]


@contextmanager
def open_whole(
    invocation: Invocation, job: str, scratch: Path, model: str | None = None
) -> Iterator[Whole]:
    """A running worker on topics of its own; on leaving it has ended and they are gone.

    Raises:
        VigieError: no broker can be started.
    """
    with (
        open_kafka(invocation.settings, scratch) as kafka,
        open_path(invocation, job, scratch, kafka, model=model) as whole,
    ):
        yield whole


@contextmanager
def open_path(
    invocation: Invocation,
    job: str,
    scratch: Path,
    kafka: tuple[Cluster, EmbeddedBroker | None],
    *,
    model: str | None = None,
    workers: int = 1,
    threads: int | None = None,
) -> Iterator[Whole]:
    """Workers on topics of their own on a broker that runs, one partition for each.

    Args:
        invocation: whose settings they have.
        job: that they serve.
        scratch: for images and logs.
        kafka: from `open_kafka`.
        model: as ``vigie infer --model``; ``None``: that of the settings.
        workers: how many, each with a slot of its own.
        threads: that judge in each; ``None``: as the settings say.
    """
    cluster, _ = kafka
    topics = JobTopics(f"bench-{uuid4().hex[:8]}")
    store = ImageStore(scratch / "images", invocation.settings.storage.max_image_bytes)
    logs = scratch / topics.job
    logs.mkdir()
    more = [f"inference.threads={threads}"] if threads else []
    services = tuple(
        Service(
            f"worker-{slot}",
            worker_command(
                invocation,
                job,
                cluster,
                topics,
                store,
                model=model,
                options=(f"kafka.topics.partitions={workers}", *more, f"inference.slot={slot}"),
            ),
            logs,
        )
        for slot in range(workers)
    )
    with open_between(invocation.settings, kafka, topics, store, services, workers) as whole:
        yield whole


@contextmanager
def open_between(
    settings: Settings,
    kafka: tuple[Cluster, EmbeddedBroker | None],
    topics: JobTopics,
    store: ImageStore,
    services: tuple[Service, ...],
    partitions: int = 1,
) -> Iterator[Whole]:
    """Start these services between new topics; on leaving they have ended and the topics are gone.

    Args:
        settings: of the topics.
        kafka: from `open_kafka`.
        topics: that are made.
        store: where the references' images go.
        services: that answer, not yet started.
        partitions: of each topic.
    """
    cluster, broker = kafka
    admin = cluster.admin()
    wanted = settings.kafka.topics.model_copy(update={"partitions": partitions})
    ensure_topics(admin, topics, wanted)
    reader = cluster.reader("vigie-bench", {"fetch.wait.max.ms": FETCH_WAIT_MS})
    try:
        for service in services:
            service.start()
        reader.assign(
            [TopicPartition(topics.predictions, number, 0) for number in range(partitions)]
        )
        producer = cluster.producer("vigie-bench")
        yield Whole(cluster, topics, store, producer, reader, services, broker, partitions)
    finally:
        reader.close()
        end_all(services, WORKER_GRACE_S)
        delete(admin, topics.all(), WORKER_GRACE_S)


def worker_command(
    invocation: Invocation,
    job: str,
    cluster: Cluster,
    topics: JobTopics,
    store: ImageStore,
    *,
    model: str | None = None,
    options: Sequence[str],
) -> list[str]:
    """The command line of a worker on topics of its own, beside those that may run already."""
    words = ["infer", job, "--topics", topics.job, *(["--model", model] if model else [])]
    own = (
        f"kafka.bootstrap_servers={cluster.bootstrap_servers}",
        f"storage.images={store.root}",
        # The set port is a live worker's.
        *(["metrics.port=0"] if invocation.settings.metrics.port else []),
    )
    return invocation.command(*words, options=(*own, *options))


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


def _at_work(admin: AdminClient, group: str) -> int:
    """How many members of a group have partitions.

    An assignment begins with its version (two bytes) and the number of topics (four bytes), says
    Kafka's ``ConsumerProtocolAssignment``.
    """
    # Not the newer call, which can end the process (librdkafka's issue 4605).
    try:
        groups = admin.list_groups(group, SHARED_S)
    except KafkaException:  # a group that nobody has joined yet has no coordinator
        return 0
    return sum(
        int.from_bytes((member.assignment or b"")[2:6], "big") > 0
        for found in groups
        for member in found.members
    )


def _resident_mib(pid: int | None) -> int:
    return round(psutil.Process(pid).memory_info().rss / MEBIBYTE)
