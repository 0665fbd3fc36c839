"""The feed as a person works it: groups, filters, pause, the past, and the keyboard."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browsing import Feed, Open, alternating, card_ids, read_on
from tests.dashboard.kit import FAILED, seen
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


def expect_events(page: Page, count: int) -> None:
    """Waits until the page's server has read so many events that the page's filter lets through."""
    expect(page.locator(".choice[data-severity=''] .count")).to_have_text(str(count))


def next_second() -> int:
    """Waits for the clock to pass a full second, and gives it: events before are older."""
    now = int(time.time()) + 1
    wait_until(lambda: time.time() > now + 0.1, what="the next second")
    return now


def offsets(ids: list[str]) -> list[int]:
    return [int(one.partition("-")[2]) for one in ids]


def test_events_of_one_camera_that_show_the_same_are_one_card_that_counts(
    feed: Feed, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/?source=grouped")
    card = page.locator("#feed .card")
    expect(page.locator("#feed-loading")).to_be_hidden()
    feed.publish(seen(6), source="grouped")
    expect(card).to_have_count(1)
    card.evaluate("node => { node.kept = 'the same node'; }")
    feed.publish(seen(6), seen(6), source="grouped")
    expect(card.locator(".group-count")).to_have_text("×3")
    expect(card).to_have_count(1)
    expect(card).to_have_js_property("kept", "the same node")
    expect(card).to_have_attribute("aria-label", re.compile("3 images"))
    feed.publish(seen(4), source="grouped")
    expect(card).to_have_count(2)
    expect(card.first).to_contain_text("Phone call, left hand")


def test_single_images_can_be_shown_instead_of_groups(feed: Feed, open_page: Open) -> None:
    feed.publish(*[seen(5)] * 4, source="flat")
    page = open_page(f"{feed.page.link}/?source=flat")
    card = page.locator("#feed .card")
    expect(card).to_have_count(1)
    page.get_by_role("button", name="Similar images in a row as one card").click()
    expect(page).to_have_url(re.compile("source=flat&flat=1"))
    expect(card).to_have_count(4)
    page.get_by_role("button", name="Similar images in a row as one card").click()
    expect(card).to_have_count(1)


def test_tabs_count_what_the_other_filters_let_through(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(0), seen(2), seen(3, 0.4, abstained=True), FAILED, source="counting")
    page = open_page(f"{feed.page.link}/?source=counting&severity=check")
    for severity, count in (("", 4), ("infraction", 1), ("check", 1), ("normal", 1)):
        tab = page.locator(f".choice[data-severity='{severity}']")
        expect(tab.locator(".count")).to_have_text(str(count))
    expect(page.locator(".choice[data-severity=check]")).to_have_attribute("aria-pressed", "true")


def test_filters_are_in_the_address_and_give_a_colleague_the_same_view(
    feed: Feed, open_page: Open
) -> None:
    feed.publish(seen(1, 0.95), seen(2, 0.7), seen(3, 0.9), source="shared")
    feed.publish(seen(1, 0.95), source="other")
    page = open_page(feed.page.link)
    page.locator(".filters-opener").click()
    page.get_by_role("textbox", name="Camera").or_(
        page.get_by_role("combobox", name="Camera")
    ).first.click()
    page.get_by_role("option", name="shared").click()
    expect(page).to_have_url(re.compile(r"\?source=shared"))
    page.get_by_role("slider", name="Lowest confidence, percent").focus()
    for _ in range(17):
        page.keyboard.press("ArrowRight")  # by five percent
    expect(page).to_have_url(re.compile("confidence=85-100"))
    page.get_by_role("button", name="1 h", exact=True).click()
    expect(page).to_have_url(re.compile("source=shared&confidence=85-100&last=3600"))
    page.keyboard.press("Escape")
    expect(page.locator("#filters")).to_be_hidden()
    card = page.locator("#feed .card")
    expect(card).to_have_count(2)
    expect(page.locator(".chip")).to_have_text(["shared", "85% – 100%", "Last hour"])
    again = open_page(page.url)
    expect(again.locator("#feed .card")).to_have_count(2)
    assert card_ids(again) == card_ids(page)
    expect(again.locator(".filters-opener .set-count")).to_have_text("3")
    again.get_by_role("button", name="Take off the filter 85% – 100%").click()
    expect(again.locator("#feed .card")).to_have_count(3)
    again.locator("#clear").click()
    expect(again).to_have_url(re.compile(r"/$"))
    expect(again.locator(".chip")).to_have_count(0)


def test_a_filter_without_a_match_says_so_and_offers_all(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(1), source="some")
    page = open_page(f"{feed.page.link}/?source=nobody")
    expect(page.locator("#feed-nothing")).to_be_visible()
    page.get_by_role("button", name="Show all events").click()
    expect(page.locator("#feed .card").first).to_be_visible()


def test_a_chosen_period_has_its_bounds_in_the_address(feed: Feed, open_page: Open) -> None:
    page = open_page(f"{feed.page.link}/?source=period")
    page.locator(".filters-opener").click()
    page.get_by_label("From").fill("2026-11-20T08:00")
    expect(page).to_have_url(re.compile("source=period&from=1795158000$"))
    page.get_by_label("Until").fill("2026-11-20T07:00")
    expect(page).to_have_url(re.compile("source=period&from=1795158000$"))
    page.get_by_label("Until").fill("2026-11-20T09:30")
    expect(page).to_have_url(re.compile("from=1795158000&to=1795163400$"))


def test_a_pause_keeps_what_is_shown_counts_and_loses_nothing(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(1), source="paused")
    page = open_page(f"{feed.page.link}/?source=paused")
    card = page.locator("#feed .card")
    expect(card).to_have_count(1)
    page.locator(".pause").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "paused")
    for n in range(2, 5):
        feed.publish(seen(n), source="paused")
        expect(page.locator("#waiting-text")).to_have_text(f"{n - 1} new")
    expect(card).to_have_count(1)
    expect(page.locator("#announced")).to_have_text("1 new")
    page.locator(".pause").click()
    expect(card).to_have_count(4)
    assert len(set(card_ids(page))) == 4
    expect(page.locator("#standing")).to_be_hidden()


def test_far_back_and_forth_each_event_is_met_once_and_the_page_stays_small(
    feed: Feed, open_page: Open
) -> None:
    feed.publish(*alternating(600), source="far")
    page = open_page(f"{feed.page.link}/?source=far")
    expect_events(page, 600)
    page.reload()
    expect(page.locator("#feed .card")).to_have_count(48)
    down = read_on(page, down=True)
    assert len(down) == len(set(down)) == 600
    assert offsets(down) == sorted(offsets(down), reverse=True)
    expect(page.locator("#feed-end")).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "history")
    feed.publish(seen(4), source="far")
    expect(page.locator("#waiting-text")).to_have_text("1 new")
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator("#feed .card")).to_have_count(48)
    expect(page.locator("#feed .card").first).to_contain_text("Phone call, left hand")
    assert len(set(card_ids(page)) - set(down)) == 1
    expect(page.locator("#state")).to_have_attribute("data-state", re.compile("live|stale"))


def test_a_jump_stands_in_the_past_and_reads_both_ways(feed: Feed, open_page: Open) -> None:
    feed.publish(*alternating(120), source="jump")
    moment = next_second()
    feed.publish(*alternating(130), source="jump")
    live = open_page(f"{feed.page.link}/?source=jump")
    expect_events(live, 250)
    page = open_page(f"{live.url}&at={moment}")
    expect(page.locator("#state")).to_have_attribute("data-state", "history")
    expect(page.locator("#standing-text")).to_contain_text("Looking at")
    landed = page.locator(".card.landed")
    expect(landed).to_be_in_viewport()
    stood_at = landed.get_attribute("data-id")
    up = read_on(page, down=False)
    met = up + [one for one in read_on(page, down=True) if one not in up]
    assert len(met) == 250
    assert offsets(met) == sorted(offsets(met), reverse=True)
    assert met[130] == stood_at
    page.get_by_role("button", name="Back to live").click()
    expect(page).to_have_url(re.compile(r"source=jump$"))
    expect(page.locator("#state")).to_have_attribute("data-state", re.compile("live|stale"))
    expect(page.locator("#feed .card").first).to_have_attribute("data-id", met[0])


def test_a_page_that_cannot_be_had_is_said_and_tried_again(feed: Feed, open_page: Open) -> None:
    feed.publish(*alternating(70), source="broken")
    page = open_page(f"{feed.page.link}/?source=broken", strict=False)
    expect_events(page, 70)
    page.route("**/api/events?*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#feed .card")).to_have_count(48)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    trouble = page.locator("#older-trouble")
    expect(trouble).to_be_visible()
    expect(trouble).to_contain_text("Older events could not be fetched.")
    page.unroute("**/api/events?*")
    trouble.get_by_role("button", name="Try again").click()
    expect(page.locator("#feed .card")).to_have_count(70)
    expect(trouble).to_be_hidden()
    expect(page.locator("#feed-end")).to_be_visible()


def test_keys_lead_through_the_feed_and_beyond_its_end(feed: Feed, open_page: Open) -> None:
    feed.publish(*alternating(60), source="keyboard")
    page = open_page(f"{feed.page.link}/?source=keyboard", "fr-FR")
    expect(page.locator("#feed .card")).to_have_count(48)
    for _ in range(55):
        page.keyboard.press("j")
    current = page.locator(".card[aria-current]")
    expect(current).to_have_count(1)
    wait_until(lambda: len(card_ids(page)) == 60, what="the older cards")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    expect(current).to_have_count(0)
    for severity in ("infraction", "check", "normal", "failure"):
        page.keyboard.press("t")
        expect(page).to_have_url(re.compile(f"severity={severity}"))
    page.keyboard.press("t")
    expect(page).not_to_have_url(re.compile("severity"))
    page.keyboard.press("g")
    expect(page.get_by_role("dialog", name="Aller à un moment")).to_be_visible()
    expect(page.get_by_label("Date et heure")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#jump")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="Filtres")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("aller à un moment")


def test_a_late_answer_to_a_key_does_not_take_back_the_one_after_it(
    feed: Feed, open_page: Open
) -> None:
    feed.publish(seen(7), FAILED, source="in-a-hurry")
    page = open_page(f"{feed.page.link}/?source=in-a-hurry")
    expect(page.locator("#feed .card")).to_have_count(2)
    page.keyboard.press("t")
    page.keyboard.press("t")
    page.evaluate("vigie.feed.refresh('?severity=infraction&source=in-a-hurry')")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("severity=normal"))


def test_a_choice_that_dash_overwrites_with_the_one_before_is_made_again(
    feed: Feed, open_page: Open
) -> None:
    feed.publish(seen(7), FAILED, source="lost")
    page = open_page(f"{feed.page.link}/?source=lost")
    expect(page.locator("#feed .card")).to_have_count(2)
    page.keyboard.press("t")
    expect(page.locator("#feed .card")).to_have_count(1)
    page.evaluate(
        """() => {
          vigie.address.change({ severity: "failure" });
          vigie.setProps("filter-url", { search: "?severity=infraction&source=lost" });
        }"""
    )
    expect(page).to_have_url(re.compile("severity=failure"))
    expect(page.locator("#feed .card[data-severity=failure]")).to_have_count(1)


def test_a_telephone_keeps_filters_and_pause_within_reach(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(7), seen(7), FAILED, source="a-camera-with-a-rather-long-name-of-its-own")
    page = open_page(feed.page.link, "fr-FR", 390)
    expect(page.locator("#feed .card").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    pause = page.locator(".pause").bounding_box()
    assert pause is not None
    assert pause["y"] > 600
    assert pause["height"] >= 44
    page.get_by_role("button", name="Filtres").click()
    sheet = page.locator("#filters").bounding_box()
    assert sheet is not None
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 900)
    page.get_by_role("button", name="Terminé").click()
    expect(page.locator("#filters")).to_be_hidden()
