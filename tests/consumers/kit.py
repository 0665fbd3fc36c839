"""Parts for worker tests: a model that costs nothing, image references, a worker as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from consumers.inference.service import run_worker
from consumers.inference.settings import InferenceSettings
from model.classifier import Classifier
from schemas.codec import decode_prediction, encode_reference
from schemas.errors import VigieError
from schemas.events import (
    Classification,
    Failure,
    FailureReason,
    HeatGrids,
    ImageReference,
    Prediction,
    Timings,
)
from storage.images import ImageStore
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

ROOT = Path(__file__).resolve().parents[2]
SEEN = Classification(
    label=4,
    behaviour="phone-left",
    confidence=0.9,
    is_infraction=True,
    abstained=False,
    probabilities=(0.1, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0),
    heat=HeatGrids(1, 2, (1.0,) * 10, bytes(range(20))),
)


class StubClassifier:
    """Says the same of every image; how long it takes and whether it breaks stands in the image."""

    model_version = "stub-000000000000"
    model_sha256 = "0" * 64

    def classify_all(
        self, images: Sequence[bytes]
    ) -> list[tuple[Classification | Failure, Timings]]:
        return [self._classify(image) for image in images]

    def _classify(self, data: bytes) -> tuple[Classification | Failure, Timings]:
        word, _, rest = data.partition(b" ")
        if word == b"slow":
            time.sleep(float(rest.split()[0]) / 1e3)
        if word == b"broken":
            raise ZeroDivisionError("the model tripped")
        if word == b"refused":
            return Failure(FailureReason.IMAGE_TRUNCATED, "The image ends early."), Timings()
        return SEEN, Timings(0, 0.1, 0.2)


@dataclass(frozen=True)
class Place:
    """A job of its own on the test's Kafka, with its store."""

    cluster: Cluster
    topics: JobTopics
    store: ImageStore
    settings: TopicSettings = field(default_factory=TopicSettings)

    def reference(self, number: int, data: bytes | None = None, **changes: object) -> bytes:
        """An encoded reference to an image that is in the store."""
        stored = self.store.put(data if data is not None else f"image {number}".encode())
        fields = {
            "reference_id": f"r{number}",
            "job": self.topics.job,
            "source": "cabin-01",
            "path": stored.path,
            "sha256": stored.sha256,
            "size_bytes": stored.size_bytes,
            "name": f"{number}.jpg",
            "captured_at": datetime(2026, 11, 21, tzinfo=UTC),
        }
        return encode_reference(ImageReference(**(fields | changes)))

    def publish(
        self, messages: list[bytes], producer_id: str = "test", key: bytes = b"cabin-01"
    ) -> None:
        producer = self.cluster.producer(producer_id)
        for message in messages:
            producer.produce(self.topics.images, message, key=key)
            producer.poll(0)
        assert producer.flush(30) == 0

    def predictions(self, count: int, timeout: float = 60) -> list[Prediction]:
        """The first ``count`` committed predictions, as a read_committed reader sees them."""
        reader = CommittedReader(self)
        reader.start(count)
        return reader.wait(timeout)


class CommittedReader:
    """Follows a topic of predictions from its beginning, on a thread of its own."""

    def __init__(self, place: Place, topic: str | None = None) -> None:
        self._place = place
        self._topic = topic or place.topics.predictions
        self._seen: list[Prediction] = []
        self.longest_pause_s = 0.0  # between two predictions
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, count: int) -> None:
        self._thread = threading.Thread(target=self._follow, args=(count,), daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        return len(self._seen)

    def wait(self, timeout: float) -> list[Prediction]:
        """What was seen when ``count`` were there; fails when they do not come."""
        assert self._thread is not None
        self._thread.join(timeout)
        self._stop.set()
        assert not self._thread.is_alive(), f"only {len(self._seen)} predictions in {timeout} s"
        return self._seen

    def _follow(self, count: int) -> None:
        from confluent_kafka import TopicPartition

        reader = self._place.cluster.reader("test-reader")
        partitions = range(self._place.settings.partitions)
        reader.assign([TopicPartition(self._topic, number, 0) for number in partitions])
        heard: float | None = None
        while len(self._seen) < count and not self._stop.is_set():
            message = reader.poll(0.1)
            if message is not None and message.error() is None:
                now = time.monotonic()
                self.longest_pause_s = max(self.longest_pause_s, now - (heard or now))
                heard = now
                self._seen.append(decode_prediction(message.value()))
        reader.close()


def make_place(bootstrap_servers: str, job: str, root: Path, partitions: int = 1) -> Place:
    place = Place(
        Cluster(bootstrap_servers),
        JobTopics(job),
        ImageStore(root, 20_000_000),
        TopicSettings(partitions=partitions),
    )
    ensure_topics(place.cluster.admin(), place.topics, place.settings)
    return place


class WorkerProcess:
    """A worker in a process of its own, to be killed; with the stub model or the real one."""

    def __init__(self, place: Place, *, real_model: bool = False, **settings: object) -> None:
        arguments = {
            "bootstrap_servers": place.cluster.bootstrap_servers,
            "job": place.topics.job,
            "root": str(place.store.root),
            "partitions": place.settings.partitions,
            "real_model": real_model,
            "settings": {"threads": 2} | settings,
        }
        # A file: a worker that says much would wait for somebody to read from a pipe.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see kill
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.consumers.kit", json.dumps(arguments)],
            cwd=ROOT,
            stderr=self._errors,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._errors.close()

    def terminate(self, timeout: float = 10) -> tuple[int, str]:
        """SIGTERM; the exit code and what stood on stderr."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float = 60) -> tuple[int, str]:
        """The exit code and stderr of a worker that leaves by itself."""
        code = self.process.wait(timeout)
        self._errors.seek(0)
        return code, self._errors.read()


@contextmanager
def running(
    place: Place, *, real_model: bool = False, **settings: object
) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(place, real_model=real_model, **settings)
    try:
        yield worker
    finally:
        worker.kill()


def main() -> int:
    """The worker process itself."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = json.loads(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        run_worker(
            Cluster(given["bootstrap_servers"]),
            ImageStore(Path(given["root"]), 20_000_000),
            JobTopics(given["job"]),
            Classifier.load if given["real_model"] else StubClassifier,
            InferenceSettings(**given["settings"]),
            TopicSettings(partitions=given["partitions"]),
            stop,
        )
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    # Not sys.exit: like a killed worker, the interpreter need not tidy up for the test to hold.
    code = main()
    sys.stderr.flush()
    os._exit(code)
