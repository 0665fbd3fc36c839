"""What tests in a browser share: one browser and one page per module, and a strict watch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from storage.images import ImageStore
from tests.dashboard.browsing import FLAGS, Feed, Open, Pages
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


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[Pages]:
    made = Pages(browser)
    yield made
    made.close()


@pytest.fixture
def open_page(pages: Pages) -> Iterator[Open]:
    """Opens pages; at the end, none may have complained or asked another machine."""
    yield pages.open
    assert pages.leave() == []
