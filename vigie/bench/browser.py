"""The page as a person's browser draws it: when its first card stands there, and each one after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

FIRST_CARD_MS = 30_000
"""A page that has no card by then is broken; the aim is 1,500."""

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}

RECORDER = """
(() => {
  let shown = new Set(); /* the cards that stand on the page, each by the time of its event */
  let painted = [];
  const afterPaint = (then) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = then;
      channel.port2.postMessage(0);
    });
  const look = () => {
    const times = [...document.querySelectorAll("#feed .card time")].map((time) => time.dateTime);
    const fresh = times.filter((time) => time && !shown.has(time));
    shown = new Set(times);
    if (!fresh.length) return;
    afterPaint(() => {
      const now = performance.timeOrigin + performance.now();
      painted.push(...fresh.map((time) => [Date.parse(time), now]));
    });
  };
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["datetime"] };
  new MutationObserver(look).observe(document, what);
  window.benchPainted = () => painted.splice(0);
})();
"""
"""Runs in the page before its own scripts. A task that is posted from an animation frame runs
right after the frame was painted. What was told is forgotten: the page's memory is measured too."""


def find_chromium() -> str:
    """The path of the system's Chromium.

    Raises:
        ConfigurationError: there is none.
    """
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    raise ConfigurationError(
        "The page is measured in a real browser, and there is no Chromium on the PATH. Install it,"
        " for example by `apt-get install chromium`."
    )


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser without a window.

    Raises:
        ConfigurationError: Chromium or the library that steers it is missing.
    """
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra installs it
    except ImportError as error:
        raise ConfigurationError(
            "The page is measured in a browser that Playwright steers, and it is not installed."
            " Install it by `pip install playwright`; in a checkout, `make lint` does."
        ) from error
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def open_recorded(context: BrowserContext, link: str) -> Page:
    """A page that keeps when each of its cards was painted; it has the first when this returns."""
    context.add_init_script(RECORDER)
    page = context.new_page()
    page.goto(link, wait_until="commit")
    page.locator("#feed .card").first.wait_for(state="visible", timeout=FIRST_CARD_MS)
    return page


def take_painted(page: Page) -> list[tuple[int, float]]:
    """What was painted since the last call, in milliseconds since 1970: (event, its paint)."""
    pairs: list[list[Any]] = page.evaluate("benchPainted()")
    return [(int(happened), float(at)) for happened, at in pairs]


def first_view_ms(browser: Browser, link: str) -> float:
    """From asking for the page to its first painted card, with nothing in the browser's cache."""
    context = browser.new_context(viewport=VIEWPORT)
    page = open_recorded(context, link)
    page.wait_for_timeout(100)  # the frame of the first card is being painted
    first = min(at for _, at in take_painted(page))
    asked: float = page.evaluate("performance.timeOrigin")
    context.close()
    return first - asked
