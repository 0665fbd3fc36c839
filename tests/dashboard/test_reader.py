"""The reader on a real Kafka: committed events only, all of them, over outages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from dashboard.feed.arrivals import items_of
from dashboard.feed.hub import Hub, PageState
from dashboard.feed.items import Item
from dashboard.feed.messages import TopicMessages
from dashboard.feed.reader import Reader
from dashboard.serve import link, listen, serve
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from schemas.errors import ConfigurationError
from storage.images import ImageStore
from tests.dashboard.kit import all_cards, prediction
from tests.dashboard.running import publish
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def job(cluster: Cluster, topic_name: Callable[[str], str]) -> str:
    name = topic_name("reader")
    ensure_topics(cluster.admin(), JobTopics(name), TopicSettings())
    return name


@pytest.fixture
def read(cluster: Cluster) -> Iterator[Callable[..., Hub]]:
    readers = []

    def start(job: str, history: int = 1000) -> Hub:
        hub = Hub(history)
        reader = reader_of(cluster, job, hub)
        reader.start()
        readers.append(reader)
        return hub

    yield start
    for reader in readers:
        reader.stop()


def reader_of(cluster: Cluster, job: str, hub: Hub) -> Reader:
    topic = JobTopics(job).predictions
    return Reader(cluster, topic, hub, TopicMessages(cluster, topic, 1 << 20))


def test_a_hub_fed_live_equals_one_rebuilt_from_the_start(
    cluster: Cluster, job: str, read: Callable[..., Hub]
) -> None:
    live = read(job)
    wait_until(lambda: live.state == "up", what="the empty topic is read")
    for start in range(0, 60, 20):
        publish(cluster, job, [prediction(n) for n in range(start, start + 20)])
        wait_until(lambda end=start + 20: len(live) == end, what="the batch is read")
    rebuilt = read(job)
    wait_until(lambda: rebuilt.state == "up", what="the topic is read again")
    assert all_cards(rebuilt) == all_cards(live)
    assert rebuilt.batch(PageState()) == live.batch(PageState())


def test_events_of_a_transaction_that_was_aborted_are_never_shown(
    cluster: Cluster, job: str, read: Callable[..., Hub]
) -> None:
    hub = read(job)
    producer = cluster.transactional_producer(f"aborts-{job}")
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(JobTopics(job).predictions, encode_prediction(prediction(1)))
    producer.flush(30)
    producer.abort_transaction(30)
    publish(cluster, job, [prediction(2)])
    wait_until(lambda: len(hub) > 0, what="the committed event is read")
    assert [card["at"] for card in all_cards(hub)] == [prediction(2).finished_at.timestamp()]


def test_a_long_topic_is_read_from_where_it_fills_the_window(
    cluster: Cluster, job: str, read: Callable[..., Hub]
) -> None:
    # Each in a transaction of its own: half of the offsets are markers.
    publish(cluster, job, [prediction(n) for n in range(30)], one_by_one=True)
    hub = read(job, history=10)
    wait_until(lambda: hub.state == "up", what="the topic is read")
    found = [card["at"] for card in all_cards(hub)]
    assert found == [prediction(n).finished_at.timestamp() for n in range(20, 30)]


def test_an_event_that_cannot_be_read_is_shown_and_counted(
    cluster: Cluster, job: str, read: Callable[..., Hub]
) -> None:
    hub = read(job)
    publish(cluster, job, [b"<img src=x onerror=alert(1)>", prediction(1)])
    wait_until(lambda: len(hub) == 2, what="both are read")
    assert [card["reason"] for card in all_cards(hub)] == ["event_unreadable", ""]
    assert hub.pulse(0)["unreadable"] == 1


def test_a_topic_that_is_not_there_yet_is_empty_until_it_is(
    cluster: Cluster, topic_name: Callable[[str], str], read: Callable[..., Hub]
) -> None:
    job = topic_name("late")
    hub = read(job)
    wait_until(lambda: hub.state == "up", what="no topic counts as an empty one")
    ensure_topics(cluster.admin(), JobTopics(job), TopicSettings())
    publish(cluster, job, [prediction(1)])
    wait_until(lambda: len(hub) == 1, what="the new topic is found")


def test_a_leader_that_moves_is_not_told_as_an_outage(
    cluster: Cluster, job: str, read: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))]
    told: list[bool] = []

    def items_after_faults(*given: Any) -> list[Item]:
        if faults:
            raise faults.pop()
        return items_of(*given)

    monkeypatch.setattr("dashboard.feed.reader.items_of", items_after_faults)
    monkeypatch.setattr(Hub, "kafka_answers", lambda _, answers: told.append(answers))
    hub = read(job)
    publish(cluster, job, [prediction(1)])
    wait_until(lambda: len(hub) == 1, what="the event is read all the same")
    assert not faults
    assert set(told) == {True}


def test_an_outage_of_kafka_is_seen_and_ends_by_itself(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path, BrokerSettings())
    cluster = Cluster(broker.start().bootstrap_servers)
    hub = Hub(100)
    reader = reader_of(cluster, "driver", hub)
    try:
        ensure_topics(cluster.admin(), JobTopics("driver"), TopicSettings())
        publish(cluster, "driver", [prediction(1)])
        reader.start()
        wait_until(lambda: len(hub) == 1, what="the first event is read")
        broker.stop()
        wait_until(lambda: hub.state == "down", what="the outage is seen")
        assert Cluster(broker.start().bootstrap_servers) == cluster, "it is back at its address"
        publish(cluster, "driver", [prediction(2)])
        wait_until(lambda: len(hub) == 2 and hub.state == "up", what="it goes on")
    finally:
        reader.stop()
        broker.stop()


def test_a_port_in_use_is_one_clear_sentence(cluster: Cluster, job: str, tmp_path: Path) -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with taken, pytest.raises(ConfigurationError, match=rf"Port {port} .*VIGIE_DASHBOARD__PORT"):
        serve(
            cluster,
            ImageStore(tmp_path, 20_000_000),
            job,
            BEHAVIOURS,
            DashboardSettings(port=port),
            tmp_path,
        )


def test_the_page_ends_when_it_is_told_to(cluster: Cluster, job: str, tmp_path: Path) -> None:
    stop, links = threading.Event(), []

    def when_ready(found: str) -> None:
        links.append(found)
        stop.set()

    serve(
        cluster,
        ImageStore(tmp_path, 20_000_000),
        job,
        BEHAVIOURS,
        DashboardSettings(port=0),
        tmp_path,
        stop=stop,
        ready=when_ready,
    )
    assert links[0].startswith("http://127.0.0.1:")


def test_the_link_names_the_port_that_was_found() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert link(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}/"
