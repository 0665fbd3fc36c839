"""Trying it in a real browser: pictures to their verdicts, and simulated cameras by hand."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.consumers.kit import make_place, running
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import noise_jpeg
from tests.dashboard.running import page_process
from tests.vigie.cli import ROOT, environment
from transport.broker import Running
from transport.clients import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>.jpg"
DROP = """([content, name, kind]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const what = { dataTransfer, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new DragEvent(kind, what));
}"""
PASTE = """([content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""


@pytest.fixture(scope="module")
def worker(kafka: Running, feed: Feed) -> Iterator[None]:
    """Judges what the page of this module sends."""
    with running(make_place(kafka.bootstrap_servers, feed.job, feed.store.root)):
        yield


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("[data-action=choose]").click()
    chooser.value.set_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
    )


def rows(page: Page, state: str) -> object:
    return page.locator(f".attempt[data-state={state}]")


def test_a_picture_gets_its_verdict_and_a_link_to_it_in_the_feed(
    feed: Feed, worker: None, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/try", "en-GB")
    choose(page, (HOSTILE, noise_jpeg(seed=2)), ("second.jpg", noise_jpeg(seed=3)))
    expect(rows(page, "done")).to_have_count(2)
    row = page.locator(".attempt").last  # the first one given: newest on top
    expect(row).to_contain_text("Phone call, left hand · 90%")
    expect(row).to_contain_text("Infraction")
    expect(row).to_contain_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0
    for image in (row.locator("img.photo"), row.locator("img.heat")):
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    expect(page.get_by_role("log")).to_contain_text("second.jpg: Phone call")
    row.get_by_role("link", name="See it in the feed").click()
    expect(page).to_have_url(re.compile(r"source=upload.*#event-0-\d+$"))
    expect(page.locator("#feed .card").first).to_contain_text("Phone call, left hand")
    page.go_back()
    expect(rows(page, "done")).to_have_count(2)  # the list lives as long as the tab


def test_a_picture_dropped_on_another_page_is_taken_to_this_one(
    feed: Feed, worker: None, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/statistics", "fr-FR")
    expect(page.locator("#statistics-scope")).not_to_be_empty()
    picture = text(noise_jpeg(seed=4))
    page.evaluate(DROP, [picture, "dropped.jpg", "dragenter"])
    expect(page.locator(".drop-target")).to_be_visible()
    expect(page.locator(".drop-target")).to_have_text("Déposez pour faire juger")
    page.evaluate(DROP, [picture, "dropped.jpg", "drop"])
    expect(page.locator(".drop-target")).to_be_hidden()
    expect(page).to_have_url(f"{feed.page.link}/try")
    expect(rows(page, "done")).to_contain_text(re.compile("Appel main gauche · 90\\s%"))


def test_a_pasted_picture_is_sent(feed: Feed, worker: None, open_page: Open) -> None:
    page = open_page(f"{feed.page.link}/try", "en-GB")
    expect(page.locator("[data-action=choose]")).to_be_visible()
    page.evaluate(PASTE, [text(noise_jpeg(seed=5))])
    expect(rows(page, "done")).to_contain_text("image.png")


def test_what_is_refused_says_why_in_the_reader_s_language_and_the_rest_goes_on(
    feed: Feed, worker: None, open_page: Open
) -> None:
    page = open_page(f"{feed.page.link}/try", "fr-FR", strict=False)  # a 415 is logged
    choose(page, ("text.jpg", b"hello"), ("big.jpg", bytes(20_000_001)), ("a.jpg", noise_jpeg()))
    expect(rows(page, "done")).to_have_count(1)
    refused = rows(page, "refused")
    expect(refused).to_have_count(2)
    expect(refused.last).to_contain_text("pas une image lisible")
    expect(refused.first).to_contain_text("20 Mo")
    page.get_by_text("EN", exact=True).click()
    expect(refused.first).to_contain_text("larger than 20 MB")
    page.get_by_role("button", name="Clear the list").click()
    expect(page.locator(".attempt")).to_have_count(0)


def test_without_a_worker_the_page_waits_and_goes_on_when_one_comes(
    kafka: Running, tmp_path: Path, open_page: Open
) -> None:
    place = make_place(kafka.bootstrap_servers, "nobody", tmp_path)
    with page_process(place.cluster, tmp_path, "nobody") as server:
        page = open_page(f"{server.link}/try", "en-GB", strict=False)
        choose(page, ("patient.jpg", noise_jpeg()))
        expect(rows(page, "waiting")).to_contain_text("Waiting for the worker")
        page.reload()
        expect(rows(page, "waiting")).to_contain_text("patient.jpg")
        with running(place):
            expect(rows(page, "done")).to_contain_text("Phone call, left hand")


def test_without_kafka_the_picture_is_kept_on_the_page_to_be_sent_again(
    tmp_path: Path, open_page: Open
) -> None:
    nowhere = Cluster("127.0.0.1:1", {"log_level": "0"})
    with page_process(nowhere, tmp_path, "away") as server:
        page = open_page(f"{server.link}/try", "en-GB", strict=False)  # a 503 is logged
        choose(page, ("a.jpg", noise_jpeg()))
        expect(rows(page, "refused")).to_contain_text("Kafka does not take pictures now")
        expect(page.get_by_role("button", name="Send again")).to_be_visible()
        server.end(signal.SIGKILL)
        page.get_by_role("button", name="Send again").click()
        expect(rows(page, "refused")).to_contain_text("server does not answer")


@contextmanager
def simulator(home: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "simulate", "--follow"],
        cwd=ROOT,
        env=environment(home),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_the_simulated_cameras_do_what_the_panel_says(feed: Feed, open_page: Open) -> None:
    page = open_page(f"{feed.page.link}/try", "en-GB")
    state, cameras = page.locator("#simulator-state"), feed.store.root / "cameras"
    expect(state).to_have_text("Not there")
    expect(page.locator("#simulator-absent")).to_contain_text("vigie simulate")
    expect(page.locator(".simulate")).to_be_disabled()
    with simulator(feed.store.root):
        expect(state).to_have_text("Running")
        page.get_by_role("button", name="Stop").click()
        expect(state).to_have_text("Stopped")
        expect(page.locator("#simulator-age")).to_contain_text("last image")
        before = {file.name for file in cameras.glob("*/*")}
        page.get_by_label("Behaviour").select_option("Phone call, left hand")
        page.get_by_label("Cameras", exact=True).fill("1")
        page.get_by_label("Speed").focus()
        page.keyboard.press("End")
        expect(page.locator("#simulator-rate-value")).to_have_text("30 images/s each")
        page.get_by_role("button", name="Start").click()
        expect(state).to_have_text("Running")
        page.reload()
        expect(page.locator("#simulator-cameras-value")).to_have_text("1 camera")
        expect(page.locator("#simulator-behaviour")).to_have_value("4")
        page.get_by_role("button", name="Stop").click()
        expect(state).to_have_text("Stopped")
        drawn = {file.name for file in cameras.glob("*/*.jpg")} - before
        assert drawn
        assert all(name.endswith("-c4.jpg") for name in drawn)
    expect(state).to_have_text("Not there")


@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
def test_a_telephone_shows_it_without_scrolling_sideways(
    feed: Feed, worker: None, open_page: Open, language: str
) -> None:
    page = open_page(f"{feed.page.link}/try", language, 390)
    choose(page, ("a-rather-long-name-without-any-space-" * 4 + ".jpg", noise_jpeg(seed=6)))
    expect(rows(page, "done")).to_have_count(1)
    expect(page.locator("#simulator-rate-slider")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_first_page_after_a_start_has_its_scripts_whatever_its_address(
    kafka: Running, tmp_path: Path, open_page: Open
) -> None:
    place = make_place(kafka.bootstrap_servers, "first", tmp_path)
    with page_process(place.cluster, tmp_path, "first") as server:
        page = open_page(f"{server.link}/try", "en-GB", strict=False)  # its server ends before it
        expect(page.get_by_role("heading", name="Try it")).to_be_visible()
        expect(page.locator("#simulator-rate-slider")).to_be_visible()
