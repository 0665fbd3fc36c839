"""What people say, folded, counted and shown: against the plainest way to say the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.feed.filters import EVERYTHING, REVIEWS, FeedFilter
from dashboard.feed.hub import Hub, PageState
from dashboard.feed.items import Item, Place
from dashboard.feed.listing import Where
from dashboard.reviews.changes import MOST_CARDS
from dashboard.reviews.ledger import STATES, Ledger, State
from dashboard.reviews.precision import Precision
from schemas.events import Outcome
from schemas.reviews import MOST_REVIEWED, Review
from tests.dashboard.kit import FAILED, all_cards, item, seen
from tests.dashboard.reviewing import review

WORDS: dict[str, State] = {
    "confirm": "confirmed",
    "false_positive": "false_positive",
    "correct": "corrected",
}
EVENTS = 5
PATIENT = settings(deadline=None, max_examples=50)  # other programs may have the processors
FLAT = FeedFilter(flat=True)

offsets = st.sets(st.integers(0, EVENTS - 1), min_size=1).map(lambda found: tuple(sorted(found)))
actions = st.sampled_from([*WORDS, "note", "undo", "undo", "star"])
drawn_reviews = st.lists(st.tuples(actions, offsets, st.integers(0, 9), st.booleans()), max_size=15)


def reviews_of(drawn: list[tuple[str, tuple[int, ...], int, bool]]) -> list[Review]:
    """Undos take back one of the ten before them; some actions come twice."""
    made: list[Review] = []
    for n, (action, meant, back, twice) in enumerate(drawn):
        of_note = f"note {n}" if action == "note" else None
        said = review(
            f"review-{n}",
            action,
            meant,
            behaviour="drink" if n % 2 else "radio",
            corrected_to="safe" if action == "correct" else None,
            note=of_note,
            undoes=f"review-{n - back}" if action == "undo" else None,
        )
        made += [said, said] if twice else [said]
    return made


def plain_fold(reviews: list[Review]) -> tuple[dict[int, list[Review]], set[str]]:
    """What was done with each event, oldest first, and what of it was taken back."""
    known: dict[str, Review] = {}
    undone: set[str] = set()
    for one in reviews:
        if one.review_id in known or one.action == "star":
            continue
        if one.action == "undo":
            target = known.get(one.undoes or "")
            if target is None or target.action == "undo" or target.review_id in undone:
                continue
            undone.add(target.review_id)
        known[one.review_id] = one
    events: dict[int, list[Review]] = {}
    for one in known.values():
        meant = known[one.undoes].source_offsets if one.undoes else one.source_offsets
        for offset in meant:
            events.setdefault(offset, []).append(one)
    return events, undone


def plain_verdict(done: list[Review], undone: set[str]) -> Review | None:
    left = [one for one in done if one.action in WORDS and one.review_id not in undone]
    return left[-1] if left else None


def ledger_of(reviews: list[Review]) -> Ledger:
    ledger = Ledger()
    for n, one in enumerate(reviews):
        ledger.add(one, float(n))
    return ledger


@PATIENT
@given(drawn_reviews)
def test_the_fold_is_what_counting_again_gives(
    drawn: list[tuple[str, tuple[int, ...], int, bool]],
) -> None:
    reviews = reviews_of(drawn)
    ledger, (events, undone) = ledger_of(reviews), plain_fold(reviews)
    assert ledger.version == len({one.review_id for done in events.values() for one in done})
    for offset in range(EVENTS):
        done = events.get(offset, [])
        assert [action.review for action in ledger.history(0, offset)] == done[::-1]
        standing, verdict = ledger.standing(0, offset), plain_verdict(done, undone)
        assert (standing is None) == (not done)
        if standing:
            found = standing.verdict.review if standing.verdict else None
            assert found == verdict
            assert standing.notes == tuple(
                one.note for one in done if one.note and one.review_id not in undone
            )


@PATIENT
@given(drawn_reviews, st.integers(0, 20), st.integers(0, 20))
def test_precision_counts_each_judged_event_once_by_when_it_was_judged(
    drawn: list[tuple[str, tuple[int, ...], int, bool]], one: int, other: int
) -> None:
    reviews, (start, end) = reviews_of(drawn), sorted((one, other))
    first: dict[str, int] = {}
    for n, said in enumerate(reviews):
        first.setdefault(said.review_id, n)
    events, undone = plain_fold(reviews)
    verdicts = [found for done in events.values() if (found := plain_verdict(done, undone))]
    within = [found for found in verdicts if start <= first[found.review_id] < end]
    expected = {
        behaviour: (count, sum(f.action == "confirm" for f in within if f.behaviour == behaviour))
        for behaviour, count in Counter(found.behaviour for found in within).items()
    }
    told = ledger_of(reviews).precision(start, end)
    assert {key: (made.reviewed, made.right) for key, made in told.items()} == expected


@pytest.mark.parametrize(
    ("right", "reviewed", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilsons(right: int, reviewed: int, low: float, high: float) -> None:
    found = Precision.of(right, reviewed)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_malformed_reviews_change_nothing() -> None:
    ledger = ledger_of(
        [
            review("1", "correct"),
            review("2", offsets=()),
            review("3", offsets=(3, 1)),
            review("4", offsets=(-1, 1)),
            review("5", offsets=(1 << 62,)),
            review("6", offsets=tuple(range(MOST_REVIEWED + 1))),
            review("7", "undo", undoes="1"),
        ]
    )
    assert (ledger.version, ledger.events()) == (0, [])


def test_the_oldest_actions_are_let_go_of_when_all_take_too_much_room() -> None:
    ledger = Ledger(most_bytes=100_000)
    for n in range(500):
        ledger.add(review(f"review-{n}", offsets=(n % 250,)), float(n))
    assert ledger.version == 500
    kept = [n for n in range(500) if ledger.action(f"review-{n}")]
    assert 50 < len(kept) < 150
    assert kept == list(range(kept[0], 500))
    assert {offset for events in ledger.events() for offset in events.offsets} == {
        n % 250 for n in kept
    }
    assert ledger.since(1) is None
    assert ledger.precision(0, 500)["drink"].reviewed == len(kept)


# With events


OUTCOMES: list[Outcome] = [seen(0), seen(4), seen(4), seen(4, 0.45, abstained=True), FAILED]
ITEMS = [item(n, OUTCOMES[n // 2 % 5]) for n in range(EVENTS * 2)]


def hub_of(items: list[Item], reviews: list[Review], history: int = 1000) -> Hub:
    hub = Hub(history, clock=lambda: 2e9)
    hub.open("log-1")
    hub.review((one, float(n)) for n, one in enumerate(reviews))
    hub.add(items)
    hub.complete()
    hub.reviews_complete()
    return hub


def shown(hub: Hub, review_state: str = "") -> list[list[dict[str, Any]]]:
    """The feed of groups, of single events, and each group's events."""
    groups = hub.page(FeedFilter(review=review_state), Where()).cards
    return [
        groups,
        hub.page(FeedFilter(review=review_state, flat=True), Where()).cards,
        *(hub.group(one.place) for one in ITEMS),
    ]


@PATIENT
@given(drawn_reviews, st.integers(0, 10), st.integers(0, 10), st.randoms())
def test_events_and_reviews_in_any_order_give_the_same_cards(
    drawn: list[tuple[str, tuple[int, ...], int, bool]], one: int, other: int, chance: Any
) -> None:
    reviews, (first, second) = reviews_of(drawn), sorted((one, other))
    hub = Hub(1000, clock=lambda: 2e9)
    hub.open("log-1")
    older = hub.empty_index()
    for early in ITEMS[:first]:
        older.add(early)
    for late in ITEMS[second:]:
        hub.add([late])
        if reviews and chance.random() < 0.5:
            hub.review([(reviews.pop(0), 0.0)])
    middle = hub.empty_index()
    for between in ITEMS[first:second]:
        middle.add(between)
    hub.add_older("log-1", middle)
    hub.review((said, 0.0) for said in reviews)
    hub.add_older("log-1", older)
    whole = Hub(1000, clock=lambda: 2e9)
    whole.open("log-1")
    whole.review((said, 0.0) for said in reviews_of(drawn))
    whole.add(ITEMS)
    for state in ("", *REVIEWS):
        assert shown(hub, state) == shown(whole, state)


@PATIENT
@given(drawn_reviews, st.sampled_from(REVIEWS))
def test_a_review_filter_lets_through_what_its_word_says(
    drawn: list[tuple[str, tuple[int, ...], int, bool]], wanted: str
) -> None:
    hub = hub_of(ITEMS, reviews_of(drawn))

    def passes(card: dict[str, Any]) -> bool:
        state = card["review"]["state"] if card["review"] else ""
        if wanted == "open":
            return card["severity"] in ("infraction", "check") and not state
        return bool(state) if wanted == "done" else state == wanted

    everything = all_cards(hub)
    expected = [card for card in reversed(everything) if passes(card)]
    assert hub.page(FeedFilter(flat=True, review=wanted), Where()).cards == expected
    groups = {card["group"]["id"] for card in hub.page(EVERYTHING, Where()).cards}
    meant = {
        group
        for group in groups
        if any(passes(card) for card in hub.group(Place.parse(group) or ITEMS[0].place))
    }
    found = hub.page(FeedFilter(review=wanted), Where()).cards
    assert {card["group"]["id"] for card in found} == meant
    left = hub.reviewed(None, FeedFilter(review=wanted))["left"]
    asking = [card for card in everything if card["severity"] in ("infraction", "check")]
    unsaid = [card for card in asking if not (card["review"] and card["review"]["state"])]
    assert left == {"events": len(unsaid), "of": len(asking)}


def test_the_card_of_a_group_tells_how_far_it_is_and_its_newest_verdict() -> None:
    items = [item(n, seen(4)) for n in range(4)]
    said = [
        review("1", "false_positive", (2,), reviewer="Ben"),
        review("2", "correct", (0,), corrected_to="safe", reviewer="Cleo"),
        review("3", "note", (3,), note="look at the mirror"),
    ]
    hub = hub_of(items, said)
    (card,) = hub.page(EVERYTHING, Where()).cards
    assert (card["id"], card["group"]["n"]) == ("0-6", 4)
    assert card["review"] == {
        "state": "corrected",
        "label": "safe",
        "by": "Cleo",
        "at": 1.0,
        "id": "2",
        "notes": 0,
        "note": "",
        "done": 2,
        "of": 4,
    }
    single = hub.card(items[3].place)
    assert single is not None
    assert single["review"] == {
        "state": "",
        "label": None,
        "by": "",
        "at": 0,
        "id": "",
        "notes": 1,
        "note": "look at the mirror",
        "done": 0,
        "of": 1,
    }
    assert hub.page(FLAT, Where()).cards[2]["review"] is None


def test_a_page_is_told_the_events_and_groups_that_changed() -> None:
    hub = hub_of(ITEMS, [review("1", offsets=(0,))])
    hub.review([(review("2", "false_positive", (5,)), 5.0)])
    found = hub.reviewed(1, EVERYTHING)
    assert (found["version"], found["reset"]) == (2, False)
    told = [(card["id"], card["group"]["id"], card["review"]["of"]) for card in found["cards"]]
    assert told == [("0-10", "0-4", 1), ("0-10", "0-4", 4)]
    flat = hub.reviewed(1, FLAT)["cards"]
    assert [(card["id"], card["group"]["n"]) for card in flat] == [("0-10", 1)]
    assert hub.reviewed(2, EVERYTHING)["cards"] == []


@pytest.mark.parametrize("since", [None, 2])
def test_a_page_that_knows_nothing_or_too_much_reads_its_feed_anew(since: int | None) -> None:
    found = hub_of(ITEMS, [review("1")]).reviewed(since, EVERYTHING)
    assert (found["version"], found["reset"], found["cards"]) == (1, True, [])


def test_a_page_that_knows_more_than_is_read_yet_waits() -> None:
    hub = Hub(100)
    hub.review([(review("1"), 0.0)])
    found = hub.reviewed(7, EVERYTHING)
    assert (found["version"], found["reset"], found["cards"]) == (7, False, [])


def test_a_large_group_is_told_by_its_card_alone_and_resets_a_feed_of_single_events() -> None:
    events = [item(n, seen(4)) for n in range(MOST_CARDS + 1)]
    hub = hub_of(events, [review("1", offsets=tuple(range(MOST_CARDS + 1)))])
    found = hub.reviewed(0, EVERYTHING)
    assert [card["review"]["done"] for card in found["cards"]] == [MOST_CARDS + 1]
    assert hub.reviewed(0, FLAT)["reset"]


def test_a_topic_made_anew_empties_the_ledger_and_every_card() -> None:
    hub = hub_of(ITEMS, [review("1", offsets=(0, 1, 2))])
    hub.forget_reviews()
    assert hub.ledger.version == 0
    assert {card["review"] for card in all_cards(hub)} == {None}
    assert hub.page(FeedFilter(review="done"), Where()).cards == []


def test_an_answer_for_other_pages_is_not_older_than_the_last_review() -> None:
    hub = hub_of(ITEMS, [])
    before = hub.batch(PageState())
    hub.review([(review("1", offsets=(9,)), 1.0)])
    after = hub.batch(PageState())
    assert before is not None
    assert after is not None
    assert (before["cards"][0]["review"], after["cards"][0]["review"]["state"]) == (
        None,
        "confirmed",
    )


@pytest.mark.parametrize("word", REVIEWS)
def test_a_review_filter_stands_in_the_address(word: str) -> None:
    wanted = FeedFilter(review=word)
    assert wanted.to_query() == f"?review={word}"
    assert FeedFilter.from_query(f"?review={word}") == wanted
    assert FeedFilter.from_query(f"?review={word}x") == EVERYTHING
    assert wanted.of_any_review() == EVERYTHING


def test_states_keep_their_codes() -> None:
    assert STATES == ("", "confirmed", "false_positive", "corrected")
