"""What people with a screen reader or tired eyes meet: axe-core on every page and state.

Nothing serious and nothing critical, in light and dark, in English and French.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from schemas.codec import decode_prediction, encode_reference
from storage.images import ImageStore
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import FAILED, prediction, seen
from tests.dashboard.replaying import make_run, publish_run
from tests.dashboard.running import PATIENCE_S, page_process, read_events
from transport.clients import Cluster
from transport.topics import JobTopics

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
GRAVE = {"serious", "critical"}

Reach = Callable[[Page], None]
"""Brings a page that has just been opened into a state."""


def grave_findings(page: Page) -> list[str]:
    """What axe finds serious or critical, one line for each place on the page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)  # by the DevTools protocol, which the page's policy does not bind
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['impact']}) at {' '.join(map(str, place['target']))}:"
        f" {place['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for place in rule["nodes"]
    ]


def shows(selector: str) -> Reach:
    return lambda page: expect(page.locator(selector).first).to_be_visible()


def after_keys(*keys: str, shows: str) -> Reach:
    """A state that a person gets to by the keyboard."""

    def reach(page: Page) -> None:
        expect(page.locator("#feed .card").first).to_be_visible()
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(shows).first).to_be_visible()

    return reach


def has_detail(page: Page) -> None:
    expect(page.locator("#feed .card").first).to_be_visible()
    page.locator("#feed .card[data-severity=infraction]").first.click()
    expect(page.locator("#inspector-bars li")).to_have_count(10)


def has_failure_open(page: Page) -> None:
    page.locator("#feed .card[data-severity=failure]").first.click()
    expect(page.locator("#inspector-title")).to_have_text(re.compile("truncated|tronquée"))


def is_down(page: Page) -> None:
    expect(page.locator("#state")).to_have_attribute("data-state", "down")


CHARTS = shows("#by-behaviour .main-svg")
REPLAYED = shows("#replays-list .replays-side")


@dataclass(frozen=True)
class Walk:
    """States that one page is brought into, one after the other.

    Attributes:
        what: the page looks at a job with events, one without, or one whose Kafka is away.
        states: how to get to each from the page as it was opened.
    """

    what: str
    path: str
    width: int
    states: dict[str, Reach]


WALKS = {
    "feed": Walk(
        "full",
        "/",
        1440,
        {
            "feed": shows("#feed .card"),
            "filters": after_keys("f", shows="#filters"),
            "jump": after_keys("g", shows="#jump"),
            "large picture": after_keys("j", "Enter", "l", shows="#large"),
            "side by side": after_keys("j", "Enter", "v", shows="#inspector-photo"),
            "detail": has_detail,
            "classes to choose": after_keys("j", "e", shows=".review-class"),
            "failure open": has_failure_open,
            "help": after_keys("?", shows="[role=dialog]:visible"),
        },
    ),
    "feed on a telephone": Walk(
        "full",
        "/",
        390,
        {
            "feed": shows("#feed .card"),
            "filters": after_keys("f", shows="#filters"),
            "detail": has_detail,
        },
    ),
    "nothing found": Walk("full", "/?source=nobody", 1440, {"": shows("#feed-nothing")}),
    "first use": Walk("empty", "/", 1440, {"": shows("#feed-first")}),
    "Kafka away": Walk("away", "/", 1440, {"": is_down}),
    "statistics": Walk("full", "/statistics", 1440, {"": CHARTS}),
    "statistics on a telephone": Walk("full", "/statistics", 390, {"": CHARTS}),
    "replays": Walk("full", "/replays", 1440, {"": REPLAYED}),
    "replays on a telephone": Walk("full", "/replays", 390, {"": REPLAYED}),
    "no replay": Walk("empty", "/replays", 1440, {"": shows("#replays-empty")}),
    "dead letters": Walk("full", "/dead-letters", 1440, {"": shows("#letters li")}),
    "dead letters on a telephone": Walk("full", "/dead-letters", 390, {"": shows("#letters li")}),
    "no dead letter": Walk("empty", "/dead-letters", 1440, {"": shows("#dead-letters .empty")}),
    "try it": Walk("full", "/try", 1440, {"": shows("#try")}),
    "try it on a telephone": Walk("full", "/try", 390, {"": shows("#try")}),
}


@pytest.fixture(scope="module")
def links(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The pages' links, by what they look at."""
    seen_once = [seen(0), FAILED, seen(6), seen(3, 0.4, abstained=True), seen(2), seen(2)]
    feed.publish(*seen_once, source="cabin-01")
    publish_dead_letter(feed)
    publish_replay(feed, len(seen_once))
    store = tmp_path_factory.mktemp("axe")
    empty = Feed(feed.cluster, "axe-empty", ImageStore(store, 20_000_000))
    away = Cluster("127.0.0.1:1", {"log_level": "0"})
    with (
        page_process(feed.cluster, store, empty.job) as without_events,
        page_process(away, store, "axe-away") as without_kafka,
    ):
        yield {"full": feed.page.link, "empty": without_events.link, "away": without_kafka.link}


def publish_replay(feed: Feed, events: int) -> None:
    """Another model's verdicts on the same images: each live one, an image later."""
    read = read_events(feed.cluster, feed.job, events)
    live = [decode_prediction(message.value()) for message in read]
    outcomes = [one.outcome for one in live[1:] + live[:1]]
    events = [replace(one, outcome=said) for one, said in zip(live, outcomes, strict=True)]
    run = make_run(live[0].source_offset, live[-1].source_offset + 1)
    publish_run(feed.cluster, feed.job, run, events)


def publish_dead_letter(feed: Feed) -> None:
    producer = feed.cluster.producer("test-axe")
    headers = [("vigie_reason", FAILED.reason.encode()), ("vigie_detail", FAILED.detail.encode())]
    reference = prediction(1).reference
    assert reference is not None
    topic = JobTopics(feed.job).dead_letters
    producer.produce(topic, encode_reference(reference), headers=headers)
    assert producer.flush(PATIENCE_S) == 0


MAIN = ("feed", "first use", "Kafka away", "statistics", "replays", "dead letters", "try it")


def go_back(page: Page) -> None:
    """To the page as it was opened."""
    for _ in range(2):  # one may be open over the other
        page.keyboard.press("Escape")
    open_ones = "dialog[open], [role=dialog]:visible, .card[aria-current]"
    expect(page.locator(open_ones)).to_have_count(0)


@pytest.mark.parametrize(
    ("walk", "language"),
    [
        *((walk, "fr-FR") for walk in WALKS),
        # The other pages show the same words in another arrangement; French ones are the longer.
        *((walk, "en-GB") for walk in MAIN),
    ],
)
def test_axe_finds_nothing_serious(
    links: dict[str, str], open_page: Open, walk: str, language: str
) -> None:
    way = WALKS[walk]
    page = open_page(links[way.what] + way.path, language, way.width)
    found = {}
    for state, reach in way.states.items():
        reach(page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
            found[state, scheme] = grave_findings(page)
        go_back(page)
    assert {at: findings for at, findings in found.items() if findings} == {}
