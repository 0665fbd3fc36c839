"""What tests in a browser share: one browser and one page per module, and a strict watch."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from storage.images import ImageStore
from tests.dashboard.browsing import FLAGS, Feed, Open
from tests.dashboard.running import PATIENCE_S, page_process
from tests.requirements import require_chromium
from transport.broker import Running
from transport.clients import Cluster

expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="module")
def feed(
    kafka: Running, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Feed]:
    store = ImageStore(tmp_path_factory.mktemp("images"), 20_000_000)
    job = request.module.__name__.rpartition(".")[2].replace("_", "-")
    feed = Feed(Cluster(kafka.bootstrap_servers), job, store)
    with page_process(feed.cluster, store.root, feed.job) as feed.page:
        yield feed


@pytest.fixture(scope="module")  # not longer: Playwright's event loop would block all others
def browser() -> Iterator[Browser]:
    path = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens pages; at the end, none may have complained or asked another machine."""
    contexts, complaints = [], []

    def watch(request: Request) -> None:
        if not re.match(r"(blob:)?(http|ws)://127\.0\.0\.1:", request.url):
            complaints.append(f"asked for {request.url}")

    def open_(link: str, language: str = "en", width: int = 1440, *, strict: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, timezone_id="Europe/Paris"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", watch)  # a route would switch the browser's cache off
        if strict:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type == "error" else None,
            )
        page.goto(link)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
