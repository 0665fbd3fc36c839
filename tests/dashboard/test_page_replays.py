"""The page of replays, in a real browser on a real Kafka."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from schemas.events import Outcome, Prediction
from storage.images import ImageStore
from tests.dashboard.browsing import Feed, Open
from tests.dashboard.kit import FAILED, prediction, seen
from tests.dashboard.replaying import make_run, publish_run
from tests.dashboard.running import page_process, publish
from transport.clients import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>"
LIVE = [seen(n % 3) for n in range(40)]
REPLAYED: dict[int, Outcome] = {
    **{n: seen(9, 0.777) for n in range(0, 30, 3)},  # ten of them from safe to talk
    **{n: seen(2) for n in (1, 4)},
    5: seen(2, 0.3, abstained=True),
    8: FAILED,
    11: replace(seen(2), behaviour=HOSTILE),
}


def events(feed: Feed, outcomes: list[Outcome], model: str) -> list[Prediction]:
    return [
        replace(prediction(n, one, sha256=feed.sha256), model_version=model)
        for n, one in enumerate(outcomes)
    ]


@pytest.fixture(scope="module")
def replayed(feed: Feed) -> str:
    """The link of a page whose job has 40 live events and one replay with 15 changes."""
    publish(feed.cluster, feed.job, events(feed, LIVE, "driver-1"))
    outcomes = [REPLAYED.get(n, one) for n, one in enumerate(LIVE)]
    publish_run(feed.cluster, feed.job, make_run(0, 40), events(feed, outcomes, "driver-2"))
    return f"{feed.page.link}/replays"


def test_a_run_says_what_changed_and_shows_both_maps_of_each(
    replayed: str, open_page: Open
) -> None:
    page = open_page(replayed)
    expect(page.locator("#replays-summary")).to_have_text(
        "40 references compared, 15 changed: 37.5%."
    )
    expect(page.locator(".replays-run")).to_contain_text("Finished: 40 images")
    cell = page.get_by_role("button", name="Attentive driving, replayed as Talking to a passenger")
    expect(cell).to_have_text("≠ 10")
    changes = page.locator(".replays-change")
    expect(changes).to_have_count(12)
    newest = changes.first
    expect(newest).to_contain_text("Attentive driving → Talking to a passenger")
    for text in ("driver-1", "driver-2", "91.0%", "77.7%", "cabin-01"):
        expect(newest).to_contain_text(text)
    maps = newest.locator("img.heat").evaluate_all(
        "images => Promise.all(images.map(i => i.decode().then(() => i.getAttribute('src'))))"
    )
    assert [re.sub("-[0-9a-f]{8}-", "-*-", src) for src in maps] == [
        "/heat/0-27-*-0.png",
        "/heat/replays/0-27-*-9.png",
    ]
    page.get_by_role("button", name="Show older").click()
    expect(changes).to_have_count(15)
    expect(page.get_by_role("button", name="Show older")).to_be_hidden()
    expect(page.locator("[data-source='0-8']")).to_contain_text("Image truncated")
    expect(page.locator("[data-source='0-11']")).to_contain_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0
    newest.get_by_role("link", name="Show in the feed").click()
    expect(page).to_have_url(re.compile("/#event-0-27$"))


def test_a_cell_of_the_table_filters_the_list_by_keyboard_and_stands_in_the_address(
    replayed: str, open_page: Open
) -> None:
    page = open_page(replayed, "fr-FR")
    cell = page.locator("[data-was=safe][data-now=talk]")
    cell.press("Enter")
    changes = page.locator(".replays-change")
    expect(changes).to_have_count(10)
    expect(page).to_have_url(re.compile("was=safe&now=talk"))
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(cell).to_be_focused()
    expect(page.locator("#replays-changes")).to_contain_text("10 verdicts changés")
    page.reload()
    expect(changes).to_have_count(10)
    page.get_by_role("button", name="Voir tous les changements").click()
    expect(changes).to_have_count(12)


def test_a_run_that_goes_on_fills_the_page_by_itself(feed: Feed, open_page: Open) -> None:
    job = f"{feed.job}-running"
    other = Feed(feed.cluster, job, feed.store)
    with page_process(feed.cluster, feed.store.root, job) as process:
        page = open_page(f"{process.link}/replays")
        expect(page.locator("#replays-empty")).to_contain_text("Nothing has been replayed yet")
        outcomes = events(other, LIVE, "driver-1")
        publish(feed.cluster, job, outcomes)
        half, whole = make_run(0, 40, done=20), make_run(0, 40)
        whole = replace(whole, started_at=half.started_at)
        publish_run(feed.cluster, job, half, outcomes[:20])
        page.reload()
        run = page.locator(".replays-run")
        expect(run).to_contain_text("50% done: 20 of 40")
        expect(page.locator("#replays-changes")).to_have_text("No verdict changed")
        publish_run(feed.cluster, job, whole, outcomes[20:])
        expect(run).to_contain_text("Finished: 40 images")
        expect(page.locator("#replays-summary")).to_contain_text("40 references compared")


def test_a_telephone_swipes_the_table_and_never_the_page(replayed: str, open_page: Open) -> None:
    page = open_page(replayed, "fr-FR", 390)
    expect(page.locator(".replays-change").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_kafka_the_page_says_so(feed: Feed, open_page: Open) -> None:
    nowhere = Cluster("127.0.0.1:1", {"log_level": "0"})
    store: ImageStore = feed.store
    with page_process(nowhere, store.root, "nowhere") as process:
        page = open_page(f"{process.link}/replays", strict=False)
        expect(page.locator("#replays-trouble")).to_contain_text("Kafka does not answer")
