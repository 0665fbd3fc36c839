"""Makes the pictures of the page: each state, light and dark, wide and on a telephone.

Usage: python -m tests.end_to_end.screenshots FOLDER [STATE ...]   (`make screenshots` does it)

Without a state it makes those of the docs; "all" is every one.

The drivers are drawn, the verdicts are the real model's. Nothing else is shown: no photograph.
"""

from __future__ import annotations

import itertools
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.dashboard.browsing import FLAGS
from tests.dashboard.running import page_process
from tests.end_to_end.scenery import BUSES, Scenery, open_scenery
from tests.requirements import require_chromium

LARGEST_BYTES = 150_000
QUALITIES = (70, 60, 50, 40)
"""The best that stays below the limit is kept."""

PATIENCE_MS = 60_000
SETTLE_MS = 700
"""Longer than any transition of the page, and than a chart takes to draw."""

ALL_DECODED = """images => Promise.all(
  images.filter((image) => image.checkVisibility()).map((image) => image.decode().catch(() => 0))
)"""

SIZES = {"": (1440, 900), "-phone": (390, 844)}
SCHEMES = ("light", "dark")


@dataclass(frozen=True)
class Shot:
    """One state of the page: where it is, and how a person gets there."""

    path: str
    reach: Callable[[Page], None]
    language: str = "en-GB"


def has_cards(page: Page) -> None:
    expect(page.locator("#feed .card").nth(5)).to_be_visible()


def with_keys(*keys: str) -> Callable[[Page], None]:
    """A state that a person gets to by the keyboard."""

    def reach(page: Page) -> None:
        has_cards(page)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(SETTLE_MS / 2)

    return reach


def has_failure_open(page: Page) -> None:
    page.locator("#feed .card[data-severity=failure]").first.click()
    expect(page.locator("#inspector-title")).not_to_be_empty()


def sees(selector: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector).first).to_be_visible()


LIVE = {
    "feed": Shot("/", has_cards),
    "feed-french": Shot("/", has_cards, "fr-FR"),
    "detail": Shot("/?severity=infraction", with_keys("j", "Enter")),
    "side-by-side": Shot("/?severity=infraction", with_keys("j", "Enter", "v")),
    "filters": Shot("/", with_keys("f")),
    "jump": Shot("/", with_keys("g")),
    "paused": Shot("/", with_keys("Space")),
    "help": Shot("/", with_keys("?")),
    "nothing-found": Shot("/?source=nobody", sees("#feed-nothing")),
    "failure": Shot("/?severity=failure", has_failure_open),
    "statistics": Shot("/statistics", sees("#by-behaviour .bars .point")),
    "dead-letters": Shot("/dead-letters", sees("#letters li")),
    "try-it": Shot("/try", sees("#try")),
}
"""While everything runs."""

FIRST = {"first-use": Shot("/", sees("#feed-first"))}
"""Before the first event."""

STALE = {"stale": Shot("/", lambda page: expect_state(page, "stale"))}
"""When no image comes any more."""

DOWN = {"kafka-down": Shot("/", lambda page: expect_state(page, "down"))}
"""When Kafka does not answer."""

GONE = {"reconnecting": Shot("/", has_cards)}
"""Opened while all was well; then the page's server ends."""

SHOTS = {**LIVE, **FIRST, **STALE, **DOWN, **GONE}

SHIPPED = ("feed", "detail", "statistics", "dead-letters", "try-it")
"""In the docs, one per page: a checkout stays small, and anyone can make the others."""

ALL = "all"


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("#state")).to_have_attribute("data-state", state)


def file_names(states: Iterable[str]) -> list[str]:
    """The files of these states."""
    return [
        f"{state}{size}-{scheme}.jpg"
        for state, size, scheme in itertools.product(states, SIZES, SCHEMES)
    ]


class Maker:
    """Takes the pictures of the wanted states."""

    def __init__(self, browser: Browser, folder: Path, wanted: Sequence[str]) -> None:
        self._browser = browser
        self._folder = folder
        self._wanted = set(wanted)

    def take(self, link: str, shots: dict[str, Shot]) -> None:
        """Open each state in every size and scheme, and take its picture."""
        for state, shot in self._chosen(shots):
            for size, scheme in itertools.product(SIZES, SCHEMES):
                with self._open(link, shot, size, scheme) as page:
                    self._keep(page, f"{state}{size}-{scheme}.jpg")

    def take_after(self, link: str, shots: dict[str, Shot], happens: Callable[[], object]) -> None:
        """Open the states in every size and scheme, let it happen, take their pictures."""
        with ExitStack() as opened:
            pages = {
                f"{state}{size}-{scheme}.jpg": opened.enter_context(
                    self._open(link, shot, size, scheme)
                )
                for state, shot in self._chosen(shots)
                for size, scheme in itertools.product(SIZES, SCHEMES)
            }
            happens()
            for name, page in pages.items():
                expect_state(page, "reconnecting")
                self._keep(page, name)

    def _chosen(self, shots: dict[str, Shot]) -> list[tuple[str, Shot]]:
        return [(state, shot) for state, shot in shots.items() if state in self._wanted]

    @contextmanager
    def _open(self, link: str, shot: Shot, size: str, scheme: str) -> Iterator[Page]:
        width, height = SIZES[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            locale=shot.language,
            timezone_id="Europe/Paris",
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(link + shot.path)
        shot.reach(page)
        yield page
        context.close()

    def _keep(self, page: Page, name: str) -> None:
        page.locator("img[src]").evaluate_all(ALL_DECODED)
        page.wait_for_timeout(SETTLE_MS)
        for quality in QUALITIES:
            picture = page.screenshot(type="jpeg", quality=quality)
            if len(picture) < LARGEST_BYTES:
                break
        (self._folder / name).write_bytes(picture)


def make_all(folder: Path, wanted: Sequence[str], scratch: Path) -> None:
    """Make the wanted states, in the order in which a day could bring them."""
    expect.set_options(timeout=PATIENCE_MS)
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, open_scenery(scratch, datetime.now(UTC)) as scenery:
        browser = playwright.chromium.launch(executable_path=require_chromium(), args=FLAGS)
        maker = Maker(browser, folder, wanted)
        with page_process(scenery.cluster, scratch / "images", "nothing-yet") as empty:
            maker.take(empty.link, FIRST)
        with scenery.driving():
            break_one(scenery)
            maker.take(scenery.link, LIVE)
        maker.take(scenery.link, STALE)
        with page_process(scenery.cluster, scratch / "images", "driver") as server:
            maker.take_after(server.link, GONE, partial(server.end, signal.SIGKILL))
        scenery.broker.stop()
        maker.take(scenery.link, DOWN)
        browser.close()


def break_one(scenery: Scenery) -> None:
    """A camera that was switched off while it wrote."""
    whole = scenery.album[BUSES[2], 4].data
    scenery.drop(BUSES[2], "cut-off.jpg", whole[: len(whole) // 3])


def main(folder: str, *wanted: str) -> None:
    states = tuple(SHOTS) if wanted == (ALL,) else wanted or SHIPPED
    if unknown := set(states) - set(SHOTS):
        raise SystemExit(f"There is no state {unknown}; the states are: {', '.join(SHOTS)}.")
    with tempfile.TemporaryDirectory(prefix="vigie-scenery-") as scratch:
        make_all(Path(folder), states, Path(scratch))


if __name__ == "__main__":
    main(*sys.argv[1:])
