"""The reader of windows on a real Kafka: the newest of each key, deletions, a start over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dashboard.windows.reader import WindowReader
from dashboard.windows.store import WindowStore
from schemas.codec import encode_window
from schemas.statistics import HOUR_S, StatisticsWindow
from tests.dashboard.kit import START, item
from tests.dashboard.running import PATIENCE_S
from tests.dashboard.windowing import windows_of
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_statistics

pytestmark = pytest.mark.kafka

HOUR, DAY = windows_of([item(0)], [HOUR_S])[0], windows_of([item(1)], [86_400])[0]
Message = tuple[bytes, bytes | None]


@pytest.fixture
def read(cluster: Cluster) -> Iterator[Callable[[str], WindowStore]]:
    readers = []

    def start(job: str) -> WindowStore:
        store = WindowStore(START.timestamp)
        readers.append(WindowReader(cluster, JobTopics(job).statistics, store))
        readers[-1].start()
        return store

    yield start
    for reader in readers:
        reader.stop()


def write(cluster: Cluster, job: str, *messages: StatisticsWindow | Message) -> None:
    producer = cluster.producer(f"test-{job}")
    for one in messages:
        is_window = isinstance(one, StatisticsWindow)
        key, value = (one.key, encode_window(one)) if is_window else one
        producer.produce(JobTopics(job).statistics, value, key)
    assert producer.flush(PATIENCE_S) == 0


def events(store: WindowStore, size_s: int) -> int:
    found = store.between(size_s, 0, 1 << 40)
    return int(found.count[found.what == found.what.max()].sum()) if len(found.what) else 0


def counting(window: StatisticsWindow, events: int) -> StatisticsWindow:
    return replace(window, cells=(replace(window.cells[0], count=events),))


def test_the_newest_of_each_key_counts_and_a_new_start_finds_the_same(
    cluster: Cluster, topic_name: Callable[[str], str], read: Callable[[str], WindowStore]
) -> None:
    job = topic_name("windows")
    ensure_statistics(cluster.admin(), JobTopics(job), TopicSettings())
    write(cluster, job, HOUR, DAY, counting(HOUR, 7), (b"0/3600/0/x", b"no window"))
    store = read(job)
    wait_until(lambda: (len(store), events(store, HOUR_S)) == (2, 7), what="the topic is read")
    write(cluster, job, counting(HOUR, 9), (DAY.key, None))
    wait_until(lambda: len(store) == 1, what="the deleted window is gone")
    assert events(store, HOUR_S) == 9
    again = read(job)
    wait_until(
        lambda: (len(again), events(again, HOUR_S)) == (1, 9), what="the topic is read again"
    )
    wait_until(lambda: again.kept().since == store.kept().since, what="both reach back equally far")


def test_a_topic_that_is_not_there_yet_holds_no_windows_until_it_is(
    cluster: Cluster, topic_name: Callable[[str], str], read: Callable[[str], WindowStore]
) -> None:
    job = topic_name("windows-late")
    store = read(job)
    wait_until(lambda: store.state == "up", what="no topic counts as an empty one")
    assert store.kept().since == {}
    ensure_statistics(cluster.admin(), JobTopics(job), TopicSettings())
    write(cluster, job, HOUR)
    wait_until(lambda: len(store) == 1, what="the new topic is found")
