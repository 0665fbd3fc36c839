"""The statistics in a real browser and from a real Kafka: exact, reachable, told in words."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.messages import TopicMessages
from dashboard.feed.reader import Reader
from dashboard.i18n import translator
from dashboard.pages.statistics import Counted
from dashboard.texts import behaviours, reasons
from dashboard.windows.store import no_windows
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_window
from schemas.events import Failure, Outcome, Prediction
from schemas.statistics import HOUR_S
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import KEYS, item, prediction, seen
from tests.dashboard.recount import Fact, recount
from tests.dashboard.running import PATIENCE_S, page_process, publish, read_events
from tests.dashboard.test_statistics import told
from tests.dashboard.windowing import windows_of
from tests.waiting import wait_until
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_statistics, ensure_topics

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

PARIS = translator("en", "Europe/Paris")
START = int(time.time()) // 3600 * 3600 - 7200
END = START + 5400
BEFORE = 2 * START - END
EVENTS = 400
CAMERAS = ("cabin-01", "a-camera-with-a-rather-long-name-of-its-own", "dock & <yard>")
NAMES, REASONS = behaviours(PARIS, BEHAVIOURS), reasons(PARIS)


def outcome(chance: random.Random) -> Outcome:
    """One of every kind; never of a certainty that two bars share."""
    if chance.random() < 0.15:
        return Failure(chance.choice(["image_truncated", "image_missing", "model_error"]), "Why.")
    confidence = 0.12 + chance.randrange(88) / 100 + 0.003
    return seen(chance.randrange(10), confidence, abstained=confidence < 0.5)


def made(feed: Feed, n: int, chance: random.Random) -> Prediction:
    """An event in the period, in the one before, or just outside of both; edges among them."""
    moments = (START, END, BEFORE, BEFORE - 5)
    at = moments[n] if n < len(moments) else BEFORE - 9 + chance.random() * (END - BEFORE + 30)
    when = datetime.fromtimestamp(at, UTC)
    source = chance.choice(CAMERAS)
    return prediction(n, outcome(chance), source=source, sha256=feed.sha256, at=when)


@dataclass(frozen=True)
class Known:
    """What was published, as the topic itself tells it."""

    feed: Feed
    facts: list[Fact]

    def count(self, edges: tuple[int, ...] = (START, END)) -> dict[str, Any]:
        return recount(self.facts, edges, PARIS.zone)

    @property
    def link(self) -> str:
        return f"{self.feed.page.link}/statistics?from={START}&to={END}"


@pytest.fixture(scope="module")
def known(feed: Feed) -> Known:
    chance = random.Random(7)
    publish(feed.cluster, feed.job, [made(feed, n, chance) for n in range(EVENTS)])
    messages = read_events(feed.cluster, feed.job, EVENTS)
    return Known(feed, [Fact.of_message(message.value() or b"") for message in messages])


@pytest.fixture
def hub(known: Known) -> Iterator[Hub]:
    cluster, topic = known.feed.cluster, JobTopics(known.feed.job).predictions
    hub = Hub(10_000)
    reader = Reader(cluster, topic, hub, TopicMessages(cluster, topic, 1 << 20))
    reader.start()
    wait_until(lambda: len(hub) == EVENTS, what="all events are in the window")
    yield hub
    reader.stop()


@pytest.mark.parametrize("wanted", [FeedFilter(start=START, end=END), FeedFilter()])
def test_the_summary_equals_a_recount_of_the_topic(
    known: Known, hub: Hub, wanted: FeedFilter
) -> None:
    found = Counted(hub, no_windows(), time.time).of(wanted, PARIS)
    assert told(found.now) == recount(known.facts, found.edges, PARIS.zone)
    if found.before:
        earlier = [edge - (END - START) for edge in found.edges]
        assert told(found.before) == recount(known.facts, earlier, PARIS.zone)
        assert found.before.events > 100
    assert found.now.events > 100


def rows(page: Page, panel: str) -> dict[str, list[str]]:
    """The table of a panel: what stands in the cells of each row, by its first one."""
    details = page.locator(f"details[data-table={panel}]")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    expect(details.locator("tbody tr").first).to_be_visible()
    read = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    return {row[0]: row[1:] for row in details.locator("tbody tr").evaluate_all(read)}


def test_every_number_on_the_page_equals_a_recount_of_the_topic(
    known: Known, open_page: Open
) -> None:
    page, count, before = open_page(known.link), known.count(), known.count((BEFORE, START))
    events = sum(count["kinds"])
    expect(page.locator("#statistics-scope")).to_contain_text(f"{events} events")
    tiles = page.locator(".stat-value")
    expect(tiles.first).to_have_text(str(events))
    kinds = dict(zip(("infraction", "check", "normal", "failure"), count["kinds"], strict=True))
    shown = [kinds["infraction"], kinds["check"], kinds["failure"]]
    assert tiles.all_text_contents()[1:4] == list(map(str, shown))
    expect(page.locator(".stat").first).to_contain_text(f"before: {sum(before['kinds'])}")

    for panel, name, counted in (
        ("by-behaviour", NAMES, "behaviours"),
        ("by-source", {camera: camera for camera in CAMERAS}, "sources"),
    ):
        told_rows = rows(page, panel)
        for key, title in name.items():
            was = sum(before[counted].get(key, ()))
            numbers = [*count[counted][key], sum(count[counted][key]), was]
            assert told_rows[title][:6] == list(map(str, numbers))
    failures = {REASONS[reason]: str(n) for reason, n in count["reasons"].items()}
    assert {name: row[0] for name, row in rows(page, "by-reason").items()} == failures
    bars = [str(sum(bar)) for bar in count["confidence"]][::-1]
    assert [row[4] for row in rows(page, "by-confidence").values()] == bars
    edges = FIVE_MINUTES
    columns = [str(sum(column)) for column in known.count(edges)["columns"]][::-1]
    assert [row[4] for row in rows(page, "over-time").values()] == columns
    known_latency = [one and str(one[2]) for one in known.count(edges)["latencies"]][::-1]
    latencies = [row[2] for row in rows(page, "by-latency").values()]
    assert latencies == [n for n in known_latency if n]


FIVE_MINUTES = tuple(range(START, END + 1, 300))


def test_a_cell_of_class_and_hour_is_counted_in_the_reader_s_time_zone(
    known: Known, open_page: Open
) -> None:
    page, count = open_page(known.link), known.count()
    table = page.locator("details[data-table=by-hour]")
    table.locator("summary").click()
    expect(table.locator("tbody tr").first).to_be_visible()
    read = "rows => rows.map(row => [...row.cells].slice(0, 3).map(cell => cell.textContent))"
    shown = {(name, hour): n for name, hour, n in table.locator("tbody tr").evaluate_all(read)}
    wanted = {
        (NAMES[key], hour_words(hour)): str(n)
        for key in KEYS
        for hour, n in enumerate(count["hours"].get(key, ()))
        if n
    }
    assert shown == wanted


def hour_words(hour: int) -> str:
    clocks = [
        f"{(h % 24 + 11) % 12 + 1}:00\u202f{'AM' if h % 24 < 12 else 'PM'}"
        for h in (hour, hour + 1)
    ]
    return " – ".join(clocks)


def test_a_row_of_a_table_leads_by_keyboard_to_its_events(known: Known, open_page: Open) -> None:
    page, count = open_page(known.link), known.count()
    rows(page, "by-behaviour")
    page.locator("#by-behaviour-table").get_by_text(NAMES["drink"], exact=True).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/\?behaviour=drink"))
    asked = parse_qs(urlparse(page.url).query)
    assert (asked["from"], asked["to"]) == ([str(START)], [str(END)])
    expect(page.locator("#feed .card").first).to_contain_text(NAMES["drink"])
    found = str(sum(count["behaviours"]["drink"]))
    expect(page.locator(".choice[data-severity=''] .count")).to_have_text(found)
    page.go_back()
    expect(page.locator("#statistics-scope")).to_contain_text("events")
    expect(page).to_have_url(known.link)


def place(page: Page, panel: str, across: float, down: float) -> tuple[float, float]:
    """A point of the plot, in shares of its width and height."""
    spot = page.locator(f"#{panel} .nsewdrag")
    spot.scroll_into_view_if_needed()
    box = spot.bounding_box()
    assert box, panel
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def aim(page: Page, panel: str, across: float, down: float) -> tuple[float, float]:
    """Points at a bar until the chart, which may still move, shows what is under the pointer."""
    found: list[tuple[float, float]] = []

    def is_shown() -> bool:
        found.append(place(page, panel, across, down))
        page.mouse.move(*found[-1])
        return page.locator(f"#{panel} .hoverlayer > *").count() > 0

    wait_until(is_shown, what=f"what is under the pointer in {panel}")
    return found[-1]


def test_a_click_on_a_bar_opens_the_feed_with_its_events(known: Known, open_page: Open) -> None:
    page = open_page(known.link)
    hour = datetime.fromtimestamp(START, PARIS.zone).hour
    clicks = (
        ("by-behaviour", 0.02, 0.05, r"\?behaviour=[\w-]+&from="),
        ("by-source", 0.02, 0.1, r"\?source=[^&]+&from="),
        ("by-reason", 0.02, 0.1, r"\?severity=failure&reason=\w+&from="),
        ("by-confidence", 15.5 / 20.1, 0.98, r"\?confidence=75-79&from="),
        ("over-time", 3.5 / 18, 0.9, rf"\?from={START + 900}&to={START + 1200}"),
        ("by-hour", (hour + 0.5) / 24, 0.05, rf"\?behaviour=[\w-]+&from={START}&to={START + 3600}"),
    )
    for panel, across, down, address in clicks:
        page.goto(known.link)  # going back would move the charts while they are aimed at
        page.mouse.click(*aim(page, panel, across, down))
        expect(page).to_have_url(re.compile(address))
        expect(page.locator("#feed")).to_be_visible()
    page.go_back()
    expect(page.locator("#statistics-scope")).not_to_be_empty()


def test_a_link_shows_a_colleague_the_same_period(known: Known, open_page: Open) -> None:
    page = open_page(f"{known.feed.page.link}/statistics")
    expect(page.locator("[aria-current]", has_text="All kept")).to_be_visible()
    page.get_by_role("link", name="1 day").click()
    expect(page).to_have_url(re.compile(r"/statistics\?last=86400$"))
    expect(page.locator("#statistics-periods [aria-current]")).to_have_text("1 day")
    page.locator("#statistics-other summary").click()
    page.get_by_label("From", exact=True).fill("2020-01-01T00:00")
    page.get_by_label("To", exact=True).fill("2020-01-02T00:00")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"from=1577833200&to=1577919600$"))  # midnight in Paris
    expect(page.get_by_text("Nothing happened in this period.")).to_be_visible()
    expect(page.locator(".panels")).to_be_hidden()
    page.get_by_role("link", name="Show all that is kept").click()
    expect(page.locator(".stat-value").first).to_have_text(str(EVENTS))


@pytest.fixture(scope="module")
def long_kept(feed: Feed) -> Iterator[str]:
    """The link of a page whose topic of windows reaches back further than its events."""
    job = f"{feed.job}-long"
    topics, admin = JobTopics(job), feed.cluster.admin()
    ensure_topics(admin, topics, TopicSettings())
    ensure_statistics(admin, topics, TopicSettings())
    when = datetime.fromtimestamp(START, UTC)
    publish(feed.cluster, job, [prediction(0, seen(6), sha256=feed.sha256, at=when)])
    old = [replace(item(6), at=START - n * 36_000.0) for n in range(1, 40)]
    producer = feed.cluster.producer(f"test-{job}")
    for window in windows_of(old, [HOUR_S]):
        producer.produce(topics.statistics, encode_window(window), window.key)
    assert producer.flush(PATIENCE_S) == 0
    with page_process(feed.cluster, feed.store.root, job) as served:
        yield served.link


def test_a_long_period_is_counted_from_windows_and_leads_to_what_the_feed_still_has(
    long_kept: str, open_page: Open
) -> None:
    page = open_page(f"{long_kept}/statistics?last=2592000")
    expect(page.locator("#statistics-scope")).to_contain_text("counted by whole hours")
    expect(page.locator(".stat-value").first).to_have_text("39")
    expect(page.locator("#by-share-words")).to_contain_text("Leads: cabin-01, 100%")
    expect(page.locator("#by-precision-words")).to_contain_text("Nobody has reviewed")
    expect(page.get_by_role("link", name="Review what is open")).to_be_visible()
    assert rows(page, "by-share") == {"cabin-01": ["39", "39", "100%", "91% – 100%"]}
    page.locator("#by-share-table a").click()
    expect(page.locator("#feed .card")).to_have_count(1)
    expect(page.locator("#feed-reach")).to_contain_text("The feed reaches back to")


def test_numbers_grow_while_the_page_is_open(known: Known, open_page: Open) -> None:
    page = open_page(f"{known.feed.page.link}/statistics?last=600")
    expect(page.locator("#statistics.loading")).to_have_count(0)
    before = page.locator(".stat-value").first.text_content()
    known.feed.publish(seen(6), seen(6))
    expect(page.locator(".stat-value").first).not_to_have_text(before or "")


def test_each_chart_is_told_in_words_in_the_reader_s_language(
    known: Known, open_page: Open
) -> None:
    page = open_page(known.link, "fr-FR")
    chart = page.get_by_role("img", name="Comportements", exact=True)
    expect(chart).to_have_accessible_description(re.compile(r"^Le plus souvent : .+ \(\d+\)"))
    expect(page.locator("#statistics-scope")).to_contain_text("comparé au")
    page.get_by_text("EN", exact=True).click()
    expect(page.locator("#by-behaviour-words")).to_contain_text("Most often:")


@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_a_telephone_shows_all_charts_without_scrolling_sideways(
    known: Known, open_page: Open, language: str
) -> None:
    page = open_page(known.link, language, 390)
    expect(page.locator("#by-reason .bars .point").first).to_be_visible()
    assert page.locator("#statistics").evaluate("box => box.scrollWidth <= box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
