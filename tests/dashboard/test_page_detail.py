"""One event in full, as a person sees, hears, copies, downloads and prints it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, Page, expect

from schemas.events import HeatGrids
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import FAILED, seen

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

WIDTH = 1600  # pixels of the digestible picture
CELLS = 12


def corners(label: int = 7) -> object:
    """Class 7 is hot in the upper left, class 2 in the lower right, the others nowhere."""
    cells = bytearray(10 * CELLS)
    cells[7 * CELLS] = cells[3 * CELLS - 1] = 255
    return replace(seen(label, 0.93), heat=HeatGrids(3, 4, (1.0,) * 10, bytes(cells)))


def opened(feed: Feed, open_page: Open, source: str, *outcomes: object, **how: object) -> Page:
    """A page that shows the newest of these events in full."""
    feed.publish(*outcomes, source=source)  # type: ignore[arg-type]
    page = open_page(f"{feed.page.link}/?source={source}", **how)
    page.locator("#feed .card").first.click()
    expect(page.locator("#inspector-body")).to_have_attribute("aria-busy", "false")
    return page


def picture(download: Download) -> Image.Image:
    return Image.open(io.BytesIO(Path(download.path()).read_bytes()))


def downloaded(page: Page) -> Image.Image:
    with page.expect_download() as waiting:
        page.locator("[data-action=download]").click()
    return picture(waiting.value)


@contextmanager
def without_image(feed: Feed) -> Iterator[None]:
    kept, feed.sha256 = feed.sha256, "d" * 64
    yield
    feed.sha256 = kept


def test_image_and_heat_map_lie_as_chosen_and_the_choice_is_remembered(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "views", corners())
    plain, heated = page.locator("#inspector-photo"), page.locator("#inspector-shot")
    expect(plain).to_be_hidden()
    page.get_by_role("button", name="Side by side").click()
    expect(plain).to_be_visible()
    left, right = plain.bounding_box(), heated.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    page.reload()
    expect(page.get_by_role("button", name="Side by side")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("v")
    swipe = page.get_by_role("slider", name="without its heat map").first
    swipe.focus()
    before = heated.evaluate("shot => getComputedStyle(shot).clipPath")
    page.keyboard.press("ArrowRight")
    assert heated.evaluate("shot => getComputedStyle(shot).clipPath") != before


def test_the_heat_map_of_any_class_is_shown_with_its_name_and_its_sentence(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "maps", corners())
    sentence, heat = page.locator("#inspector-gaze"), page.locator("#inspector-shot .heat")
    expect(sentence).to_have_text(
        "For “Reaching behind” the model looked mainly at the upper left: 100% of the heat lies"
        " on 11% of the image."
    )
    own = heat.get_attribute("src")
    bar = page.locator("#inspector-bars button", has_text="Phone call, right hand")
    bar.focus()
    page.keyboard.press("Enter")
    expect(bar).to_have_attribute("aria-pressed", "true")
    expect(sentence).to_contain_text("looked mainly at the lower right")
    expect(page.locator("#inspector-heat")).to_have_text(
        "Heat map of Phone call, right hand, not the verdict"
    )
    assert heat.get_attribute("src") != own
    page.locator("#inspector-bars button", has_text="Attentive driving").click()
    expect(sentence).to_have_text("No part of the image spoke for “Attentive driving”.")


def test_the_detail_speaks_french(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "french", corners(), language="fr-FR")
    expect(page.locator("#inspector-gaze")).to_contain_text("a surtout regardé en haut à gauche")
    expect(page.locator("#inspector-facts")).to_contain_text("Place dans le journal")
    page.get_by_text("EN", exact=True).click()
    expect(page.locator("#inspector-gaze")).to_contain_text("looked mainly at the upper left")


def test_the_one_picture_is_a_png_of_the_promised_width_with_the_heat_map_in_it(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "picture", corners())
    with page.expect_download() as waiting:
        page.keyboard.press("d")
    assert re.fullmatch(r"vigie-\d{8}-\d{6}-reach-0-\d+\.png", waiting.value.suggested_filename)
    heated = picture(waiting.value)
    assert (heated.format, heated.width) == ("PNG", WIDTH)
    left, right = (
        np.asarray(heated.convert("RGB").crop(box), float)
        for box in ((48, 48, 788, 603), (812, 48, 1552, 603))
    )
    assert left.std() > 10
    assert np.abs(left - right).max() > 30
    page.keyboard.press("h")
    plain = downloaded(page)
    assert plain.width == WIDTH
    assert plain.tobytes() != heated.tobytes()


def test_the_one_picture_reaches_the_clipboard(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "clipboard", corners())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.bring_to_front()
    page.get_by_role("button", name="Copy picture").click()
    expect(page.locator("#notice")).to_have_text("Picture copied")
    kinds = page.evaluate(
        "async () => (await navigator.clipboard.read()).flatMap(item => item.types)"
    )
    assert "image/png" in kinds


def test_without_a_clipboard_the_picture_is_downloaded_and_the_page_says_so(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "no-clipboard", corners())
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Copy picture").click()
    assert picture(waiting.value).width == WIDTH
    expect(page.locator("#notice")).to_contain_text("the picture was downloaded")
    page.get_by_role("button", name="Copy: Image SHA-256").click()
    expect(page.locator("#notice")).to_contain_text("copy the selected text")
    assert page.evaluate("getSelection().toString()") == feed.sha256


def test_a_failure_has_no_heat_map_and_a_picture_all_the_same(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "failed", FAILED)
    expect(page.locator("#inspector-detail")).to_have_text(FAILED.detail)
    expect(page.locator("#inspector-controls")).to_be_hidden()
    expect(page.locator("#inspector-classes")).to_be_hidden()
    drawn = downloaded(page)
    assert drawn.width == WIDTH
    assert np.asarray(drawn.convert("L")).std() > 5


def test_an_image_that_left_the_store_is_said_to_be_gone(feed: Feed, open_page: Open) -> None:
    with without_image(feed):
        page = opened(feed, open_page, "imageless", corners(), strict=False)
    expect(page.locator("#inspector-missing")).to_contain_text("no longer in the image store")
    expect(page.locator("#inspector-bars li")).to_have_count(10)
    assert downloaded(page).width == WIDTH


def test_the_film_strip_walks_through_a_group_and_each_step_has_its_address(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "strip", *[seen(7, 0.9 + n / 100) for n in range(4)])
    thumbs = page.locator("#strip-events button")
    expect(thumbs).to_have_count(4)
    expect(page.locator("#strip-title")).to_have_text("4 events of this group")
    expect(thumbs.nth(3)).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowLeft")
    expect(thumbs.nth(2)).to_have_attribute("aria-current", "true")
    expect(page.locator("#inspector-bars li").first).to_contain_text("92")
    thumbs.first.click()
    expect(thumbs.first).to_be_focused()
    place = thumbs.first.get_attribute("data-id")
    expect(page).to_have_url(re.compile(f"#event-{place}$"))
    again = open_page(page.url)
    expect(again.locator("#inspector-p")).to_have_text("90%")
    expect(again.locator("#strip-events button")).to_have_count(4)


def test_previous_and_next_move_as_the_keys_do_and_keep_the_focus(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "neighbours", seen(1), seen(2), seen(3))
    title = page.locator("#inspector-title")
    expect(title).to_have_text("Texting, left hand")
    button = page.get_by_role("button", name="Next event (J)")
    button.click()
    expect(title).to_have_text("Phone call, right hand")
    expect(button).to_be_focused()
    page.get_by_role("button", name="Previous event (K)").click()
    expect(title).to_have_text("Texting, left hand")


def test_the_large_view_follows_the_keys_and_escape_closes_it_alone(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "large", seen(1), seen(2))
    opener = page.get_by_role("button", name="Large view (L)")
    opener.focus()
    page.keyboard.press("Enter")
    large = page.locator("#large")
    expect(large).to_be_visible()
    expect(page.locator("#large-title")).to_have_text("Phone call, right hand")
    page.keyboard.press("j")
    expect(page.locator("#large-title")).to_have_text("Texting, right hand")
    shot = page.locator("#large-shot").bounding_box()
    assert shot is not None
    assert shot["height"] > 600
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page.locator(".card[aria-current]")).to_have_count(1)


def test_the_large_view_can_be_looked_at_from_nearer(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "near", corners())
    page.keyboard.press("l")
    photo = page.locator("#large-shot .photo")
    far = photo.bounding_box()
    page.keyboard.press("z")
    near = photo.bounding_box()
    assert far is not None
    assert near is not None
    assert near["width"] == pytest.approx(2.5 * far["width"], rel=0.01)
    page.keyboard.press("ArrowRight")
    moved = photo.bounding_box()
    assert moved is not None
    assert moved["x"] < near["x"]
    page.get_by_role("button", name="Nearer (Z)").click()
    assert photo.bounding_box() == far


def test_a_link_to_an_event_that_is_gone_says_so(feed: Feed, open_page: Open) -> None:
    page = open_page(f"{feed.page.link}/#event-0-999999", strict=False)
    expect(page.locator("#inspector-lost")).to_contain_text("This event is not there")
    expect(page.locator("#inspector-body")).to_be_hidden()
    expect(page.locator("#inspector-again")).to_be_hidden()


def test_a_link_put_into_the_address_of_an_open_page_is_followed(
    feed: Feed, open_page: Open
) -> None:
    page = opened(feed, open_page, "linked", seen(1), seen(2))
    first = page.locator("#feed .card").nth(1).get_attribute("data-id")
    page.evaluate(f"location.hash = 'event-{first}'")
    expect(page.locator("#inspector-title")).to_have_text("Texting, right hand")


def test_an_event_that_nobody_answers_for_can_be_asked_for_again(
    feed: Feed, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/?source=away", strict=False)
    page.route("**/api/events/0-*", lambda route: route.abort())
    feed.publish(corners(), source="away")  # type: ignore[arg-type] # the pane asks for it at once
    page.locator("#feed .card").click()
    expect(page.locator("#inspector-lost")).to_contain_text("cannot be read now")
    page.unroute("**/api/events/0-*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#inspector-bars li")).to_have_count(10)


def test_print_is_one_page_of_the_event_and_nothing_else(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "printed", corners(), language="fr-FR")
    page.emulate_media(media="print")
    for part in ("#feed", ".toolbar", ".nav", ".share", ".segments", "#state"):
        expect(page.locator(part).first).to_be_hidden()
    for part in ("#inspector-photo", "#inspector-shot", "#inspector-bars", "#inspector-facts"):
        expect(page.locator(part)).to_be_visible()
    expect(page.locator("#inspector-facts")).to_contain_text(feed.sha256)
    pages = re.findall(rb"/Count (\d+)", page.pdf(prefer_css_page_size=True))
    assert pages == [b"1"]


def test_a_telephone_shows_the_detail_without_scrolling_sideways(
    feed: Feed, open_page: Open
) -> None:
    page = opened(
        feed, open_page, "phone", *[corners() for _ in range(6)], language="fr-FR", width=390
    )
    pane = page.locator("#inspector")
    expect(pane).to_be_focused()
    assert pane.evaluate("pane => pane.scrollWidth - pane.clientWidth") == 0
    page.get_by_role("button", name="Grande vue").click()
    expect(page.locator("#large-title")).to_be_visible()
    assert page.locator("#large").evaluate("box => box.scrollWidth - box.clientWidth") == 0


@pytest.mark.parametrize(
    ("novelty", "language", "words"),
    [
        (None, "en", "whether this is “Phone call, left hand” or “Attentive driving”: a person"),
        (None, "fr", "entre « Appel main gauche » et « Conduite attentive »"),
        (1.5, "en", "The image is unlike those the model knows: a person should look."),
        (1.5, "fr", "L’image ne ressemble pas à celles que le modèle connaît"),
    ],
)
def test_an_event_to_check_says_why(
    feed: Feed, open_page: Open, novelty: float | None, language: str, words: str
) -> None:
    outcome = replace(seen(4, 0.3, abstained=True), novelty=novelty)
    page = opened(feed, open_page, f"doubt-{novelty}-{language}", outcome, language=language)
    expect(page.locator("#doubt")).to_contain_text(words)


def test_an_event_without_doubt_is_not_doubted(feed: Feed, open_page: Open) -> None:
    page = opened(feed, open_page, "no-doubt", seen(4))
    expect(page.locator("#doubt")).to_be_hidden()
    expect(page.locator("#gaze")).to_contain_text("the model looked")


def test_a_heat_map_that_failed_its_check_is_marked_wherever_it_is_shown(
    feed: Feed, open_page: Open
) -> None:
    outcome = replace(seen(4), heat=replace(seen(4).heat, verified=False))
    page = opened(feed, open_page, "failed-map", outcome)
    expect(page.locator("#gaze")).to_have_text(
        "This heat map does not agree with the verdict: do not go by it."
    )
    expect(page.locator("#inspector-heat")).to_contain_text("does not agree with the verdict")
    page.keyboard.press("l")
    expect(page.locator("#large-heat")).to_contain_text("does not agree with the verdict")
