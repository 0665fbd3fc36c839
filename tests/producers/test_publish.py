import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from confluent_kafka import Message

from producers.errors import PublishError
from producers.publish import MAX_UNACKNOWLEDGED, Publisher
from producers.readback import end_offsets, read_back
from schemas.errors import RefusedError, UsageError
from schemas.events import FailureReason
from tests.producers.support import MAX_BYTES, Bench, jpeg
from transport.clients import Cluster

pytestmark = pytest.mark.kafka

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def publisher(bench: Bench) -> Publisher:
    return Publisher(bench.cluster, bench.job, bench.store)


def messages(bench: Bench) -> list[Message]:
    return [*read_back(bench.cluster, bench.topic, {}, end_offsets(bench.cluster, bench.topic))]


def test_what_is_published_is_stored_and_in_the_topic_when_the_block_ends(bench: Bench) -> None:
    with publisher(bench) as to:
        sent = to.publish(jpeg(1), source="cam", name="a.jpg", captured_at=NOON)
    assert bench.references() == [sent]
    assert bench.store.read(sent) == jpeg(1)
    assert (sent.source, sent.name, sent.captured_at) == ("cam", "a.jpg", NOON)


def test_the_key_is_the_source_so_that_a_camera_keeps_its_order(bench: Bench) -> None:
    with publisher(bench) as to:
        to.publish(jpeg(1), source="caméra", name="a.jpg", captured_at=NOON)
    assert [message.key() for message in messages(bench)] == ["caméra".encode()]


def test_more_than_may_be_on_their_way_are_published_in_order(bench: Bench) -> None:
    data = jpeg(1)
    with publisher(bench) as to:
        for number in range(MAX_UNACKNOWLEDGED + 50):
            to.publish(data, source="cam", name=str(number), captured_at=NOON)
    assert bench.names() == [str(number) for number in range(MAX_UNACKNOWLEDGED + 50)]


def test_200_references_of_four_producers_at_once_all_arrive_each_in_its_order(
    bench: Bench,
) -> None:
    def send(source: str) -> None:
        with publisher(bench) as to:
            for number in range(50):
                to.publish(jpeg(number), source=source, name=str(number), captured_at=NOON)

    threads = [threading.Thread(target=send, args=(f"cam-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = bench.references()
    assert [message.offset() for message in messages(bench)] == [*range(200)]
    assert len({reference.reference_id for reference in found}) == 200
    for number in range(4):
        names = [reference.name for reference in found if reference.source == f"cam-{number}"]
        assert names == [str(one) for one in range(50)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", FailureReason.IMAGE_EMPTY), (bytes(MAX_BYTES + 1), FailureReason.IMAGE_TOO_LARGE)],
)
def test_an_empty_or_huge_image_is_refused(
    bench: Bench, data: bytes, reason: FailureReason
) -> None:
    with publisher(bench) as to, pytest.raises(RefusedError) as refused:
        to.publish(data, source="cam", name="a.jpg", captured_at=NOON)
    assert refused.value.reason == reason
    assert bench.references() == []


@pytest.mark.parametrize("source", ["", "x" * 201])
def test_a_source_without_a_name_or_with_too_long_a_one_is_refused(
    bench: Bench, source: str
) -> None:
    with publisher(bench) as to, pytest.raises(UsageError, match="1 to 200"):
        to.publish(jpeg(1), source=source, name="a.jpg", captured_at=NOON)


def test_a_name_is_made_fit_to_show(bench: Bench) -> None:
    with publisher(bench) as to:
        to.publish(jpeg(1), source="c\na\tm", name="a\x1b[31m\udcff.jpg", captured_at=NOON)
    (reference,) = bench.references()
    assert (reference.source, reference.name) == ("c�a�m", "a�[31m�.jpg")


def test_a_time_without_a_zone_is_a_mistake_of_the_caller(bench: Bench) -> None:
    with publisher(bench) as to, pytest.raises(ValueError, match="time zone"):
        to.publish(jpeg(1), source="cam", name="a.jpg", captured_at=NOON.replace(tzinfo=None))


def test_a_time_of_another_zone_is_the_same_moment(bench: Bench) -> None:
    paris = NOON.astimezone(timezone(timedelta(hours=1)))
    with publisher(bench) as to:
        to.publish(jpeg(1), source="cam", name="a.jpg", captured_at=paris)
    assert bench.references()[0].captured_at == NOON


def test_what_kafka_does_not_take_is_an_error_with_the_way_out(bench: Bench) -> None:
    settings = {"topic.metadata.propagation.max.ms": "10"}  # how soon a missing topic is believed
    cluster = Cluster(bench.cluster.bootstrap_servers, settings)
    to = Publisher(cluster, "no-such-job", bench.store)
    to.publish(jpeg(1), source="cam", name="a.jpg", captured_at=NOON)
    with pytest.raises(PublishError, match="vigie broker status"):
        to.flush()
    with pytest.raises(PublishError, match="vigie broker status"):
        to.publish(jpeg(2), source="cam", name="b.jpg", captured_at=NOON)


def test_a_store_that_cannot_be_written_is_an_error_with_the_way_out(bench: Bench) -> None:
    bench.store.root.rmdir()
    bench.store.root.write_bytes(b"no folder")
    with publisher(bench) as to, pytest.raises(PublishError, match="Free disk space"):
        to.publish(jpeg(1), source="cam", name="a.jpg", captured_at=NOON)
