"""What may end beside an open page, and what the page then says, keeps and catches up on."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.images import ImageStore
from tests.dashboard.browsing import Feed, Open, card_ids, open_stream
from tests.dashboard.kit import seen
from tests.dashboard.running import ENDS_WITHIN_S, page_process
from transport.broker import BrokerSettings, EmbeddedBroker, Running
from transport.clients import Cluster
from vigie.bench.browser import open_recorded, take_painted
from vigie.bench.stream import Flow

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

RATE = 4.0
"""Events per second. What came while the server was away must fit on a page (48 cards): more than
that a page that comes back is told as a whole."""

SAYS_SO_WITHIN_S = 8.0


def numbers(page: Page) -> list[str]:
    """What the page counts: its tabs, and what stands on its cards."""
    return page.locator(".choice, #feed .card").all_inner_texts()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_two_tabs_lose_and_double_nothing_when_the_server_ends_under_load(
    kafka: Running, tmp_path: Path, browser: Browser, how: signal.Signals
) -> None:
    job = f"ended-{how.name.lower()}"
    feed = Feed(Cluster(kafka.bootstrap_servers), job, ImageStore(tmp_path, 20_000_000))
    stream = open_stream(feed)
    stream.publish_history(1, RATE)
    context = browser.new_context()
    with page_process(feed.cluster, tmp_path, job) as server:
        tabs = [open_recorded(context, server.link) for _ in range(2)]
        with Flow(stream, RATE) as flow:
            tabs[0].wait_for_timeout(1500)
            took_s = server.end(how)
            for tab in tabs:
                expect(tab.locator("#state")).to_have_attribute("data-state", "reconnecting")
                expect(tab.locator("#banner")).to_be_visible()
            server.start()
            for tab in tabs:
                expect(tab.locator("#state")).to_have_attribute("data-state", "live")
                expect(tab.locator("#banner")).to_be_hidden()
            tabs[0].wait_for_timeout(1500)
        rebuilt = open_recorded(context, server.link)
        for tab in tabs:
            expect(tab.locator("#feed .card").first).to_have_attribute(
                "data-id", card_ids(rebuilt)[0]
            )
        painted = [[happened for happened, _ in take_painted(tab)] for tab in tabs]
        assert [(len(one), len(set(one))) for one in painted] == [(flow.published + 1,) * 2] * 2
        assert numbers(tabs[0]) == numbers(tabs[1]) == numbers(rebuilt)
    context.close()
    if how is signal.SIGTERM:
        assert took_s < ENDS_WITHIN_S


def test_a_page_says_that_kafka_is_away_and_goes_on_when_it_is_back(
    tmp_path: Path, open_page: Open
) -> None:
    broker = EmbeddedBroker(tmp_path / "kafka", BrokerSettings())
    try:
        cluster = Cluster(broker.start().bootstrap_servers, {"log_level": "0"})
        feed = Feed(cluster, "outage", ImageStore(tmp_path / "images", 20_000_000))
        with page_process(cluster, feed.store.root, feed.job) as server:
            page = open_page(server.link)
            feed.publish(seen(1), source="one")
            expect(page.locator("#feed .card")).to_have_count(1)
            broker.stop()
            began = time.monotonic()
            expect(page.locator("#state")).to_have_attribute("data-state", "down")
            assert time.monotonic() - began < SAYS_SO_WITHIN_S
            expect(page.locator("#banner")).to_contain_text("Kafka does not answer")
            expect(page.locator("#feed .card")).to_have_count(1)
            broker.start()
            expect(page.locator("#state")).to_have_attribute("data-state", "live")
            feed.publish(seen(2), source="two")
            expect(page.locator("#feed .card")).to_have_count(2)
            expect(page.locator("#banner")).to_be_hidden()
            assert server.end(signal.SIGTERM) < ENDS_WITHIN_S
            page.close()  # before it asks the server that has gone, which it would complain of
    finally:
        broker.stop()
