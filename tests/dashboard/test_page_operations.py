"""The operations strip and the page of dead letters, in a real browser on a real Kafka."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.consumers.kit import Place, make_place
from tests.consumers.kit_forked import forked
from tests.dashboard.browsing import Open
from tests.dashboard.kit import noise_jpeg
from tests.dashboard.running import PageProcess, page_process
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.dead_letters import read_dead_letters

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>.jpg"
SEEN_WITHIN_S = 12.0


@pytest.fixture
def place(kafka: Running, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    job = re.sub("[^a-z]+", "-", request.node.name.lower())[-60:]
    return make_place(kafka.bootstrap_servers, job, tmp_path / "images")


@pytest.fixture
def page(place: Place) -> Iterator[PageProcess]:
    with page_process(place.cluster, place.store.root, place.topics.job) as page:
        yield page


def fail(place: Place, *messages: bytes) -> None:
    """Have the worker refuse these."""
    before = len(list(read_dead_letters(place.cluster, place.topics)))
    place.publish(list(messages))
    with forked(place):
        wait_until(
            lambda: (
                len(list(read_dead_letters(place.cluster, place.topics))) == before + len(messages)
            ),
            what="the dead letters",
        )


def missing(place: Place, n: int, **changes: object) -> bytes:
    return place.reference(n, path="00/nothing", **changes)


def test_the_strip_tells_of_a_worker_that_is_killed_and_of_its_successor(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    shown = open_page(page.link)
    strip = shown.locator("#operations")
    expect(strip).to_have_attribute("data-worker", "absent")
    expect(strip).to_contain_text("No worker")
    place.publish([place.reference(n, noise_jpeg()) for n in range(3)])
    expect(strip).to_contain_text(re.compile(r"3 waiting, oldest \d+ s"))
    with forked(place) as worker:
        expect(strip).to_have_attribute("data-worker", "alive")
        expect(strip).to_contain_text("0 waiting")
        worker.process.kill()
        began = time.monotonic()
        expect(strip).to_have_attribute("data-worker", "absent")
        assert time.monotonic() - began < SEEN_WITHIN_S
    with forked(place):
        expect(strip).to_have_attribute("data-worker", "alive")
        shown.get_by_text("FR", exact=True).click()
        expect(strip).to_contain_text("Analyse active")


def test_each_figure_explains_itself_to_keyboard_and_mouse(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    shown = open_page(page.link)
    expect(shown.locator("#operations")).to_have_attribute("data-worker", "absent")
    for name in ("worker", "waiting", "rate", "dead"):
        why = shown.locator(f"#operations-{name}-why")
        expect(why).to_be_hidden()
        shown.locator(f"#operations-{name}-box .operation").focus()
        expect(why).to_be_visible()
        expect(why).not_to_be_empty()
    shown.keyboard.press("Escape")
    expect(shown.locator("#operations-dead-why")).to_be_hidden()
    shown.locator("#operations-worker-box").hover()
    expect(shown.locator("#operations-worker-why")).to_contain_text("vigie infer")


def test_without_kafka_the_strip_does_not_know(tmp_path: Path, open_page: Open) -> None:
    nowhere = Cluster("127.0.0.1:1", {"log_level": "0"})
    with page_process(nowhere, tmp_path, "nowhere") as server:
        shown = open_page(f"{server.link}/dead-letters", strict=False)
        expect(shown.locator("#operations")).to_contain_text("Worker not known")
        expect(shown.locator("#operations-worker-why")).to_have_text(
            "Not known: Kafka does not answer."
        )
        expect(shown.locator("#letters-trouble")).to_contain_text("Kafka does not answer")


def test_a_dead_letter_says_all_it_knows_and_runs_nothing(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    shown = open_page(f"{page.link}/dead-letters")
    expect(shown.locator("#letters-empty")).to_contain_text("every image got its verdict")
    fail(place, missing(place, 1, name=HOSTILE), b"hello")
    letters = shown.locator("#letters .letter")
    expect(letters).to_have_count(2)  # by itself
    newest, oldest = letters.nth(0), letters.nth(1)
    expect(newest).to_contain_text("Unreadable message")
    expect(newest).to_contain_text(b"hello".hex(" "))
    for text in ("Image missing", "cabin-01", HOSTILE, "00/nothing", "7 B", "a replay fails again"):
        expect(oldest).to_contain_text(text)
    assert shown.locator("img[src=x]").count() == 0
    expect(shown.locator("#letters-badge")).to_have_text("2")
    expect(shown.locator("#operations-dead")).to_have_text("2 dead letters")
    oldest.get_by_role("button", name="Show in the feed").click()
    expect(shown).to_have_url(re.compile("/#event-0-0$"))


def test_letters_are_filtered_by_reason_and_paged_back_to_the_first(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    fail(place, b"odd", *(missing(place, n) for n in range(45)))
    shown = open_page(f"{page.link}/dead-letters?reason=image_missing")
    letters = shown.locator("#letters .letter")
    expect(letters).to_have_count(20)
    for count in (40, 45):
        shown.get_by_role("button", name="Show older").click()
        expect(letters).to_have_count(count)
    expect(shown.get_by_role("button", name="Show older")).to_be_hidden()
    expect(letters.last).to_contain_text("0, 1")
    ids = letters.evaluate_all("nodes => nodes.map(node => node.dataset.id)")
    assert len(set(ids)) == 45
    shown.locator("[data-reason=message_not_avro]").press("Enter")
    expect(letters).to_have_count(1)
    expect(shown).to_have_url(re.compile("reason=message_not_avro"))
    expect(shown.locator(".letters-reason[aria-pressed=true]")).to_have_text(
        re.compile("Unreadable message ?1")
    )


def test_a_replay_by_keyboard_gets_the_mended_image_its_verdict(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    stored = place.store.put(b"image that was late")
    late = place.store.root / stored.path
    hidden = late.rename(late.with_suffix(".later"))
    fail(place, place.reference(1, path=stored.path, sha256=stored.sha256))
    shown = open_page(f"{page.link}/dead-letters")
    letter = shown.locator("#letters .letter")
    letter.get_by_role("button", name="Replay").press("Enter")
    dialog = shown.get_by_role("dialog")
    expect(dialog).to_contain_text("still not in the image store")
    shown.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    hidden.rename(late)
    letter.get_by_role("button", name="Replay").press("Enter")
    shown.keyboard.press("Tab")
    shown.keyboard.press("Enter")
    expect(shown.locator("#letters-said")).to_contain_text("1 original sent again: Kafka has it")
    expect(letter).to_contain_text("Sent again")
    with forked(place):
        assert [one.reference_id for one in place.predictions(2)] == ["r1", "r1"]
        expect(shown.locator("#operations-waiting")).to_have_text("0 waiting")
    assert len(list(read_dead_letters(place.cluster, place.topics))) == 1


def test_all_of_one_reason_are_sent_again_once(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    fail(place, *(missing(place, n) for n in range(25)), b"odd")
    shown = open_page(f"{page.link}/dead-letters", "fr-FR")
    shown.locator("[data-reason=image_missing]").click()
    again = shown.locator("#letters-replay-all")
    expect(again).to_have_text("Rejouer les 25 de ce motif")
    again.click()
    expect(shown.get_by_role("dialog")).to_contain_text("s’arrête")
    shown.locator("#replay-send").click()
    expect(shown.locator("#letters-said")).to_contain_text("25 originaux renvoyés")
    expect(again).to_be_hidden()
    expect(shown.locator("#operations-waiting")).to_contain_text("25 en attente")


def test_a_replay_that_kafka_does_not_take_says_why(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    fail(place, missing(place, 1))
    shown = open_page(f"{page.link}/dead-letters", strict=False)
    sentence = "1 of 1 dead letters were not taken: no answer from the broker."
    shown.route(
        "**/api/dead-letters/replay",
        lambda route: route.fulfill(status=503, json={"code": "replay", "error": sentence}),
    )
    shown.get_by_role("button", name="Replay").click()
    shown.locator("#replay-send").click()
    expect(shown.locator("#replay-trouble")).to_have_text(sentence)
    expect(shown.locator("#replay-send")).to_have_text("Send again")
    expect(shown.locator("#replay-send")).to_be_enabled()


def post(link: str, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(link.removeprefix("http://"), timeout=30)
    try:
        connection.request("POST", "/api/dead-letters/replay", body, headers)
        reply = connection.getresponse()
        return reply.status, json.load(reply)
    finally:
        connection.close()


def test_only_the_page_itself_may_replay_and_only_what_there_is(
    place: Place, page: PageProcess
) -> None:
    fail(place, b"odd")
    own = {"Origin": page.link}
    wish = b'{"reason": "message_not_avro"}'
    for headers in ({}, {"Origin": "https://example.org"}, {"Origin": "null"}):
        assert post(page.link, wish, **headers)[0] == 403
    assert post(page.link, b'{"place": "0-0"' + b" " * 2000 + b"}", **own)[0] == 413
    for wrong in (b"", b"{}", b'{"place": 7}', b'{"place": "0-0", "reason": "x"}', b"[]"):
        assert post(page.link, wrong, **own)[0] == 422
    assert post(page.link, b'{"place": "../etc"}', **own)[0] == 404
    assert post(page.link, b'{"place": "0-77"}', **own)[0] == 410
    wait_until(lambda: post(page.link, wish, **own) == (200, {"replayed": 1}), what="it is known")
    assert post(page.link, wish, **own) == (200, {"replayed": 0})
    assert post(page.link, b'{"place": "0-0"}', **own) == (200, {"replayed": 1})


def test_a_telephone_shows_strip_and_letters_without_scrolling_sideways(
    place: Place, page: PageProcess, open_page: Open
) -> None:
    long_name = "a-camera-with-a-rather-long-name-of-its-own"
    fail(place, missing(place, 1, source=long_name, name="x" * 200), bytes(range(96)))
    for language in ("en-GB", "fr-FR"):
        shown = open_page(f"{page.link}/dead-letters", language, 390)
        expect(shown.locator("#letters .letter")).to_have_count(2)
        expect(shown.locator("#operations-dead")).to_have_text("2")
        shown.locator("#operations-waiting-box .operation").focus()
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390, language
