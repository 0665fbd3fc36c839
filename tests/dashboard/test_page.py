"""What a person sees: the page in a real browser, fed through a real Kafka."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import FAILED, seen
from tests.dashboard.running import ENDS_WITHIN_S, page_process
from transport.clients import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>.jpg"


def test_an_event_appears_live_and_changes_its_language_without_a_reload(
    feed: Feed, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/?source=live", "en-GB")
    expect(page.locator("#state")).to_have_attribute("data-state", re.compile("live|waiting|stale"))
    expect(page.locator("#feed-loading")).to_be_hidden()
    feed.publish(seen(6, 0.876), source="live")
    card = page.locator("#feed .card")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("Drinking or eating")
    expect(card).to_contain_text("87%")
    expect(card).to_contain_text("Infraction")
    photo, heat = card.locator("img.photo"), card.locator("img.heat")
    for image in (photo, heat):
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    page.get_by_text("FR", exact=True).click()
    expect(card).to_contain_text("Boisson ou nourriture")
    expect(card).to_contain_text(re.compile("87\\s%"))
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_failure_is_an_item_with_its_reason_and_its_sentence(feed: Feed, open_page: Open) -> None:
    feed.publish(FAILED, source="failing")
    page = open_page(f"{feed.page.link}/?source=failing", "fr-FR")
    card = page.locator("#feed .card")
    expect(card).to_contain_text("Image tronquée")
    expect(card).to_contain_text(FAILED.detail)
    expect(card).to_have_attribute("data-severity", "failure")


def test_the_tabs_narrow_the_feed_and_the_address_says_how(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(0), seen(2), seen(3, 0.4, abstained=True), FAILED, source="mixed")
    page = open_page(f"{feed.page.link}/?source=mixed")
    expect(page.locator("#feed .card")).to_have_count(4)
    page.locator(".choice[data-severity=infraction]").click()
    expect(page.locator("#feed .card")).to_have_count(1)
    expect(page.locator("#feed .card")).to_contain_text("Phone call, right hand")
    expect(page).to_have_url(re.compile("severity=infraction.*source=mixed"))
    page.locator(".choice[data-severity='']").click()
    expect(page.locator("#feed .card")).to_have_count(4)


def test_the_detail_tells_everything_and_runs_nothing(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(7, 0.93), source="hostile", name=HOSTILE)
    page = open_page(f"{feed.page.link}/?source=hostile")
    page.locator("#feed .card").click()
    expect(page.locator("#inspector-bars li")).to_have_count(10)
    expect(page.locator("#inspector-bars li").first).to_contain_text("Reaching behind")
    facts = page.locator("#inspector-facts")
    expect(facts).to_contain_text(HOSTILE)
    expect(facts).to_contain_text(feed.sha256)
    expect(facts).to_contain_text("b" * 64)
    expect(facts).to_contain_text("Place in the predictions")
    assert page.locator("img[src=x]").count() == 0
    page.locator("#inspector-bars button").nth(4).click()
    expect(page.locator("#inspector-shot .heat")).to_have_attribute("src", re.compile("/heat/"))
    expect(page.locator("#inspector-bars [aria-pressed=true]")).to_have_count(1)
    expect(page).to_have_url(re.compile("#event-0-"))
    again = open_page(page.url)
    expect(again.locator("#inspector-title")).to_have_text("Reaching behind")


def test_everything_can_be_done_by_keyboard(feed: Feed, open_page: Open) -> None:
    feed.publish(*[seen(n) for n in (1, 2, 3)], source="keys")
    page = open_page(f"{feed.page.link}/?source=keys")
    expect(page.locator("#feed .card")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".card[aria-current]")).to_contain_text("Phone call, right hand")
    page.keyboard.press("k")
    expect(page.locator(".card[aria-current]")).to_contain_text("Texting, left hand")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".card[aria-current]")).to_have_count(0)
    page.locator("#main").focus()
    page.keyboard.press("Space")
    expect(page.locator("#state")).to_have_attribute("data-state", "paused")
    feed.publish(seen(4), source="keys")
    expect(page.locator("#waiting-text")).to_have_text("1 new")
    expect(page.locator("#feed .card")).to_have_count(3)
    page.keyboard.press("Space")
    expect(page.locator("#feed .card")).to_have_count(4)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next card")


def test_statistics_count_the_events_and_offer_no_cloud(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(8), FAILED, source="counted")
    page = open_page(f"{feed.page.link}/statistics")
    expect(page.locator("#by-behaviour .textpoint").first).to_be_visible()
    expect(page.locator("#by-source")).to_contain_text("counted")
    expect(page.locator("#by-reason")).to_contain_text("Image truncated")
    expect(page.locator("#statistics-scope")).to_contain_text(re.compile(r"\d+ events? · "))
    assert page.locator(".modebar").count() == 0
    assert page.get_by_text("Share chart").count() == 0


def test_a_page_without_kafka_says_so(tmp_path: Path, open_page: Open) -> None:
    nowhere = Cluster("127.0.0.1:1", {"log_level": "0"})
    with page_process(nowhere, tmp_path, "nowhere") as server:
        page = open_page(server.link, "fr-FR")
        expect(page.locator("#state")).to_have_attribute("data-state", "down")
        expect(page.locator("#banner")).to_contain_text("Kafka ne répond pas")
        assert server.end(signal.SIGTERM) < ENDS_WITHIN_S
        page.close()  # before it asks the server that has gone, which it would complain of
