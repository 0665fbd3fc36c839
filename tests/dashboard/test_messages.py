"""Events by their place, and the older ones read behind the newest: on a real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from dashboard.feed.filters import EVERYTHING
from dashboard.feed.hub import Hub, PageState
from dashboard.feed.items import Order, Place
from dashboard.feed.listing import Where
from dashboard.feed.messages import TopicMessages
from dashboard.feed.reader import FIRST_OFFSETS, Reader
from schemas.codec import decode_prediction
from tests.dashboard.kit import all_cards, prediction, seen
from tests.dashboard.running import publish
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

pytestmark = pytest.mark.kafka

LONG = FIRST_OFFSETS + 700


@pytest.fixture(scope="module")
def long_job(cluster: Cluster) -> str:
    """A job with more events than a page is first shown."""
    job = f"long-{time.time_ns()}"
    ensure_topics(cluster.admin(), JobTopics(job), TopicSettings())
    # One camera does the same for ten events: groups lie over the place where reading began.
    publish(cluster, job, (prediction(n, seen(n // 10 % 10)) for n in range(LONG)))
    return job


@pytest.fixture
def messages(cluster: Cluster, long_job: str) -> Iterator[TopicMessages]:
    messages = TopicMessages(cluster, JobTopics(long_job).predictions, 1 << 20)
    yield messages
    messages.close()


@pytest.fixture
def read(cluster: Cluster, long_job: str) -> Iterator[Callable[[int], Hub]]:
    readers = []
    topic = JobTopics(long_job).predictions

    def start(history: int) -> Hub:
        hub = Hub(history)
        readers.append(Reader(cluster, topic, hub, TopicMessages(cluster, topic, 1 << 20)))
        readers[-1].start()
        return hub

    yield start
    for reader in readers:
        reader.stop()


def source_offset(message: bytes | None) -> int:
    return decode_prediction(message).source_offset


def test_any_event_of_the_topic_can_be_read_by_its_place(messages: TopicMessages) -> None:
    for n in (LONG - 1, 0, 1234, 5, 1235):
        assert source_offset(messages.read(Place(0, n))) == n


def test_the_neighbours_of_an_event_come_with_it(messages: TopicMessages) -> None:
    messages.read(Place(0, 500))
    messages.close()
    assert messages._cache.get(Place(0, 510), lambda: None) is not None


def test_a_place_without_an_event_has_none(messages: TopicMessages) -> None:
    assert messages.read(Place(0, LONG)) is None  # the marker that ends the transaction
    assert messages.read(Place(0, LONG + 999)) is None
    assert messages.read(Place(7, 0)) is None


def test_the_newest_events_are_shown_before_the_older_ones_are_read(
    read: Callable[[int], Hub],
) -> None:
    hub = read(100_000)
    wait_until(lambda: hub.state == "up", what="the newest are read")
    batch = hub.batch(PageState())
    assert batch is not None
    assert batch["cards"][0]["id"] == f"0-{LONG - 1}"
    wait_until(lambda: len(hub) == LONG, what="all are read")
    wait_until(lambda: hub.pulse(0)["history"] is None, what="the reading back has ended")
    assert [card["id"] for card in all_cards(hub)] == [f"0-{n}" for n in range(LONG)]
    assert hub.batch(PageState.from_store({"cursor": batch["cursor"]}))["cards"] == []


def test_groups_that_were_cut_by_reading_are_whole_in_the_end(read: Callable[[int], Hub]) -> None:
    hub = read(100_000)
    wait_until(lambda: len(hub) == LONG, what="all are read")
    found, where = [], Where()
    while cards := hub.page(EVERYTHING, where).cards:
        found += [card["group"]["n"] for card in cards]
        where = Where(before=Order(*cards[-1]["group"]["order"]))
    assert sum(found) == LONG
    assert set(found) <= {10, *range(1, 10)}


def test_the_window_ends_where_the_settings_say(read: Callable[[int], Hub]) -> None:
    hub = read(LONG - 300)
    wait_until(lambda: len(hub) == LONG - 300, what="the window is full")
    assert [card["id"] for card in all_cards(hub)] == [f"0-{n}" for n in range(300, LONG)]
