"""One turn: a contender is started on topics of its own, warmed, measured and checked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from consumers.inference.verify import verify
from schemas.codec import decode_prediction
from schemas.errors import VigieError
from storage.images import ImageStore
from transport.broker import EmbeddedBroker
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics
from vigie.bench.path import Whole, open_between, open_path
from vigie.bench.pictures import JOB
from vigie.bench.run import meter_of
from vigie.bench.shares import BROKER, JUDGING, KAFKA, MAIN, OTHERS, Load
from vigie.invocation import Invocation
from vigie.jobs import find_model
from vigie.peers.catalogue import Contender, Peer
from vigie.peers.task import Task
from vigie.processes import Service

WARM_UP_IMAGES = 100
"""Until a contender has its partition and its model has run some dozen times on each thread."""

TURN_S = 15.0
"""A slow contender gets fewer images, so that its turn does not take minutes."""

LEAST_IMAGES = 50

START_S = 120.0
"""TensorFlow takes 10 s from its start to its first answer, and longer on a busy machine."""

POLL_S = 0.05

LATENCY_IMAGES = 60
LATENCY_RATE = 20.0
"""Images per second while latency is measured, as for the whole path."""

KEEPS_UP = 1.2
"""Latency is told of who is this much faster than the images come; else one measures a queue."""

Kafka = tuple[Cluster, EmbeddedBroker | None]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn gave.

    Attributes:
        images: that were measured.
        rate: images per second from the first to the last prediction made.
        readable_rate: from the first reference published to the last prediction readable, which
            waits for the commit behind it.
        worker_ms: processor time of the contender's process per image.
        broker_ms: of the broker; ``None`` where it is not the embedded one.
        others_cores: processor seconds per second of other programs: a quiet machine has few.
        waits_ms: from publishing to readable, at ``LATENCY_RATE``; empty for who is too slow.
        offence: the first thing about the predictions that is not "one each, in order", if any.
    """

    images: int
    rate: float
    readable_rate: float
    worker_ms: float
    broker_ms: float | None
    others_cores: float
    waits_ms: tuple[float, ...]
    offence: str | None


def affordable(rate: float, images: int) -> int:
    """How many of the images fit into a turn at this rate."""
    return min(images, max(LEAST_IMAGES, int(rate * TURN_S)))


def pace(moments: Sequence[datetime]) -> float:
    """Things per second that happened at these moments; at least two, in any order."""
    return (len(moments) - 1) / (max(moments) - min(moments)).total_seconds()


def measure(whole: Whole, work: Sequence[Path]) -> Turn:
    """Measure a contender that was just started.

    Raises:
        VigieError: it ended, or answers no more.
    """
    whole.rate(work[:WARM_UP_IMAGES])
    count = affordable(pace(_finished(whole, WARM_UP_IMAGES // 2)), len(work))
    meter = meter_of(whole)
    load = Load(meter.cores)
    readable_rate = whole.rate(work[:count], load.measuring(meter, count))
    rate = pace(_finished(whole, count))
    few = work[:LATENCY_IMAGES]
    keeps_up = rate > KEEPS_UP * LATENCY_RATE
    waits = whole.latencies(few, LATENCY_RATE) if keeps_up else []
    return Turn(
        images=count,
        rate=rate,
        readable_rate=readable_rate,
        worker_ms=sum(map(load.ms_of, (JUDGING, MAIN, KAFKA))),
        broker_ms=load.ms_of(BROKER) if whole.broker else None,
        others_cores=load.cores_of(OTHERS),
        waits_ms=tuple(waits),
        offence=_offence(whole),
    )


def _finished(whole: Whole, last: int) -> list[datetime]:
    """When the last so many predictions were made."""
    messages = read_to_end(whole.cluster, whole.topics.predictions, "vigie-bench")
    return [decode_prediction(message.value()).finished_at for message in messages][-last:]


def _offence(whole: Whole) -> str | None:
    found = verify(whole.cluster, whole.topics)
    return found.offence or (f"{found.waiting} have no prediction" if found.waiting else None)


@contextmanager
def open_contender(
    contender: Contender,
    python: Path | None,
    invocation: Invocation,
    model: str | None,
    scratch: Path,
    kafka: Kafka,
) -> Iterator[Whole]:
    """A contender that was just started; on leaving it has ended and its topics are gone.

    Args:
        contender: who.
        python: of the peer's environment; ``None`` for ours.
        invocation: whose settings count.
        model: version or folder; ``None``: the one that the settings name.
        scratch: for images and what a peer leaves.
        kafka: from ``open_kafka``.

    Raises:
        VigieError: the topics cannot be made, or the peer does not start.
    """
    if contender.peer is None or python is None:
        with open_path(invocation, JOB, scratch, kafka, model=model) as whole:
            yield whole
        return
    cluster, _ = kafka
    settings = invocation.settings
    topics = JobTopics(f"bench-{contender.peer.name}-{uuid4().hex[:8]}")
    store = ImageStore(scratch / "images", settings.storage.max_image_bytes)
    task = _task(contender, invocation, model, topics, store, cluster)
    command = _command(contender.peer, python, task)
    service = Service(contender.peer.name, command, log_folder(invocation))
    with open_between(settings, kafka, topics, store, (service,)) as whole:
        _await_ready(service, Path(task.ready))
        yield whole


def _await_ready(service: Service, ready: Path) -> None:
    deadline = time.monotonic() + START_S
    while not ready.exists():
        if ended := service.watch():
            raise VigieError(f"It does not start: {ended}")
        if time.monotonic() > deadline:
            raise VigieError(f"It has no model in memory after {START_S:.0f} s.")
        time.sleep(POLL_S)


def log_folder(invocation: Invocation) -> Path:
    """Where the peers' logs are kept, made if it is missing.

    Raises:
        VigieError: it cannot be made.
    """
    folder = invocation.settings.home / "peers" / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VigieError(f"{folder} cannot be made: {error.strerror}. Set VIGIE_HOME.") from error
    return folder


def _command(peer: Peer, python: Path, task: Task) -> list[str]:
    # -I: neither this folder nor PYTHONPATH may bring in packages of another environment.
    return [str(python), "-I", "-m", f"vigie.peers.programs.{peer.program}", task.to_json()]


def _task(
    contender: Contender,
    invocation: Invocation,
    model: str | None,
    topics: JobTopics,
    store: ImageStore,
    cluster: Cluster,
) -> Task:
    settings = invocation.settings
    weights = find_model(JOB, model or settings.inference.model, settings.home).folder
    return Task(
        bootstrap_servers=cluster.bootstrap_servers,
        images=topics.images,
        predictions=topics.predictions,
        group=topics.group,
        job=topics.job,
        store=str(store.root),
        model=str(weights.absolute()),
        scratch=str(store.root.parent),
        ready=str(store.root.parent / f"{topics.job}.ready"),
        max_image_bytes=store.max_bytes,
        max_reference_bytes=settings.inference.max_reference_bytes,
        threads=settings.inference.threads or _cores(),
        tuned=contender.tuned,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))
