"""The whole way with the images behind a URL: published, read ahead, judged, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consumers.inference.service import run_worker
from consumers.inference.settings import InferenceSettings
from producers.publish import Publisher
from schemas.events import Classification
from storage.images import open_images
from tests.consumers.kit import Place, StubClassifier
from tests.storage.s3_server import S3Server, s3_server
from transport.broker import Running
from transport.clients import Cluster
from transport.topics import JobTopics, ensure_topics

pytestmark = pytest.mark.kafka

IMAGES = 30
PATIENCE_S = 30.0


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], server: S3Server) -> Place:
    place = Place(
        Cluster(kafka.bootstrap_servers),
        JobTopics(topic_name("job")),
        open_images("s3://images/driver", 20_000_000),
    )
    ensure_topics(place.cluster.admin(), place.topics, place.settings)
    return place


@contextmanager
def worker(place: Place) -> Iterator[None]:
    """A worker on a thread: it starts at once, and nothing here kills it."""
    stop = threading.Event()
    thread = threading.Thread(
        target=run_worker,
        args=(
            place.cluster,
            place.store,
            place.topics,
            StubClassifier,
            InferenceSettings(threads=2),
            place.settings,
            stop,
        ),
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def test_what_is_published_into_a_bucket_is_judged_from_it_in_order(
    place: Place, server: S3Server
) -> None:
    with Publisher(place.cluster, place.topics.job, place.store) as publisher:
        sent = [
            publisher.publish(
                f"image {number}".encode(),
                source="cabin-01",
                name=f"{number}.jpg",
                captured_at=datetime(2026, 11, 21, tzinfo=UTC),
            ).reference_id
            for number in range(IMAGES)
        ]
    server.fail("unavailable", times=3)  # the worker asks again
    with worker(place):
        found = place.predictions(IMAGES)
    assert [one.reference_id for one in found] == sent
    assert all(isinstance(one.outcome, Classification) for one in found)
