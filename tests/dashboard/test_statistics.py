"""Counts over a period: exact at its edges, and equal to a recount by hand."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.feed.filters import FeedFilter
from dashboard.feed.items import Item, Place
from dashboard.feed.latency import Latency
from dashboard.feed.rows import Rows, Words
from dashboard.statistics.comparison import Comparison, Statistics, statistics, take
from dashboard.statistics.counts import Summary, change, summarise
from dashboard.statistics.local_time import hours_of_day
from dashboard.statistics.periods import MOST_COLUMNS, Period, period
from schemas.events import SEVERITIES
from tests.dashboard.kit import FAILED, item
from tests.dashboard.recount import Fact, recount

PARIS = ZoneInfo("Europe/Paris")
NOW = 1_795_244_400  # 21 November 2026, 07:00 UTC
MODEL = item(0)
PATIENT = settings(deadline=None)  # on a machine that trains a model meanwhile
SPAN = 4000  # seconds in which random events fall: two periods of an hour do not cover it


@st.composite
def items(draw: st.DrawFn) -> Item:
    severity = draw(st.sampled_from(SEVERITIES))
    failed = severity == "failure"
    whole = draw(st.integers(0, SPAN))
    return replace(
        MODEL,
        place=Place(0, 0),
        at=NOW - whole + draw(st.sampled_from((0.0, 0.0, 0.25, 1e-6))),
        severity=severity,
        behaviour="" if failed else draw(st.sampled_from(("safe", "drink", "radio"))),
        source=draw(st.sampled_from(("", "cabin-01", "cabin-02"))),
        reason=draw(st.sampled_from(("image_empty", "model_error"))) if failed else "",
        confidence=0.0 if failed else draw(st.integers(0, 100)) / 100,
        latency_ms=draw(st.sampled_from((-1.0, 0.0, 3.5, 20.25, 700.0))),
    )


FILTERS = st.one_of(
    st.builds(FeedFilter),
    st.builds(FeedFilter, last=st.integers(1, SPAN)),
    st.tuples(st.integers(0, SPAN), st.integers(0, SPAN)).map(
        lambda ends: FeedFilter(start=NOW - max(ends), end=NOW - min(ends))
    ),
)


def told(summary: Summary) -> dict[str, Any]:
    """The numbers of a summary as a recount has them."""

    def plain(latency: Latency | None) -> Any:
        return latency and (round(latency.p50, 6), round(latency.p95, 6), latency.events)

    return asdict(summary) | {
        "median_confidence": summary.median_confidence,
        "latency": plain(summary.latency),
        "latencies": tuple(map(plain, summary.latencies)),
    }


def of(found: list[Item], wanted: FeedFilter, zone: tzinfo = UTC) -> Statistics:
    return statistics(take(Rows.of(found), wanted, NOW), zone)


@PATIENT
@given(st.lists(items(), max_size=60), FILTERS, st.sampled_from((UTC, PARIS)))
def test_every_number_equals_a_count_by_hand(
    found: list[Item], wanted: FeedFilter, zone: tzinfo
) -> None:
    facts = [Fact.of_item(one) for one in found]
    made = of(found, wanted, zone)
    assert told(made.now) == recount(facts, made.edges, zone)
    if made.before:
        length = made.period.end - made.period.start
        earlier = [edge - length for edge in made.edges]
        assert told(made.before) == recount(facts, earlier, zone)


@PATIENT
@given(st.lists(items(), max_size=60), st.integers(1, SPAN))
def test_nothing_is_lost_or_counted_twice_between_a_period_and_the_one_before(
    found: list[Item], length: int
) -> None:
    made = of(found, FeedFilter(last=length))
    start, end = made.period.before.start, made.period.end
    assert made.before is not None
    both = made.now.events + made.before.events
    assert both == sum(1 for one in found if start <= one.at < end)


@PATIENT
@given(st.lists(items(), max_size=60))
def test_all_that_is_kept_is_counted_when_no_period_is_chosen(found: list[Item]) -> None:
    made = of(found, FeedFilter())
    assert made.now.events == len(found)
    assert made.before is None


@PATIENT
@given(st.lists(items(), max_size=30), FILTERS)
def test_the_columns_of_a_chart_and_its_parts_add_up(found: list[Item], wanted: FeedFilter) -> None:
    now = of(found, wanted).now
    parts = (now.columns, now.sources.values(), [*now.behaviours.values(), *_failed(now)])
    assert {sum(map(sum, part)) for part in parts} == {now.events}
    seen = now.events - sum(now.reasons.values())
    assert sum(map(sum, now.confidence)) == sum(map(sum, now.hours.values())) == seen


def _failed(now: Summary) -> list[tuple[int, ...]]:
    return [(count,) for count in now.reasons.values()]


@PATIENT
@given(
    st.integers(0, 4_000_000_000),
    st.integers(1, 20 * 365 * 86_400),
    st.sampled_from((UTC, PARIS, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/New_York"))),
)
def test_columns_cover_the_period_on_round_times_and_are_few(
    start: int, length: int, zone: tzinfo
) -> None:
    chosen = Period(start, start + length)
    edges = chosen.edges(zone)
    assert (edges[0], edges[-1]) == (start, start + length)
    assert list(edges) == sorted(set(edges))
    assert len(edges) - 1 <= MOST_COLUMNS
    if len(edges) > 2 and chosen.step() <= 3600:
        first = datetime.fromtimestamp(edges[1], UTC).astimezone(zone)
        assert (first.minute * 60 + first.second) % chosen.step() == 0


def test_columns_of_a_week_begin_at_the_reader_s_midnight() -> None:
    edges = Period(NOW - 30 * 86_400, NOW).edges(PARIS)
    assert datetime.fromtimestamp(edges[1], PARIS).hour in {0, 12}


def test_columns_of_days_begin_at_midnight_on_both_sides_of_a_change_of_the_clock() -> None:
    for start in (1_791_936_000, 1_773_792_000):  # two weeks around the end and begin of summer
        edges = Period(start, start + 21 * 86_400).edges(PARIS)
        hours = {datetime.fromtimestamp(edge, PARIS).hour for edge in edges[1:-1]}
        assert hours == {0, 12}


@PATIENT
@given(
    st.lists(st.floats(0, 4e9), min_size=1, max_size=20),
    st.sampled_from((PARIS, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), UTC)),
)
def test_the_hour_of_day_is_that_of_the_reader_s_clock(at: list[float], zone: tzinfo) -> None:
    hours = hours_of_day(np.array(at), zone)
    whole = [datetime.fromtimestamp(moment // 1, UTC).astimezone(zone) for moment in at]
    assert hours.tolist() == [moment.hour for moment in whole]


@pytest.mark.parametrize("minutes", range(-180, 181, 15))
def test_the_hour_of_day_follows_a_change_of_the_clock(minutes: int) -> None:
    changes = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # Paris: 03:00 becomes 02:00
    at = changes + timedelta(minutes=minutes)
    assert hours_of_day(np.array([at.timestamp()]), PARIS) == [at.astimezone(PARIS).hour]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        (FeedFilter(last=600), NOW + 1 - 600, NOW + 1),
        (FeedFilter(start=NOW - 50, end=NOW - 10), NOW - 50, NOW - 10),
        (FeedFilter(start=NOW - 50), NOW - 50, NOW + 1),
        (FeedFilter(start=NOW, end=NOW - 10), NOW, NOW + 1),
        (FeedFilter(last=1 << 40), 0, NOW + 1),
        (FeedFilter(start=1 << 40, end=1 << 40), 249_999_999_999, 250_000_000_000),
        (FeedFilter(), NOW - 3599, NOW + 1),
    ],
)
def test_an_address_names_its_period(wanted: FeedFilter, first: int, last: int) -> None:
    chosen = period(wanted, None, None, NOW + 0.7)
    assert (chosen.start, chosen.end) == (first, last)


@pytest.mark.parametrize(
    ("oldest", "comparison"),
    [
        (None, Comparison.NOTHING),
        (50, Comparison.NOTHING),
        (150, Comparison.PARTIAL),
        (250, Comparison.WHOLE),
    ],
)
def test_a_period_is_compared_only_with_one_that_is_wholly_kept(
    oldest: int | None, comparison: Comparison
) -> None:
    found = [] if oldest is None else [replace(MODEL, at=float(NOW - oldest))]
    assert of(found, FeedFilter(last=100)).comparison is comparison
    assert of(found, FeedFilter()).comparison is Comparison.NONE


@pytest.mark.parametrize(
    ("now", "before", "events", "risen"),
    [(112, 100, 100, 12), (0, 40, 40, -100), (20, 20, 20, 0), (38, 19, 19, None), (1, 0, 0, None)],
)
def test_a_percentage_is_told_of_enough_events_only(
    now: float, before: float, events: int, risen: int | None
) -> None:
    assert change(now, before, events) == risen


def test_rows_are_selected_from_the_start_to_before_the_end() -> None:
    rows = Rows.of([replace(MODEL, at=float(at)) for at in (1, 2, 3, 4)])
    assert rows.between(2, 4).at.tolist() == [2, 3]
    assert len(rows) == 4


def test_rows_name_what_their_codes_stand_for() -> None:
    rows = Rows.of([item(1), item(2, FAILED), item(11, source="cabin-02")])
    behaviours = [rows.words.behaviours[code] for code in rows.behaviour]
    assert behaviours == [item(1).behaviour, "", item(11).behaviour]
    assert [rows.words.sources[code] for code in rows.source] == ["cabin-01"] * 2 + ["cabin-02"]
    assert rows.words.reasons == ("", FAILED.reason)
    assert set(rows.words.models) == {"", "driver-1"}


def many(events: int) -> Rows:
    """As many events over eight days as the page keeps at most."""
    chance = np.random.default_rng(1)
    severity = chance.integers(0, 4, events).astype(np.uint8)
    failed = severity == 3
    at = np.sort(NOW - chance.random(events) * 8 * 86_400)
    return Rows(
        appended_ms=(at * 1000).astype(np.int64),
        partition=np.zeros(events, np.int32),
        offset=np.arange(events),
        at=at,
        severity=severity,
        behaviour=np.where(failed, 0, chance.integers(1, 11, events)).astype(np.uint16),
        source=chance.integers(1, 9, events).astype(np.uint32),
        reason=np.where(failed, chance.integers(1, 5, events), 0).astype(np.uint16),
        model=np.ones(events, np.uint16),
        confidence=np.where(failed, 0, chance.random(events)),
        latency_ms=chance.random(events) * 100,
        review=np.zeros(events, np.uint8),
        words=Words(("", *"abcdefghij"), ("", *"12345678"), ("", *"wxyz"), ("", "m")),
    )


@pytest.mark.parametrize("wanted", [FeedFilter(), FeedFilter(last=604_800)])
def test_a_quarter_of_a_million_events_hold_the_lock_for_less_than_50_ms(
    wanted: FeedFilter,
) -> None:
    rows, spent = many(250_000), []
    for _ in range(3):
        began = time.perf_counter()
        take(rows, wanted, NOW)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.05


def test_two_summaries_of_the_same_rows_are_equal() -> None:
    rows = many(1000)
    edges = Period(NOW - 604_800, NOW).edges(PARIS)
    assert summarise(rows, edges, PARIS) == summarise(rows, edges, PARIS)
