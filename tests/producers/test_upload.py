import time
from datetime import UTC, datetime

import pytest

from producers.errors import PublishError
from producers.publish import Publisher
from producers.upload import PatientPublisher
from schemas.errors import RefusedError
from tests.producers.support import Bench, jpeg
from transport.clients import Cluster

pytestmark = pytest.mark.kafka

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOWHERE = Cluster("127.0.0.1:1", {"log_level": "0"})


@pytest.fixture
def clusters(bench: Bench) -> list[Cluster]:
    """Where the next publishers publish, in turn; the last one stays."""
    return [bench.cluster]


@pytest.fixture
def publisher(bench: Bench, clusters: list[Cluster]) -> PatientPublisher:
    def make() -> Publisher:
        cluster = clusters.pop(0) if len(clusters) > 1 else clusters[0]
        return Publisher(cluster, bench.job, bench.store)

    return PatientPublisher(make, within_s=4.0)


def send(publisher: PatientPublisher, name: str) -> None:
    publisher.publish(jpeg(1), source="upload", name=name, captured_at=NOON)


def test_an_image_is_in_the_topic_when_the_call_returns(
    bench: Bench, publisher: PatientPublisher
) -> None:
    for name in ("a.jpg", "b.jpg"):
        send(publisher, name)
        assert bench.names()[-1] == name
    publisher.close()


def test_without_kafka_the_call_says_so_in_time(
    publisher: PatientPublisher, clusters: list[Cluster]
) -> None:
    clusters.insert(0, NOWHERE)
    began = time.monotonic()
    with pytest.raises(PublishError, match="vigie broker status"):
        send(publisher, "a.jpg")
    assert time.monotonic() - began < 8


def test_when_kafka_is_back_the_next_image_goes_and_the_lost_one_does_not(
    bench: Bench, publisher: PatientPublisher, clusters: list[Cluster]
) -> None:
    clusters.insert(0, NOWHERE)
    with pytest.raises(PublishError):
        send(publisher, "lost.jpg")
    send(publisher, "kept.jpg")
    publisher.close()
    assert bench.names() == ["kept.jpg"]


def test_an_image_that_is_refused_does_not_concern_the_next(
    bench: Bench, publisher: PatientPublisher
) -> None:
    with pytest.raises(RefusedError):
        publisher.publish(b"", source="upload", name="empty", captured_at=NOON)
    send(publisher, "kept.jpg")
    publisher.close()
    assert bench.names() == ["kept.jpg"]
