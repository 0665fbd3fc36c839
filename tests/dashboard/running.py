"""A page that runs beside the test: started, killed, started again on the same port."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Message, Producer

from schemas.codec import encode_prediction
from schemas.events import Prediction
from tests.dashboard.page_process import run as run_page
from tests.forking import SERVER
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics

PATIENCE_S = 30.0  # on a machine that trains a model meanwhile
HISTORY = 250_000  # events: as a page remembers that nobody sets
ENDS_WITHIN_S = 3.0  # as the page promises: 0.5 s, 2 s without Kafka


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PageProcess:
    """The dashboard as a process of its own."""

    def __init__(
        self,
        cluster: Cluster,
        store: Path,
        job: str,
        history: int = HISTORY,
        home: Path | None = None,
    ) -> None:
        self.port = free_port()
        plain = Cluster(cluster.bootstrap_servers)
        self._given = (plain, store, job, self.port, history, home)
        self.start()

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        telling, told = SERVER.Pipe(duplex=False)
        self.process = SERVER.Process(target=run_page, args=(*self._given, told))
        self.process.start()
        told.close()
        with telling:
            telling.recv()  # EOFError: the page ended before it told its link

    def end(self, how: signal.Signals) -> float:
        """Send the signal and wait; gives the seconds that it took."""
        began = time.monotonic()
        assert self.process.pid is not None
        os.kill(self.process.pid, how)
        self.process.join(PATIENCE_S)
        assert self.process.exitcode is not None, f"the page still runs after {PATIENCE_S:.0f} s"
        return time.monotonic() - began


@contextmanager
def page_process(
    cluster: Cluster, store: Path, job: str, history: int = HISTORY, home: Path | None = None
) -> Iterator[PageProcess]:
    page = PageProcess(cluster, store, job, history, home)
    try:
        yield page
    finally:
        if page.process.is_alive():
            page.end(signal.SIGKILL)


def publish(
    cluster: Cluster,
    job: str,
    predictions: Iterable[Prediction | bytes],
    *,
    one_by_one: bool = False,
) -> None:
    """Write events to the job's predictions in one transaction, or in one each."""
    write(start_producer(cluster, f"test-{job}"), job, predictions, one_by_one=one_by_one)


def start_producer(cluster: Cluster, transactional_id: str) -> Producer:
    """A producer that is ready for its first transaction."""
    producer = cluster.transactional_producer(transactional_id)
    producer.init_transactions(PATIENCE_S)
    return producer


def write(
    producer: Producer,
    job: str,
    predictions: Iterable[Prediction | bytes],
    *,
    one_by_one: bool = False,
) -> None:
    """As `publish`, by a producer that goes on."""
    topic = JobTopics(job).predictions
    made = [
        event if isinstance(event, bytes) else encode_prediction(event) for event in predictions
    ]
    for group in [[event] for event in made] if one_by_one else [made]:
        producer.begin_transaction()
        for event in group:
            producer.produce(topic, event)
        producer.commit_transaction(PATIENCE_S)


def read_events(cluster: Cluster, job: str, count: int) -> list[Message]:
    """The messages of the job's predictions, once so many are there.

    A commit returns before readers of committed events are given what it committed.
    """
    messages: list[Message] = []

    def is_all() -> bool:
        messages[:] = read_to_end(cluster, JobTopics(job).predictions, f"test-read-{job}")
        return len(messages) >= count

    wait_until(is_all, what=f"{count} events are in the topic")
    return messages
