"""The worker's metrics on the real broker: what is committed is counted, once, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from prometheus_client import CollectorRegistry

from consumers.inference.events import Committed, Judged
from consumers.inference.metrics import WorkerMetrics
from consumers.inference.service import run_worker
from consumers.inference.settings import InferenceSettings
from consumers.inference.waiting import Backlog, Waiting
from schemas.events import Timings
from tests.consumers.kit import Place, StubClassifier, make_place
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.health.answers import reply
from transport.health.vitals import StopFlag, Vitals
from transport.topics import JobTopics

IMAGES = 6
ABORTABLE = KafkaError(KafkaError.ILLEGAL_GENERATION, "injected", txn_requires_abort=True)
UNANSWERED = KafkaError(KafkaError._TIMED_OUT, "injected", retriable=True)


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    return make_place(kafka.bootstrap_servers, topic_name("job"), tmp_path / "images")


@dataclass
class Commits:
    """A transactional producer whose first commits go wrong, with or without effect."""

    producer: Producer
    error: KafkaError
    wrong: int
    works: bool

    def __getattr__(self, name: str) -> object:
        return getattr(self.producer, name)

    def commit_transaction(self, timeout: float) -> None:
        if self.works or not self.wrong:
            self.producer.commit_transaction(timeout)
        if self.wrong:
            self.works = False  # it has ended: a second call would have nothing to commit
            self.wrong -= 1
            self.producer.flush()
            time.sleep(0.05)  # as long as a broker might take, so that retries do not spin
            raise KafkaException(self.error)


@dataclass(frozen=True)
class Faulty(Cluster):
    """The first transactional producer that it makes goes wrong."""

    error: KafkaError = ABORTABLE
    wrong: int = 1
    works: bool = False
    made: list[Producer] = field(default_factory=list)

    def transactional_producer(self, transactional_id: str) -> Producer:
        producer = Cluster.transactional_producer(self, transactional_id)
        self.made.append(producer)
        if len(self.made) > 1:
            return producer
        return cast("Producer", Commits(producer, self.error, self.wrong, self.works))


@contextmanager
def judging(place: Place, cluster: Cluster) -> Iterator[Vitals]:
    """A worker on a thread of this process."""
    stop = StopFlag()
    vitals = Vitals("worker", place.topics.job, stop)
    settings = InferenceSettings(threads=1)
    given = (cluster, place.store, place.topics, StubClassifier, settings, place.settings)
    thread = threading.Thread(target=run_worker, args=(*given, stop, vitals))
    thread.start()
    try:
        yield vitals
    finally:
        stop.set()
        thread.join(30)


def value(vitals: Vitals, name: str, **labels: str) -> float | None:
    return vitals.registry.get_sample_value(name, labels)


def publish(place: Place) -> None:
    place.publish([place.reference(n) for n in range(IMAGES - 1)])
    place.publish([place.reference(IMAGES - 1, b"broken image")])


def judged(place: Place, cluster: Cluster) -> Vitals:
    """All images answered, and counted."""
    publish(place)
    with judging(place, cluster) as vitals:
        place.predictions(IMAGES)
        wait_until(
            lambda: (value(vitals, "vigie_worker_images_total") or 0) >= IMAGES,
            60,
            "every image is counted",
        )
    return vitals


def outcomes(vitals: Vitals) -> tuple[float | None, ...]:
    """Images, failures, latencies; transactions aborted and in doubt."""
    return (
        value(vitals, "vigie_worker_images_total"),
        value(vitals, "vigie_worker_failures_total", reason="model_error"),
        value(vitals, "vigie_worker_latency_seconds_count"),
        value(vitals, "vigie_worker_transactions_total", outcome="aborted"),
        value(vitals, "vigie_worker_transactions_in_doubt_total"),
    )


@pytest.mark.kafka
def test_an_aborted_transaction_counts_nothing_but_its_outcome(place: Place) -> None:
    vitals = judged(place, Faulty(place.cluster.bootstrap_servers))

    assert outcomes(vitals) == (IMAGES, 1, IMAGES, 1, 0)


@pytest.mark.kafka
@pytest.mark.parametrize(("works", "aborted"), [(True, 0), (False, 1)])
def test_a_commit_in_doubt_counts_as_what_kafka_says_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch, works: bool, aborted: int
) -> None:
    monkeypatch.setattr("consumers.inference.lane.COMMIT_DEADLINE_S", 0.2)
    servers = place.cluster.bootstrap_servers
    vitals = judged(place, Faulty(servers, error=UNANSWERED, wrong=1000, works=works))

    assert outcomes(vitals) == (IMAGES, 1, IMAGES, aborted, 1)


@pytest.mark.kafka
def test_a_worker_is_ready_when_it_has_its_partition_and_tells_what_waits(place: Place) -> None:
    with judging(place, place.cluster) as vitals:
        wait_until(lambda: vitals.waits_for() is None, 60, "readiness")
        publish(place)
        wait_until(lambda: value(vitals, "vigie_worker_images_total") == IMAGES, 60, "all counted")
        wait_until(
            lambda: value(vitals, "vigie_worker_lag", partition="0") == 0, 60, "nothing waits"
        )

        assert value(vitals, "vigie_worker_oldest_waiting_seconds", partition="0") == 0
        assert value(vitals, "vigie_worker_partitions") == 1
        assert value(vitals, "vigie_ready") == 1
        assert reply("/healthz", vitals).status == 200
    assert vitals.waits_for() is not None


@pytest.mark.kafka
def test_what_waits_is_counted_from_the_first_image_that_is_not_committed(place: Place) -> None:
    before = datetime.now(UTC).timestamp()
    publish(place)
    backlog = Backlog(place.cluster, place.topics)
    found = backlog.look({0: 2})
    backlog.close()

    assert found is not None
    assert found[0].lag == IMAGES - 2
    assert abs((found[0].oldest_at or 0) - before) < 60


@pytest.mark.kafka
def test_the_end_of_a_producers_transaction_is_no_image_that_waits(place: Place) -> None:
    producer = place.cluster.transactional_producer(f"{place.topics.job}-test")
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(place.topics.images, place.reference(1), partition=0)
    producer.commit_transaction(30)
    backlog = Backlog(place.cluster, place.topics)
    found = backlog.look({0: 1})
    backlog.close()

    assert found == {0: Waiting()}


def test_without_kafka_nothing_is_said_of_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.inference.waiting.LOOK_S", 0.1)
    backlog = Backlog(Cluster("127.0.0.1:1"), JobTopics("driver"))
    metrics = WorkerMetrics(registry := CollectorRegistry(), backlog.look)
    metrics.serves("m", "0")
    metrics.events.assigned({0: 0})

    assert metrics.waits_for() == "Kafka"
    assert registry.get_sample_value("vigie_worker_lag", {"partition": "0"}) is None
    backlog.close()


def test_kafka_is_asked_once_a_second_however_often_somebody_asks() -> None:
    asked = []
    clock = iter([0.0, 0.0, 0.5, 1.6, 1.6])
    backlog = Backlog(Cluster("127.0.0.1:1"), JobTopics("driver"), clock.__next__)
    backlog._ask = lambda positions: asked.append(dict(positions)) or {0: Waiting()}
    for _ in range(3):
        backlog.look({0: 1})

    assert len(asked) == 2


def test_before_model_and_partition_a_worker_says_what_it_waits_for() -> None:
    metrics = WorkerMetrics(CollectorRegistry(), dict.fromkeys)
    first = metrics.waits_for()
    metrics.serves("m", "0")
    second = metrics.waits_for()
    metrics.events.assigned({0: 5})
    third = metrics.waits_for()
    metrics.events.released([0])

    assert (first, second, third) == ("the model", "a partition of the images topic", None)
    assert metrics.waits_for() == second


def test_a_transaction_is_counted_whole() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    metrics = WorkerMetrics(
        registry := CollectorRegistry(), lambda _: None, lambda: now.timestamp() + 0.02
    )
    metrics.events.committed(
        Committed(
            0,
            3,
            [
                Judged(now, None, False, Timings(1, 2, 3)),
                Judged(now, None, True, Timings(1, 2, 300)),
                Judged(now, "image_missing", False, Timings()),
            ],
        )
    )

    def told(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert told("vigie_worker_images_total") == 3
    assert told("vigie_worker_abstentions_total") == 1
    assert told("vigie_worker_failures_total", reason="image_missing") == 1
    assert told("vigie_worker_transactions_total", outcome="committed") == 1
    assert told("vigie_worker_latency_seconds_count") == 3
    assert told("vigie_worker_stage_seconds_count", stage="inference") == 2
    assert told("vigie_worker_stage_seconds_sum", stage="inference") == pytest.approx(0.303)
    assert told("vigie_worker_last_commit_timestamp_seconds") == now.timestamp() + 0.02


def test_a_clock_behind_the_brokers_gives_no_negative_latency() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    metrics = WorkerMetrics(
        registry := CollectorRegistry(), lambda _: None, lambda: now.timestamp() - 5
    )
    metrics.events.committed(Committed(0, 1, [Judged(now, None, False, Timings())]))

    assert registry.get_sample_value("vigie_worker_latency_seconds_sum") == 0
