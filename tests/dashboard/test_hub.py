"""The hub answers a page's own state: without a browser, a clock or Kafka."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import EVERYTHING, FeedFilter
from dashboard.feed.hub import Batch, Hub, PageState
from dashboard.feed.items import Item, Place, card
from dashboard.feed.listing import PAGE_LENGTH, Card, alone
from dashboard.reviews.ledger import Ledger
from tests.dashboard.kit import FAILED, all_cards, item, seen

EVENTS = [item(n, FAILED if n % 7 == 3 else None) for n in range(200)]


def hub_of(items: list[Item], history: int = 1000) -> Hub:
    hub = Hub(history)
    hub.open("log-1")
    hub.add(items)
    hub.complete()
    return hub


def ask(hub: Hub, cursor: str | None = None, query: str = "", paused: bool = False) -> Batch:
    batch = hub.batch(PageState.from_store({"cursor": cursor, "query": query, "paused": paused}))
    assert batch is not None
    return batch


def ids(batch: Batch) -> list[str]:
    return [card["id"] for card in batch["cards"]]


def cards_of(items: list[Item]) -> list[Card]:
    return [alone(one, Ledger()) for one in items]


def test_a_repeated_question_gets_the_same_answer() -> None:
    hub = hub_of(EVENTS)
    assert ask(hub, "log-1/0-90") == ask(hub, "log-1/0-90")


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.randoms())
def test_a_live_page_shows_what_a_rebuilt_page_shows(
    steps: list[int], randomness: random.Random
) -> None:
    live, shown, cursor, at = Hub(60), [], None, 0
    live.open("log-1")
    live.complete()
    for step in steps:
        live.add(EVENTS[at : at + step])
        at += step
        if randomness.random() < 0.7:  # else the update was lost or late
            batch = ask(live, cursor)
            shown = (ids(batch) + ([] if batch["reset"] else shown))[:PAGE_LENGTH]
            cursor = batch["cursor"]
    batch = ask(live, cursor)
    shown = (ids(batch) + ([] if batch["reset"] else shown))[:PAGE_LENGTH]
    rebuilt = hub_of(EVENTS[: min(at, len(EVENTS))], 60)
    assert shown == ids(ask(rebuilt))
    assert all_cards(live) == all_cards(rebuilt)
    assert live.pulse(1e9) == rebuilt.pulse(1e9)


@given(st.permutations([0, 0, 0, 0, 1, 1, 1, 2, 2]))
def test_partitions_read_in_any_order_give_the_same_window(turns: list[int]) -> None:
    parts = {p: [item(n, partition=p, appended_ms=n * 10) for n in range(4)] for p in range(3)}
    queues = {p: list(parts[p]) for p in parts}
    hub = hub_of([queues[p].pop(0) for p in turns], 5)
    whole = sorted((queued for p in parts for queued in parts[p]), key=lambda i: i.order)
    taken = [i for i in whole if i not in queues[i.place.partition]]
    assert all_cards(hub) == cards_of(taken[-5:])


def test_events_read_again_after_an_outage_are_not_doubled() -> None:
    hub = hub_of(EVENTS[:50])
    hub.add(EVENTS[30:60])
    assert [card["id"] for card in all_cards(hub)] == [str(found.place) for found in EVENTS[:60]]


def test_the_window_keeps_the_newest_and_counts_only_them() -> None:
    hub = hub_of(EVENTS, 10)
    assert all_cards(hub) == cards_of(EVENTS[-10:])
    assert sum(hub.counts(EVERYTHING).values()) == 10
    assert hub.card(EVENTS[0].place) is None
    last = hub.card(EVENTS[-1].place)
    assert last is not None
    assert last | card(EVENTS[-1]) == last


def test_a_broker_clock_set_back_does_not_hide_events() -> None:
    hub = hub_of([item(0, appended_ms=1000)])
    cursor = ask(hub)["cursor"]
    hub.add([item(1, appended_ms=400)])
    assert ids(ask(hub, cursor)) == ["0-2"]


def test_a_cursor_from_a_topic_that_was_deleted_starts_the_page_anew() -> None:
    batch = ask(hub_of(EVENTS[:5]), "log-0/0-4")
    assert batch["reset"]
    assert len(batch["cards"]) == 5


def test_a_cursor_beyond_the_end_starts_the_page_anew() -> None:
    assert ask(hub_of(EVENTS[:5]), "log-1/0-99")["reset"]


def test_a_cursor_of_this_topic_outlives_the_server() -> None:
    cursor = ask(hub_of(EVENTS[:20]))["cursor"]
    batch = ask(hub_of(EVENTS[:23]), cursor)
    assert (batch["reset"], ids(batch)) == (False, ["0-44", "0-42", "0-40"])


def test_a_hub_that_still_reads_the_topic_gives_no_answer() -> None:
    hub = Hub(10)
    hub.open("log-1")
    hub.add(EVENTS[:3])
    assert hub.batch(PageState()) is None
    assert hub.state == "loading"


def test_an_empty_topic_is_an_answer_too() -> None:
    batch = ask(hub_of([]))
    assert (batch["reset"], batch["cards"]) == (True, [])


def test_a_topic_made_anew_empties_the_window() -> None:
    hub = hub_of(EVENTS)
    assert hub.open("log-2") == {}
    assert all_cards(hub) == []


def test_a_paused_page_only_hears_how_many_wait() -> None:
    batch = ask(hub_of(EVENTS[:30]), "log-1/0-18", paused=True)
    assert (batch["cards"], batch["waiting"], batch["cursor"]) == ([], 20, "log-1/0-18")


@pytest.mark.parametrize("severity", ["infraction", "check", "normal", "failure"])
def test_a_filtered_page_shows_that_severity_alone(severity: str) -> None:
    made = [seen(0), seen(3), seen(5, 0.4, abstained=True), FAILED]
    hub = hub_of([item(n, made[n % 4]) for n in range(40)])
    cards = ask(hub, query=f"?severity={severity}")["cards"]
    assert {card["severity"] for card in cards} == {severity}
    assert len(cards) == 10


def test_the_ribbon_counts_the_last_ten_minutes_by_severity() -> None:
    hub = hub_of([item(n, seen(1)) for n in range(20)])
    ribbon = hub.pulse(EVENTS[19].at)["ribbon"]
    assert (len(ribbon), ribbon[-1], ribbon[-2]) == (60, [10, 0, 0, 0], [10, 0, 0, 0])


def test_a_silent_kafka_is_told_apart_from_a_quiet_one() -> None:
    hub = hub_of(EVENTS[:1])
    hub.kafka_answers(False)
    assert hub.pulse(0)["state"] == "down"
    hub.kafka_answers(True)
    assert hub.pulse(0)["state"] == "up"


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 2**62 - 1), max_size=8))
def test_a_cursor_survives_being_written(offsets: dict[int, int]) -> None:
    cursor = Cursor("4Zx_-a/b", offsets)
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text())
def test_any_text_is_a_cursor_or_none(text: str) -> None:
    parsed = Cursor.parse(text)
    assert parsed is None or all(isinstance(offset, int) for offset in parsed.offsets.values())


@given(st.text())
def test_any_text_is_a_place_or_none(text: str) -> None:
    assert Place.parse(text) is None or "-" in text


words = st.text(min_size=1, max_size=20)
moments = st.none() | st.integers(0, 2**33)


@given(
    st.sampled_from(["", "infraction", "failure"]),
    st.sets(words, max_size=4),
    words,
    words,
    st.none() | st.tuples(st.integers(0, 50), st.integers(51, 99)),
    st.tuples(st.none(), moments, moments) | st.tuples(st.integers(1, 10**6), *[st.none()] * 2),
    st.booleans(),
)
def test_every_filter_survives_the_address(
    severity: str,
    behaviours: set[str],
    source: str,
    reason: str,
    confidence: tuple[int, int] | None,
    period: tuple[int | None, int | None, int | None],
    flat: bool,
) -> None:
    wanted = FeedFilter(
        severity, tuple(sorted(behaviours)), source, reason, confidence, *period, flat
    )
    assert FeedFilter.from_query(wanted.to_query()) == wanted


@given(st.text())
def test_any_address_is_a_filter(text: str) -> None:
    query = f"?confidence={text}&last={text}&from={text}&to={text}&flat={text}"
    found = FeedFilter.from_query(query)
    assert FeedFilter.from_query(found.to_query()) == found


def test_an_old_link_still_opens() -> None:
    found = FeedFilter.from_query("?severity=gone&behaviour=drink&what=1")
    assert found == FeedFilter(behaviours=("drink",))


def test_a_page_that_sends_nonsense_counts_as_new() -> None:
    nonsense = {"cursor": ["x"], "query": 7, "paused": None}
    assert PageState.from_store(nonsense) == replace(PageState(), paused=False)
