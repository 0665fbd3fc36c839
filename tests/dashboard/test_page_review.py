"""Review on the page: by key and mouse, alone and by two, with Kafka and without."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from schemas.events import Outcome
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import seen

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


IMPATIENT = """() => {
  const press = () => document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key: "r", bubbles: true }));
  new MutationObserver((_, observer) => { observer.disconnect(); press(); })
    .observe(document.getElementById("feed"), { subtree: true, attributeFilter: ["aria-current"] });
  press();
  press();
}"""
"""Presses R twice, and once more the moment that the next event is chosen."""


def opened(
    feed: Feed,
    open_page: Open,
    source: str,
    *outcomes: Outcome,
    reviewer: str = "Ada",
    more: str = "",
    **how: object,
) -> Page:
    """A page of one camera whose person has given their name."""
    feed.publish(*outcomes, source=source)
    page = open_page(f"{feed.page.link}/?source={source}{more}", **how)
    page.evaluate("name => localStorage.setItem('vigie-reviewer', name)", reviewer)
    expect(page.locator("#feed .card").first).to_be_visible()
    expect(page.locator("#left-text")).not_to_be_empty()
    return page


def is_ready(page: Page) -> None:
    """Waits until it takes the next review: a double press is not for the next event."""
    expect(page.locator("#review")).to_have_attribute("aria-busy", "false")


def press(page: Page, *keys: str) -> None:
    """Each key once the page is ready for it."""
    for key in keys:
        is_ready(page)
        page.keyboard.press(key)


def mark(page: Page, card: int = 0) -> Locator:
    return page.locator("#feed .card").nth(card).locator(".review-mark")


def expect_current(page: Page, card: int) -> None:
    expect(page.locator("#feed .card").nth(card)).to_have_attribute("aria-current", "true")


def stay(page: Page) -> None:
    """Switch the auto-advance off."""
    page.get_by_role("switch", name="Auto-advance").click()


def test_a_key_confirms_goes_on_and_another_takes_it_back(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "keys", seen(0), seen(1), seen(2))
    expect(page.locator("#left-text")).to_have_text("2 of 2 to review")
    press(page, "r")  # begins with the newest
    expect_current(page, 0)
    press(page, "r")
    expect(mark(page)).to_have_text("Confirmed")
    expect(page.locator("#feed .card").first).to_have_attribute(
        "aria-label", re.compile("Confirmed")
    )
    expect(page.locator("#review-said")).to_have_text("Confirmed")
    expect_current(page, 1)
    expect(page.locator("#left-text")).to_have_text("1 of 2 to review")
    press(page, "x")
    expect(mark(page, 1)).to_have_text("False positive")
    expect(page.locator("#left-text")).to_have_text("All reviewed · 2")
    expect(page.locator("#toast-text")).to_contain_text("Nothing else is left")
    expect_current(page, 1)
    press(page, "u")
    expect(mark(page, 1)).to_be_empty()
    press(page, "u")
    expect(mark(page)).to_be_empty()
    expect_current(page, 0)
    expect(page.locator("#left-text")).to_have_text("2 of 2 to review")


def test_a_double_press_decides_once_and_nothing_of_the_next_event(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "double", seen(1), seen(2))
    press(page, "j")
    is_ready(page)
    page.evaluate(IMPATIENT)
    expect_current(page, 1)
    press(page, "k")
    expect(page.locator("#review-log-title")).to_have_text("History (1)")
    expect(page.locator("#left-text")).to_have_text("1 of 2 to review")


def test_the_mouse_decides_once_the_name_is_given_and_it_is_asked_once(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "mouse", seen(1), seen(2), reviewer="")
    page.locator("#feed .card").first.click()
    page.get_by_role("button", name="False positive").first.click()
    name = page.get_by_label("Your name")
    expect(name).to_be_focused()
    name.fill("Grace")
    page.get_by_role("button", name="Continue").click()
    expect(mark(page)).to_have_text("False positive")
    expect_current(page, 1)
    expect(page.locator("#review-who")).to_have_text("Grace")
    is_ready(page)
    page.locator(".review-decisions [data-action=confirm]").click()
    expect(mark(page, 1)).to_have_text("Confirmed")
    expect(page.locator("#review-state")).to_contain_text("Confirmed · Grace")
    is_ready(page)
    page.locator("#toast-undo").click()
    expect(mark(page, 1)).to_be_empty()


def test_a_digit_corrects_to_its_class_and_the_model_s_own_confirms(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "digits", seen(1))
    stay(page)
    press(page, "j", "3")
    expect(page.locator("#review-standing")).to_contain_text("Corrected: Phone call, right hand")
    press(page, "2")
    expect(mark(page)).to_have_text("Confirmed")
    french = {"key": "à", "code": "Digit0", "bubbles": True}  # the unshifted row of an AZERTY
    is_ready(page)
    page.evaluate("key => document.body.dispatchEvent(new KeyboardEvent('keydown', key))", french)
    expect(mark(page)).to_have_text(re.compile("^Corrected: "))
    press(page, "e")
    page.get_by_role("button", name="5 Phone call, left hand").click()
    expect(mark(page)).to_have_text("Corrected: Phone call, left hand")
    expect(page.locator("#review-log-title")).to_have_text("History (4)")
    page.reload()
    switch = page.get_by_role("switch", name="Auto-advance")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(mark(page)).to_have_text("Corrected: Phone call, left hand")


def test_a_group_is_reviewed_as_one_and_an_image_of_it_alone(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "group", *[seen(6)] * 3)
    stay(page)
    press(page, "j")
    expect(page.get_by_role("button", name="All 3 images")).to_have_attribute(
        "aria-pressed", "true"
    )
    press(page, "r")
    expect(page.locator("#toast-text")).to_have_text("Confirmed · 3 images")
    expect(mark(page)).to_have_text("Confirmed")
    expect(page.locator("#left-text")).to_have_text("All reviewed · 3")
    press(page, "u")
    expect(mark(page)).to_be_empty()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="This image")).to_have_attribute("aria-pressed", "true")
    press(page, "x")
    expect(mark(page)).to_have_text("1 of 3 reviewed")
    expect(page.locator("#strip-events .review-mark").nth(1)).to_have_text("False positive")
    expect(page.locator("#left-text")).to_have_text("2 of 3 to review")


def test_two_people_see_each_other_and_are_told_of_the_event_in_view(
    feed: Feed, open_page: Open
) -> None:
    ada = opened(feed, open_page, "both", seen(1))
    grace = open_page(ada.url)
    grace.evaluate("localStorage.setItem('vigie-reviewer', 'Grace')")
    for page in (ada, grace):
        expect(page.locator("#feed .card")).to_have_count(1)
        stay(page)
        press(page, "j")
        expect_current(page, 0)
        expect(page.locator("#inspector-body")).to_have_attribute("aria-busy", "false")
    press(ada, "r")
    expect(grace.locator("#review-heard")).to_have_text("Ada has just said: Confirmed")
    expect(grace.locator("#review-said")).to_have_text("Ada has just said: Confirmed")
    expect(mark(grace)).to_have_text("Confirmed")
    press(grace, "x")
    expect(ada.locator("#review-heard")).to_have_text("Grace has just said: False positive")
    expect(ada.locator("#review-standing")).to_contain_text("False positive · Grace")
    expect(ada.locator("#review-log-title")).to_have_text("History (2)")


def test_what_kafka_did_not_take_is_not_shown_as_done_and_can_be_tried_again(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "refused", seen(1), strict=False)
    stay(page)
    page.route("**/api/reviews", lambda route: route.fulfill(status=503, json={"detail": "away"}))
    press(page, "j", "r")
    trouble = page.locator("#review-trouble")
    expect(trouble).to_contain_text("Nothing was recorded: Kafka does not answer.")
    expect(mark(page)).to_be_empty()
    expect(page.locator("#review-standing")).to_have_text("Not reviewed yet")
    page.unroute("**/api/reviews")
    trouble.get_by_role("button", name="Try again").click()
    expect(mark(page)).to_have_text("Confirmed")
    expect(trouble).to_be_hidden()
    expect(page.locator("#review-log-title")).to_have_text("History (1)")


def test_what_is_to_review_is_a_filter_that_ends_with_nothing_left(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "open", seen(0), seen(1), seen(2))
    page.locator("#review-bar").get_by_role("button", name="To review", exact=True).click()
    expect(page).to_have_url(re.compile("source=open&review=open$"))
    cards = page.locator("#feed .card")
    expect(cards).to_have_count(2)
    expect(page.locator(".chip", has_text="To review")).to_be_visible()
    press(page, "j", "r")
    expect(cards).to_have_count(1)
    expect(page.locator("#left-text")).to_have_text("1 of 2 to review")
    press(page, "r")
    expect(page.locator("#left-text")).to_have_text("All reviewed · 2")
    press(page, "Escape")
    expect(page.locator("#feed-reviewed")).to_contain_text("All reviewed")
    page.locator("#review-bar").get_by_role("button", name="Reviewed", exact=True).click()
    expect(cards).to_have_count(2)
    again = open_page(page.url)
    expect(again.locator("#feed .card")).to_have_count(2)


def test_a_note_is_kept_and_what_is_typed_into_it_is_no_command(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "notes", seen(1), seen(2))
    press(page, "j", "n")
    page.keyboard.type("rx1 jeu?")
    page.keyboard.press("Enter")
    expect(page.locator("#review-noted")).to_contain_text("“rx1 jeu?” · Ada")
    expect(mark(page)).to_be_empty()
    expect_current(page, 0)
    press(page, "u")
    expect(page.locator("#review-noted")).to_be_hidden()


def test_what_is_filtered_can_be_exported(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "exported", seen(1))
    press(page, "j", "r")
    expect(mark(page)).to_have_text("Confirmed")
    page.get_by_text("Export", exact=True).click()
    link = page.get_by_role("link", name="CSV")
    asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert asked == {"query": ["?source=exported"], "format": ["csv"]}
    with page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename.endswith(".csv")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()


def test_a_telephone_reviews_in_the_drawer_in_french(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "phone", *[seen(6)] * 2, language="fr-FR", width=390)
    page.locator("#feed .card").first.click()
    button = page.get_by_role("button", name="Confirmer")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.click()
    expect(page.locator("#toast-text")).to_contain_text("Confirmé · 2 images")
    expect(page.locator("#toast-undo")).to_be_visible()
    is_ready(page)
    page.get_by_role("button", name="Corriger").click()
    page.get_by_role("button", name="2 Texto main droite").click()
    expect(page.locator("#toast-text")).to_contain_text("Corrigé : Texto main droite · 2 images")
    expect(page.locator("#inspector")).to_have_class(re.compile("open"))
    assert page.locator("#inspector").evaluate("pane => pane.scrollWidth - pane.clientWidth") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
