"""Reviews on a real Kafka: they outlive the page, every page sees them, none is without it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard.feed.hub import Hub
from dashboard.reviews.desk import ReviewDesk, Wish
from dashboard.reviews.reader import PARTITION, ReviewsReader
from dashboard.reviews.writer import ReviewNotTakenError, ReviewWriter
from schemas.codec import decode_review, encode_prediction, encode_review
from tests.dashboard.kit import KEYS, Kept, item, prediction, seen
from tests.dashboard.reviewing import get, post, review
from tests.dashboard.running import PageProcess, page_process, publish
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_reviews, ensure_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def job(cluster: Cluster, topic_name: Callable[[str], str]) -> str:
    name = topic_name("reviews")
    ensure_topics(cluster.admin(), JobTopics(name), TopicSettings())
    return name


@pytest.fixture
def read(cluster: Cluster) -> Iterator[Callable[[str], tuple[Hub, ReviewsReader]]]:
    readers = []

    def start(job: str) -> tuple[Hub, ReviewsReader]:
        hub = Hub(1000)
        reader = ReviewsReader(cluster, JobTopics(job), TopicSettings(), hub)
        reader.start()
        readers.append(reader)
        return hub, reader

    yield start
    for reader in readers:
        reader.end()
    for reader in readers:
        reader.stop()


def writer_of(cluster: Cluster, job: str, within_s: float = 30.0) -> ReviewWriter:
    topic = JobTopics(job).reviews
    return ReviewWriter(lambda: cluster.producer("test-reviewer"), topic, PARTITION, within_s)


def said(page: PageProcess, place: str) -> str:
    """What the page tells of the event at this place."""
    reviews = get(page.link, f"/api/events/{place}")["card"]["review"]
    return str(reviews["state"]) if reviews else ""


def test_a_review_outlives_the_page_and_pages_see_each_others(
    cluster: Cluster,
    job: str,
    tmp_path: Path,
    read: Callable[[str], tuple[Hub, ReviewsReader]],
) -> None:
    publish(cluster, job, [prediction(n, seen(4)) for n in range(3)])
    other, _ = read(job)
    with page_process(cluster, tmp_path, job) as page:
        wait_until(lambda: get(page.link, "/healthz")["events"] == 3, what="the events are read")
        wait_until(
            lambda: post(page.link, action="confirm", event="0-1")[0] == 201, what="it is taken"
        )
        wait_until(lambda: other.ledger.version > 0, what="the other page knows it")
        writer = writer_of(cluster, job)
        writer.write(review("of-ben", "false_positive", (1,), reviewer="Ben"))
        writer.close()
        wait_until(
            lambda: said(page, "0-1") == "false_positive", what="this page knows the other's"
        )
        told = get(page.link, "/api/reviews?since=0")
        assert [card["id"] for card in told["cards"]] == ["0-1", "0-2"]
        page.end(signal.SIGKILL)
        page.start()
        wait_until(lambda: said(page, "0-1") == "false_positive", what="it knows both again")
        assert get(page.link, "/api/feed")["pulse"]["reviews"] == told["version"]
        history = get(page.link, "/api/events/0-1")["reviews"]
        assert (history[0]["by"], history[-1]["by"]) == ("Ben", "Ada")


def test_the_reader_makes_the_topic_and_leaves_out_what_is_no_review(
    cluster: Cluster, job: str, read: Callable[[str], tuple[Hub, ReviewsReader]]
) -> None:
    hub, reader = read(job)
    wait_until(reader.answers, what="Kafka answers")
    ensure_reviews(cluster.admin(), JobTopics(job), TopicSettings())  # or it is there already
    producer = cluster.producer("test-reviewer")
    for value in (b"rubbish", encode_review(review("1", "star")), encode_review(review("2"))):
        producer.produce(JobTopics(job).reviews, value)
    producer.flush(30)
    wait_until(lambda: hub.ledger.version == 1, what="the one review is taken")
    assert reader.await_read(2, within_s=0.0)
    assert not reader.await_read(3, within_s=0.0)


def test_a_topic_made_anew_is_read_anew(
    cluster: Cluster, job: str, read: Callable[[str], tuple[Hub, ReviewsReader]]
) -> None:
    ensure_reviews(cluster.admin(), JobTopics(job), TopicSettings())
    hub, _ = read(job)
    writer = writer_of(cluster, job)
    for n in range(3):
        assert writer.write(review(f"review-{n}")) == n
    wait_until(lambda: hub.ledger.version == 3, what="they are read")
    writer.close()
    admin = cluster.admin()
    admin.delete_topics([JobTopics(job).reviews])[JobTopics(job).reviews].result(30)
    wait_until(lambda: hub.ledger.version == 0, what="the new topic is empty")


def test_a_writer_without_kafka_gives_up_and_says_so() -> None:
    with socket.socket() as nobody:  # bound and not listening: no other program answers there
        nobody.bind(("127.0.0.1", 0))
        away = Cluster(f"127.0.0.1:{nobody.getsockname()[1]}")
        writer = writer_of(away, "driver", within_s=0.1)
        for _ in range(2):
            with pytest.raises(ReviewNotTakenError, match="Nothing was recorded"):
                writer.write(review("1"))
        writer.close()


@pytest.mark.prove
def test_what_was_said_during_an_outage_is_recorded_neither_then_nor_later(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path, BrokerSettings())
    cluster = Cluster(broker.start().bootstrap_servers)
    hub, topics = Hub(100), JobTopics("driver")
    reader = ReviewsReader(cluster, topics, TopicSettings(), hub)
    writer = writer_of(cluster, "driver", within_s=0.5)
    try:
        ensure_reviews(cluster.admin(), topics, TopicSettings())
        reader.start()
        wait_until(reader.answers, what="Kafka answers")
        patient = writer_of(cluster, "driver")
        offset = patient.write(review("before"))
        assert reader.await_read(offset, within_s=30)
        patient.close()
        broker.stop()
        wait_until(lambda: not reader.answers(), what="the outage is seen")
        with pytest.raises(ReviewNotTakenError, match="Nothing was recorded"):
            writer.write(review("away"))
        assert Cluster(broker.start().bootstrap_servers) == cluster, "it is back at its address"
        patient = writer_of(cluster, "driver")
        assert patient.write(review("after")) == offset + 1
        wait_until(lambda: hub.ledger.version == 2, what="the reader goes on")
        found = read_to_end(cluster, topics.reviews, "test-read")
        ids = [decode_review(message.value()).review_id for message in found]
        assert ids == ["before", "after"]
        patient.close()
    finally:
        writer.close()
        reader.stop()
        broker.stop()


def test_a_desk_on_kafka_answers_when_the_ledger_has_it(
    cluster: Cluster, job: str, read: Callable[[str], tuple[Hub, ReviewsReader]]
) -> None:
    hub, reader = read(job)
    hub.open("log")
    hub.add([item(0, seen(4))])
    wait_until(reader.answers, what="Kafka answers")
    ensure_reviews(cluster.admin(), JobTopics(job), TopicSettings())
    writer = writer_of(cluster, job)
    messages = Kept({item(0).place: encode_prediction(prediction(0))})
    desk = ReviewDesk(job, hub, messages, KEYS, writer.write, reader)
    found = desk.take(Wish("Ada", "confirm", "0-0"))
    assert (found["version"], found["card"]["review"]["state"]) == (1, "confirmed")
    writer.close()
