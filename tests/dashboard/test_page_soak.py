"""Open all day: five tabs under 20 events a second stay small, calm and true."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.live import packed
from tests.dashboard.browsing import Feed, Open, card_ids, open_stream
from tests.dashboard.kit import FAILED, seen
from vigie.bench.browser import open_recorded, take_painted
from vigie.bench.stream import Flow
from vigie.bench.wire import Wire, most_per_second

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

TABS = 5
RATE = 20.0
GROWTH_BYTES = 5_000_000
LOOK_EVERY_S = 5.0


WATCH_RESETS = """() => {
  const { model } = vigie;
  const { absorb } = model;
  window.resets = [];
  model.absorb = (batch) => {
    if (batch.reset && batch.after === model.cursor) window.resets.push(batch.cards.length);
    return absorb(batch);
  };
}"""
"""A page that a slow machine left untold for so long that more is new than fits on it is told the
newest as a whole, and never paints what came before these."""

FULL_PAGE = 48


class Tab:
    """One page, what its console complained of, and the events that it painted, in order."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.painted: list[int] = []
        self._tools = page.context.new_cdp_session(page)
        page.evaluate(WATCH_RESETS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    def look(self) -> None:
        self.painted += [happened for happened, _ in take_painted(self.page)]

    def heap(self) -> int:
        """Bytes of the page's objects that something still holds."""
        self._tools.send("HeapProfiler.collectGarbage")
        return int(self._tools.send("Runtime.getHeapUsage")["usedSize"])


def watch(tabs: list[Tab], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        tabs[0].page.wait_for_timeout(min(left, LOOK_EVERY_S) * 1000)
        for tab in tabs:
            tab.look()


def settle(tabs: list[Tab], newest: str) -> None:
    """Return when every tab shows the newest card, and has painted it."""
    for tab in tabs:
        expect(tab.page.locator("#feed .card").first).to_have_attribute("data-id", newest)
    watch(tabs, 0.5)


@pytest.mark.parametrize(
    ("warm_up_s", "seconds"),
    [
        pytest.param(8, 17, id="25 seconds"),
        pytest.param(60, 540, id="10 minutes", marks=[pytest.mark.prove, pytest.mark.timeout(900)]),
    ],
)
def test_five_tabs_stay_small_and_calm_and_lose_or_double_nothing(
    feed: Feed, browser: Browser, warm_up_s: float, seconds: float
) -> None:
    stream = open_stream(feed)
    stream.publish_history(100, RATE)
    wire = Wire(browser)
    context = browser.new_context()
    tabs = [Tab(open_recorded(context, feed.page.link)) for _ in range(TABS)]
    watch(tabs, 2)
    for tab in tabs:
        tab.painted.clear()

    with Flow(stream, RATE) as flow:
        watch(tabs, warm_up_s)
        before = [tab.heap() for tab in tabs]
        watch(tabs, seconds)
        growth = [tab.heap() - then for tab, then in zip(tabs, before, strict=True)]
    watch(tabs, 2)
    rebuilt = card_ids(open_recorded(context, feed.page.link))
    settle(tabs, rebuilt[0])
    found = [(tab.complaints, card_ids(tab.page)) for tab in tabs]
    resets = [tab.page.evaluate("resets") for tab in tabs]
    context.close()

    assert found == [([], rebuilt)] * TABS
    assert [len(tab.painted) for tab in tabs] == [len(set(tab.painted)) for tab in tabs]
    for tab, lengths in zip(tabs, resets, strict=True):
        assert set(lengths) <= {FULL_PAGE}
        assert lengths or len(tab.painted) == flow.published
    assert len({update.page for update in wire.updates}) >= TABS
    assert most_per_second(wire.updates) <= 4
    assert max(growth) < GROWTH_BYTES


def test_what_is_pushed_is_what_can_be_asked_for(feed: Feed, open_page: Open) -> None:
    feed.publish(seen(6), seen(6), FAILED, source="packed")
    page = open_page(feed.page.link)
    expect(page.locator("#feed .card[data-severity=failure]").first).to_be_visible()  # the last

    cards = page.request.get(f"{feed.page.link}/api/feed").json()["batch"]["cards"]

    assert len(cards) > 1
    assert page.evaluate("rows => rows.map(vigie.wire.unpack)", [*map(packed, cards)]) == cards
