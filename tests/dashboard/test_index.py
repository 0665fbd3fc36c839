"""The index and what is listed of it, against the plainest way to say the same."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.feed.cursor import Cursor
from dashboard.feed.filters import EVERYTHING, FeedFilter
from dashboard.feed.groups import GAP_S, SLOT_S
from dashboard.feed.index import Index
from dashboard.feed.items import Item, Order
from dashboard.feed.joining import prepend
from dashboard.feed.listing import PAGE_LENGTH, Card, Where, counts, fresh, group, page, unseen
from schemas.events import Outcome
from tests.dashboard.kit import FAILED, item, seen

OUTCOMES = [seen(0), seen(0, 0.95), seen(4), seen(4, 0.45, abstained=True), FAILED]
NOW = 2e9

outcomes = st.sampled_from(OUTCOMES)
sources = st.sampled_from(["cabin-1", "cabin-2", ""])
streams = st.lists(st.tuples(outcomes, sources), max_size=60)
filters = st.sampled_from(
    [
        EVERYTHING,
        FeedFilter(severity="infraction"),
        FeedFilter(behaviours=("phone-left",), source="cabin-1"),
        FeedFilter(confidence=(90, 95)),
        FeedFilter(flat=True),
        FeedFilter(flat=True, severity="failure"),
    ]
)


def stream(drawn: list[tuple[Outcome, str]], partition: int = 0) -> list[Item]:
    return [
        item(n, made, source=source, partition=partition) for n, (made, source) in enumerate(drawn)
    ]


def index_of(items: list[Item], history: int = 1000) -> Index:
    index = Index(history)
    for one in items:
        index.add(one)
    return index


def plain_groups(items: list[Item]) -> list[list[Item]]:
    """Consecutive events of a source with the same class, outcome and reason."""
    found: list[list[Item]] = []
    for source in {one.source for one in items}:
        own = [one for one in items if one.source == source]
        for _, run in groupby(own, lambda i: (i.severity, i.behaviour, i.reason, i.at // SLOT_S)):
            found.append(list(run))
    return sorted(found, key=lambda run: run[0].order, reverse=True)


def told(cards: list[Card]) -> list[tuple[str, str, int]]:
    return [(card["id"], card["group"]["id"], card["group"]["n"]) for card in cards]


@given(streams)
def test_groups_are_the_runs_of_each_source(drawn: list[tuple[Outcome, str]]) -> None:
    items = stream(drawn)
    expected = [(str(run[-1].place), str(run[0].place), len(run)) for run in plain_groups(items)]
    assert told(page(index_of(items), EVERYTHING, NOW).cards) == expected[:PAGE_LENGTH]


@pytest.mark.parametrize("pause_s", [GAP_S + 1, SLOT_S])
def test_a_group_ends_with_a_silence(pause_s: float) -> None:
    later = 1 + round(pause_s)
    items = [item(n, seen(0)) for n in (0, 1, later, later + 1)]
    assert [card["group"]["n"] for card in page(index_of(items), EVERYTHING, NOW).cards] == [2, 2]


@given(streams, st.integers(0, 60), st.integers(0, 60))
def test_events_read_later_are_joined_as_if_read_in_order(
    drawn: list[tuple[Outcome, str]], one: int, other: int
) -> None:
    items, (first, second) = stream(drawn), sorted((one, other))
    joined = index_of(items[second:])
    prepend(joined, index_of(items[first:second]))
    prepend(joined, index_of(items[:first]))
    joined.add(item(100, seen(0), source="cabin-1"))
    whole = index_of([*items, item(100, seen(0), source="cabin-1")])
    assert [joined.item(row) for row in range(len(joined))] == [*items, whole.item(len(items))]
    for wanted in (EVERYTHING, FeedFilter(confidence=(0, 90)), FeedFilter(flat=True)):
        assert page(joined, wanted, NOW) == page(whole, wanted, NOW)
    assert joined.ends() == whole.ends()


@given(streams, streams)
def test_partitions_joined_later_stand_in_the_order_of_time(
    one: list[tuple[Outcome, str]], other: list[tuple[Outcome, str]]
) -> None:
    parts = [stream(one, 0), stream(other, 1)]
    joined = index_of(parts[0])
    prepend(joined, index_of(parts[1]))
    expected = sorted([*parts[0], *parts[1]], key=lambda i: i.order)
    assert [joined.item(row) for row in range(len(joined))] == expected


def test_a_clock_set_back_between_two_reads_changes_no_order() -> None:
    joined = index_of([item(n, appended_ms=10 + n) for n in (3, 4)])
    prepend(joined, index_of([item(n, appended_ms=500 + n) for n in (0, 1)]))
    assert [joined.item(row).place.offset for row in range(4)] == [0, 2, 6, 8]
    assert len(page(joined, EVERYTHING, NOW).cards) == 4


@given(streams, filters, st.integers(1, 20))
def test_scrolling_both_ways_shows_everything_once(
    drawn: list[tuple[Outcome, str]], wanted: FeedFilter, start: int
) -> None:
    index = index_of(stream(drawn * 3))
    everything, where = [], Where()
    while cards := page(index, wanted, NOW, where).cards:
        everything += cards
        where = Where(before=Order(*cards[-1]["group"]["order"]))
    assert len({card["group"]["id"] for card in everything}) == len(everything)
    back, where = everything[-start:][:1], None
    while back and (where := Where(after=Order(*back[0]["group"]["order"]))):
        newer = page(index, wanted, NOW, where).cards
        if not newer:
            break
        back = newer + back
    assert back == everything[: len(back)]
    assert len(back) >= len(everything) - start + 1 or not everything


@given(streams, filters)
def test_what_is_new_changes_a_page_to_what_a_new_page_shows(
    drawn: list[tuple[Outcome, str]], wanted: FeedFilter
) -> None:
    index, shown = Index(1000), {}
    cursor = Cursor("log")
    for one in stream(drawn):
        index.add(one)
        cards = fresh(index, unseen(index, cursor), wanted, NOW)
        assert cards is not None
        shown |= {card["group"]["id"]: card for card in cards}
        cursor = Cursor("log", index.ends())
    in_order = sorted(shown.values(), key=lambda card: card["group"]["order"], reverse=True)
    assert in_order[:PAGE_LENGTH] == page(index, wanted, NOW).cards


@given(streams, filters)
def test_a_filter_lets_through_what_its_words_say(
    drawn: list[tuple[Outcome, str]], wanted: FeedFilter
) -> None:
    def passes(one: Item) -> bool:
        low, high = wanted.confidence or (0, 100)
        return (
            (not wanted.behaviours or one.behaviour in wanted.behaviours)
            and (not wanted.source or one.source == wanted.source)
            and (
                not wanted.confidence
                or (one.severity != "failure" and low / 100 <= one.confidence < (high + 1) / 100)
            )
        )

    items = stream(drawn)
    found = counts(index_of(items), wanted, NOW)
    assert found == {
        severity: sum(passes(one) and one.severity == severity for one in items)
        for severity in ("infraction", "check", "normal", "failure")
    }


def test_a_period_is_from_its_first_moment_to_before_its_last() -> None:
    items = [item(n, seen(n % 10)) for n in range(10)]
    start = int(items[0].at)
    index = index_of(items)
    for wanted in (
        FeedFilter(start=start + 3, end=start + 6),
        FeedFilter(start=start + 3, end=start + 6, flat=True),
    ):
        assert [card["at"] for card in page(index, wanted, NOW).cards] == [
            start + 5.0,
            start + 4,
            start + 3,
        ]
    assert sum(counts(index, FeedFilter(last=4), start + 9).values()) == 5


@given(streams, st.integers(1, 30))
def test_a_window_that_moved_on_keeps_the_newest_and_their_groups(
    drawn: list[tuple[Outcome, str]], history: int
) -> None:
    items = stream(drawn)
    index = index_of(items, history)
    kept = items[-history:]
    assert [index.item(row) for row in range(len(index))] == kept
    listed = page(index, EVERYTHING, NOW).cards
    last = [str(run[-1].place) for run in plain_groups(items) if run[-1] in kept]
    assert sorted(card["id"] for card in listed) == sorted(last)


def test_a_group_whose_events_were_all_let_go_is_listed_again_when_it_goes_on() -> None:
    other = [item(n, seen(1), source="cabin-2") for n in (1, 2)]
    index = index_of([item(0, seen(0)), *other, item(3, seen(0))], 2)
    assert told(page(index, EVERYTHING, NOW).cards)[0] == ("0-6", "0-0", 2)


def test_the_events_of_a_group_are_listed_newest_first() -> None:
    index = index_of([item(n, seen(0)) for n in range(5)])
    first = page(index, EVERYTHING, NOW).cards[0]["group"]["id"]
    assert first == "0-0"
    assert [card["group"]["n"] for card in group(index, item(0).place)] == [5, 4, 3, 2, 1]


def test_cameras_that_are_gone_are_forgotten() -> None:
    index = index_of([item(n, source=f"camera-{n}") for n in range(500)], 50)
    assert len(index.codes["source"]) <= 101
    assert [index.item(row).source for row in range(50)] == [f"camera-{n}" for n in range(450, 500)]


def test_more_texts_than_a_column_can_tell_apart_are_taken_without_harm() -> None:
    index = Index(100)
    for codes in index.codes.values():
        codes.most = 3
    for n in range(10):
        index.add(item(n, source=f"camera-{n}"))
    assert [index.item(row).source for row in range(3)] == ["camera-0", "camera-1", ""]
