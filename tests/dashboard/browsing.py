"""A page in a real browser, and what is published on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from confluent_kafka import Producer
from playwright.sync_api import Page

from model.driver.labels import BEHAVIOURS
from schemas.events import Outcome, Prediction
from storage.images import ImageStore
from tests.dashboard.kit import noise_jpeg, prediction
from tests.dashboard.running import PageProcess, start_producer, write
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics
from vigie.bench.stream import Stream, store_images

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Open = Callable[..., Page]
"""`open_page(link, language="en", width=1440, *, strict=True)`."""

_numbers = itertools.count(1)


@dataclass
class Feed:
    """One job with its page, and what is published on it."""

    cluster: Cluster
    job: str
    store: ImageStore
    page: PageProcess | None = None
    sha256: str = field(default="", init=False)

    def __post_init__(self) -> None:
        ensure_topics(self.cluster.admin(), JobTopics(self.job), TopicSettings())
        self.sha256 = self.store.put(noise_jpeg()).sha256

    @cached_property
    def _producer(self) -> Producer:
        """One for all: a producer needs a tenth of a second to begin."""
        return start_producer(self.cluster, f"test-feed-{self.job}")

    def publish(self, *outcomes: Outcome, source: str = "cabin-01", name: str = "a.jpg") -> None:
        write(self._producer, self.job, [self._made(one, source, name) for one in outcomes])

    def _made(self, outcome: Outcome, source: str, name: str) -> Prediction:
        n = next(_numbers)
        at = datetime.now(UTC) + timedelta(microseconds=n)
        return prediction(n, outcome, source=source, name=name, sha256=self.sha256, at=at)


def card_ids(page: Page) -> list[str]:
    return page.locator("#feed .card").evaluate_all("cards => cards.map(c => c.dataset.id)")


def open_stream(feed: Feed) -> Stream:
    """Events for a steady flow, each a card of its own, over some images."""
    quiet = Cluster(feed.cluster.bootstrap_servers, {"log_level": "0"})
    images = store_images(feed.store, [noise_jpeg(seed=n) for n in range(8)])
    return Stream(quiet, JobTopics(feed.job), BEHAVIOURS, images)
