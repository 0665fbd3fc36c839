"""The feed as a person follows it beyond the events in memory, into the archive and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from playwright.sync_api import Page, expect

from dashboard.feed.archived import EPOCH, MICROSECOND
from dashboard.feed.arrivals import place_of
from schemas.events import Prediction
from storage.database.settings import DatabaseSettings
from storage.images import ImageStore
from tests.dashboard.archiving import archive
from tests.dashboard.browsing import Feed, Open, alternating, card_ids, read_on
from tests.dashboard.kit import prediction
from tests.dashboard.running import PATIENCE_S, page_process, publish, read_events
from tests.storage.databases import opened
from transport.broker import Running
from transport.clients import Cluster
from transport.topics import JobTopics, describe

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

EVENTS = 180
HISTORY = 100  # the fewest that a page may remember: the other 80 are the archive's
DELETED = 40  # oldest events that the topic does not hold any more


@dataclass
class Scene:
    """A page whose memory is smaller than its past, and what happened."""

    feed: Feed
    events: list[Prediction]
    link: str = ""

    def name(self, offset: int) -> str:
        """How the page calls an archived event."""
        finished_us = (self.events[offset].finished_at - EPOCH) // MICROSECOND
        return f"a{finished_us}-{offset + 1}"


@pytest.fixture(scope="module")
def scene(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("home")
    store = ImageStore(home / "images", 20_000_000)
    feed = Feed(Cluster(kafka.bootstrap_servers), "page-archive", store)
    begin = datetime.now(UTC) - timedelta(hours=1)
    scene = Scene(
        feed,
        [
            prediction(n, outcome, sha256=feed.sha256, at=begin + timedelta(seconds=10 * n))
            for n, outcome in enumerate(alternating(EVENTS))
        ],
    )
    publish(feed.cluster, feed.job, scene.events)
    keep(scene, home)
    delete_oldest(feed)
    with page_process(feed.cluster, store.root, feed.job, HISTORY, home) as page:
        scene.link = page.link
        yield scene


def keep(scene: Scene, home: Path) -> None:
    """Archive what is in the topic."""
    cluster, job = scene.feed.cluster, scene.feed.job
    topic = JobTopics(job).predictions
    log_id = describe(cluster.admin(), [topic], PATIENCE_S)[topic].log_id
    places = map(place_of, read_events(cluster, job, EVENTS))
    with opened(DatabaseSettings(), home) as database:
        archive(database, job, log_id, dict(zip(places, scene.events, strict=True)))


def delete_oldest(feed: Feed) -> None:
    place = TopicPartition(JobTopics(feed.job).predictions, 0, DELETED)
    admin = feed.cluster.admin()
    [deleted] = admin.delete_records([place]).values()
    deleted.result(PATIENCE_S)


def read_down(page: Page) -> list[str]:
    """To the very end, from a feed that has begun; the ids of the cards, newest first."""
    expect(page.locator("#feed .card").first).to_be_visible()
    return read_on(page, down=True)


def test_a_person_scrolls_on_into_the_archive_and_back(scene: Scene, open_page: Open) -> None:
    page = open_page(scene.link)
    met = read_down(page)
    assert len(met) == len(set(met)) == EVENTS
    assert met[HISTORY:] == [scene.name(n) for n in range(79, -1, -1)]
    expect(page.locator("#feed .seam")).to_contain_text("From the archive: before")
    expect(page.locator("#feed-end")).to_be_visible()
    expect(page.locator("#feed-archive")).to_be_hidden()
    expect(page.locator("#standing-text")).to_contain_text("from the archive")
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator("#feed .card").first).to_have_attribute("data-id", met[0])
    expect(page.locator("#standing")).to_be_hidden()


def test_what_the_archive_cannot_be_asked_is_said(scene: Scene, open_page: Open) -> None:
    page = open_page(f"{scene.link}/?behaviour=drink&review=open")
    expect(page.locator("#feed .card")).to_have_count(HISTORY / 10)
    expect(page.locator("#feed-archive")).to_contain_text("cannot be asked by review")
    expect(page.locator("#feed-end")).to_be_hidden()


def test_a_moment_before_all_memory_leads_into_the_archive(scene: Scene, open_page: Open) -> None:
    moment = int(scene.events[60].finished_at.timestamp()) + 1
    page = open_page(f"{scene.link}/?at={moment}")
    landed = page.locator(".card.landed")
    expect(landed).to_be_in_viewport()
    expect(landed).to_have_attribute("data-id", scene.name(60))
    expect(page.locator("#standing-text")).to_contain_text("from the archive")
    up = read_on(page, down=False)
    assert [n for n in up if n.startswith("a")] == [scene.name(n) for n in range(79, 12, -1)]
    assert len(set(up)) == len(up) == EVENTS - 13


def test_an_archived_event_is_opened_with_its_heat_map_while_the_topic_has_it(
    scene: Scene, open_page: Open
) -> None:
    page = open_page(f"{scene.link}/#event-{scene.name(DELETED)}")
    expect(page.locator("#inspector-bars li")).to_have_count(10)
    expect(page.locator("#inspector-heat")).to_contain_text("Heat map of")
    expect(page.locator("#inspector-archived")).to_be_hidden()


def test_an_event_that_the_topic_has_deleted_keeps_its_verdict_and_is_reviewed(
    scene: Scene, open_page: Open
) -> None:
    moment = int(scene.events[1].finished_at.timestamp()) + 1
    page = open_page(f"{scene.link}/?at={moment}")
    page.evaluate("localStorage.setItem('vigie-reviewer', 'Ada')")
    page.evaluate("localStorage.setItem('vigie-advance', 'off')")
    page.locator(f"#feed .card[data-id='{scene.name(1)}']").click()
    expect(page.locator("#inspector-archived")).to_contain_text("no longer kept")
    expect(page.locator("#inspector-title")).to_have_text("Texting, right hand")
    expect(page.locator("#inspector-bars li")).to_have_count(0)
    page.get_by_role("button", name="Confirm").click()
    current = page.locator(".card[aria-current]")
    expect(current.locator(".review-mark")).to_have_attribute("data-review", "confirmed")
    expect(page.locator("#review-standing")).to_contain_text("Confirmed · Ada")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(current.locator(".review-mark")).to_have_attribute("data-review", "")


def test_without_an_archive_the_feed_ends_and_says_the_way_out(
    scene: Scene, open_page: Open, tmp_path: Path
) -> None:
    feed = scene.feed
    with page_process(feed.cluster, feed.store.root, feed.job, HISTORY, tmp_path) as server:
        page = open_page(server.link, "fr-FR", strict=False)  # which ends before the page
        assert len(read_down(page)) == HISTORY
        expect(page.locator("#feed-end")).to_be_visible()
        expect(page.locator("#archive-text")).to_contain_text("lancez « vigie archive »")
        assert not list(tmp_path.iterdir())
        assert re.fullmatch(r"0-\d+", card_ids(page)[-1])
