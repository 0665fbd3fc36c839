"""A page that runs beside the test: started, killed, started again on the same port."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from schemas.codec import encode_prediction
from schemas.events import Prediction
from transport.clients import Cluster
from transport.topics import JobTopics

PATIENCE_S = 30.0  # on a machine that trains a model meanwhile


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PageProcess:
    """The dashboard as a process of its own."""

    def __init__(self, cluster: Cluster, store: Path, job: str) -> None:
        self.port = free_port()
        self._words = [cluster.bootstrap_servers, str(store), job, str(self.port)]
        self.start()

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.dashboard.page_process", *self._words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout or ()
        if not any(line.startswith("http://127.0.0.1") for line in said):
            self.end(signal.SIGKILL)
            raise AssertionError("the page ended before it told its link")

    def end(self, how: signal.Signals) -> float:
        """Send the signal and wait; gives the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)
        if self.process.stdout:
            self.process.stdout.close()
        return time.monotonic() - began


@contextmanager
def page_process(cluster: Cluster, store: Path, job: str) -> Iterator[PageProcess]:
    page = PageProcess(cluster, store, job)
    try:
        yield page
    finally:
        if page.process.poll() is None:
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


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)
