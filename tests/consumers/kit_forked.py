"""Workers forked from a process that has imported everything: there in a tenth of a second.

What proofs by the hundred need; and a worker that ends, or waits, at a marked place of its work.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import structlog
from confluent_kafka import Producer, TopicPartition

from consumers.inference import lane
from consumers.inference.service import run_worker
from consumers.inference.settings import InferenceSettings
from consumers.inference.verify import verify
from schemas.errors import VigieError
from schemas.events import Prediction
from tests.consumers.kit import Place, StubClassifier
from tests.forking import SERVER
from transport.clients import Cluster
from transport.dead_letters import read_dead_letters

CRASHED = 70
"""What a worker leaves with that ended itself at its marked place."""

PATIENCE_S = 60.0

PLACES = (
    "begun",
    "produced",
    "dead letter produced",
    "flushed",
    "before offsets",
    "after offsets",
    "before commit",
    "after commit",
)
"""Of each transaction, in their order."""


def crash() -> None:
    """End as if killed."""
    os._exit(CRASHED)


@dataclass(frozen=True)
class Tell:
    """Say that the place is reached, and go on; or wait there to be killed."""

    reached: Any  # an event of SERVER
    wait_s: float = 0

    def __call__(self) -> None:
        self.reached.set()
        time.sleep(self.wait_s)


@dataclass(frozen=True)
class Mark:
    """A place of the work, and what happens when it is passed for the ``at``-th time."""

    place: str
    at: int = 1
    act: Callable[[], None] = crash


class MarkedProducer:
    """A transactional producer that passes the places of each transaction, and "opened" before."""

    def __init__(self, producer: Producer, mark: Mark) -> None:
        self._producer = producer
        self._mark = mark
        self._passed = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._producer, name)

    def init_transactions(self, timeout: float) -> None:
        self._producer.init_transactions(timeout)
        self._pass("opened")

    def begin_transaction(self) -> None:
        self._producer.begin_transaction()
        self._pass("begun")

    def produce(self, topic: str, *given: Any, **more: Any) -> None:
        self._producer.produce(topic, *given, **more)
        self._pass("dead letter produced" if topic.endswith("dead-letters") else "produced")

    def send_offsets_to_transaction(self, *given: Any) -> None:
        self._pass("before offsets")
        self._pass("flushed", flushed=True)
        self._producer.send_offsets_to_transaction(*given)
        self._pass("after offsets")

    def commit_transaction(self, timeout: float) -> None:
        self._pass("before commit", flushed=True)
        self._producer.commit_transaction(timeout)
        self._pass("after commit")

    def _pass(self, place: str, *, flushed: bool = False) -> None:
        if place != self._mark.place:
            return
        self._passed += 1
        if self._passed == self._mark.at:
            if flushed:
                self._producer.flush()
            self._mark.act()


@dataclass(frozen=True)
class MarkedCluster(Cluster):
    """Its transactional producers have a marked place."""

    mark: Mark | None = None

    def transactional_producer(self, transactional_id: str) -> Producer:
        producer = Cluster.transactional_producer(self, transactional_id)
        return cast("Producer", MarkedProducer(producer, self.mark)) if self.mark else producer


class ForkedWorker:
    """A worker with the stub model, in a process of its own."""

    def __init__(
        self,
        place: Place,
        mark: Mark | None = None,
        commit_deadline_s: float | None = None,
        **settings: object,
    ) -> None:
        self._listens = SERVER.Event()
        given = (place, self._listens, mark, commit_deadline_s, {"threads": 2} | settings)
        self.process = SERVER.Process(target=_work, args=given)
        self.process.start()
        assert self._listens.wait(PATIENCE_S), "the worker's process did not begin"

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """The exit code of a worker that leaves."""
        self.process.join(timeout)
        assert self.process.exitcode is not None, f"the worker still runs after {timeout} s"
        return self.process.exitcode


def _work(
    place: Place,
    listens: Any,
    mark: Mark | None,
    commit_deadline_s: float | None,
    settings: dict[str, Any],
) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if commit_deadline_s is not None:
        lane.COMMIT_DEADLINE_S = commit_deadline_s
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    listens.set()
    code = 0
    try:
        run_worker(
            MarkedCluster(place.cluster.bootstrap_servers, mark=mark),
            place.store,
            place.topics,
            StubClassifier,
            InferenceSettings(**settings),
            place.settings,
            stop,
        )
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    sys.stderr.flush()
    os._exit(code)  # like a killed worker, it need not tidy up for the test to hold


@contextmanager
def forked(place: Place, mark: Mark | None = None, **more: Any) -> Iterator[ForkedWorker]:
    worker = ForkedWorker(place, mark, **more)
    try:
        yield worker
    finally:
        worker.kill()


def assert_exact(place: Place, found: list[Prediction], failing: list[int] | None = None) -> None:
    """One prediction per reference, as lists; one dead letter per failure; nothing left open."""
    total = len(found)
    assert [one.reference_id for one in found] == [f"r{number}" for number in range(total)]
    assert [one.source_offset for one in found] == list(range(total))
    letters = [one.source_offset for one in read_dead_letters(place.cluster, place.topics)]
    assert letters == (failing or [])
    checked = verify(place.cluster, place.topics)
    assert (checked.offence, checked.references, checked.predictions) == (None, total, total)
    assert committed_offset(place) == total
    assert open_transactions(place) == []


def committed_offset(place: Place) -> int:
    """Where the job's group goes on."""
    member = place.cluster.reader("test-committed", {"group.id": place.topics.group})
    try:
        [found] = member.committed([TopicPartition(place.topics.images, 0)], PATIENCE_S)
    finally:
        member.close()
    return found.offset


def open_transactions(place: Place) -> list[str]:
    """The outputs that end later than what committed readers are given."""
    names = [place.topics.predictions, place.topics.dead_letters]
    ends = [
        {name: _end(place, name, isolation) for name in names}
        for isolation in ("read_committed", "read_uncommitted")
    ]
    return [name for name in names if ends[0][name] != ends[1][name]]


def _end(place: Place, topic: str, isolation: str) -> int:
    reader = place.cluster.reader("test-ends", {"isolation.level": isolation})
    try:
        return int(reader.get_watermark_offsets(TopicPartition(topic, 0), PATIENCE_S)[1])
    finally:
        reader.close()
