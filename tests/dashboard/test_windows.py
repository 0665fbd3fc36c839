"""Windows of time: what they tell of a period is what its events tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.statistics.aggregator import Aggregator, Record
from dashboard.feed.filters import FeedFilter
from dashboard.feed.items import Item, Place, read_item
from dashboard.feed.latency import Latency
from dashboard.feed.rows import Rows
from dashboard.i18n import translator
from dashboard.statistics import sentences
from dashboard.statistics.choice import Memory, choose
from dashboard.statistics.comparison import Comparison, Statistics, statistics, take, with_windows
from dashboard.statistics.counts import Summary, summarise
from dashboard.statistics.periods import Period
from dashboard.statistics.telling import View
from dashboard.statistics.window_counts import summarise_windows
from dashboard.windows.facts import Kind, KindCodes
from dashboard.windows.store import MINUTES_KEPT_S, Shelf, WindowStore
from schemas.codec import decode_window, encode_prediction
from schemas.events import SEVERITIES
from schemas.statistics import CONFIDENCE_BINS, DAY_S, HOUR_S, MINUTE_S, Cell, confidence_bin
from tests.dashboard.kit import FAILED, item, prediction, seen
from tests.dashboard.windowing import store_of, windows_of

PARIS, KOLKATA = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kolkata")
MIDNIGHT = 1_795_219_200  # 21 November 2026, UTC
MODEL = item(0)
PATIENT = settings(deadline=None, max_examples=50)


@st.composite
def items(draw: st.DrawFn, span: int) -> Item:
    severity = draw(st.sampled_from(SEVERITIES))
    failed = severity == "failure"
    return replace(
        MODEL,
        place=Place(draw(st.integers(0, 1)), draw(st.integers(0, 99))),
        at=MIDNIGHT + draw(st.integers(0, span - 1)) + draw(st.sampled_from((0.0, 0.25))),
        severity=severity,
        behaviour="" if failed else draw(st.sampled_from(("safe", "drink", "radio"))),
        source=draw(st.sampled_from(("", "cabin-01", "cabin-02"))),
        reason=draw(st.sampled_from(("image_empty", "model_error"))) if failed else "",
        confidence=0.0 if failed else draw(st.integers(0, 100)) / 100,
        latency_ms=draw(st.floats(-1, 2000)),
        model=draw(st.sampled_from(("one", "two"))),
    )


CASES = st.sampled_from(
    (
        (MINUTE_S, UTC),
        (MINUTE_S, PARIS),
        (MINUTE_S, KOLKATA),
        (HOUR_S, UTC),
        (HOUR_S, PARIS),
    )
).flatmap(lambda case: st.tuples(st.just(case), st.lists(items(case[0] * 50), max_size=40)))


@PATIENT
@given(CASES, st.integers(0, 20), st.integers(1, 30))
def test_windows_tell_of_a_period_what_its_events_tell(
    case: tuple[tuple[int, tzinfo], list[Item]], first: int, length: int
) -> None:
    (size, zone), found = case
    chosen = Period(MIDNIGHT, MIDNIGHT + size * 50).on(size)
    chosen = Period(chosen.start + first * size, chosen.start + (first + length) * size, grain=size)
    edges = chosen.edges(zone)
    windows = store_of(windows_of(found, [size]), MIDNIGHT).between(size, *outer(edges))
    counted = summarise_windows(windows, edges, zone)
    exact = summarise(Rows.of(found), edges, zone)
    assert plain(counted) == plain(exact)
    assert counted.latest == {pair: at // size * size for pair, at in exact.latest.items()}


@st.composite
def records(draw: st.DrawFn) -> bytes | None:
    """A message of the predictions topic, from any second of a day: any outcome, or rubbish."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from((None, b"", b"rubbish")))
    label, confidence = draw(st.integers(0, 9)), draw(st.integers(0, 100)) / 100
    outcome = draw(
        st.sampled_from((seen(label, confidence), seen(label, confidence, abstained=True), FAILED))
    )
    source = draw(st.sampled_from(("", "cabin-01", "cabin-02")))
    at = datetime.fromtimestamp(MIDNIGHT + draw(st.integers(0, DAY_S - 1)) + 0.25, UTC)
    return encode_prediction(prediction(0, outcome, source=source, at=at))


@PATIENT
@given(st.lists(records(), max_size=40), st.sampled_from((MINUTE_S, HOUR_S)))
def test_the_page_counts_events_as_the_aggregator_of_the_statistics_does(
    messages: list[bytes | None], size: int
) -> None:
    aggregator = Aggregator("driver", 0, 2 * DAY_S)
    for offset, message in enumerate(messages):
        aggregator.fold(Record(offset, MIDNIGHT + DAY_S - 1, message))
    said = [decode_window(message) for _, message in aggregator.take().said]
    appended_ms = (MIDNIGHT + DAY_S - 1) * 1000
    items = [read_item(Place(0, n), appended_ms, message) for n, message in enumerate(messages)]
    edges = Period(MIDNIGHT, MIDNIGHT + DAY_S, grain=size).edges(UTC)
    windows = store_of(said, MIDNIGHT).between(size, *outer(edges))
    counted = summarise_windows(windows, edges, UTC)
    assert plain(counted) == plain(summarise(Rows.of(items), edges, UTC))


def outer(edges: tuple[int, ...]) -> tuple[int, int]:
    return edges[0], edges[-1]


def plain(summary: Summary) -> dict[str, Any]:
    """What windows tell exactly; of latencies, how many are known."""
    untold = ("latest", "median_confidence", "latency", "latencies")
    names = [name for name in Summary.__dataclass_fields__ if name not in untold]
    told = {name: getattr(summary, name) for name in names}
    return told | {"known": [one and one.events for one in summary.latencies]}


@PATIENT
@given(st.lists(items(DAY_S), min_size=1, max_size=40))
def test_windows_tell_quantiles_within_their_bins(found: list[Item]) -> None:
    edges = (MIDNIGHT, MIDNIGHT + DAY_S)
    windows = store_of(windows_of(found), MIDNIGHT).between(DAY_S, *edges)
    told = summarise_windows(windows, edges, UTC)
    seen = sorted(one.confidence for one in found if one.severity != "failure")
    median = confidence_bin(seen[len(seen) // 2]) / CONFIDENCE_BINS if seen else None
    assert told.median_confidence == median
    known = sorted(one.latency_ms for one in found if one.latency_ms > 0.1)
    if known and len(known) == len([one for one in found if one.latency_ms > 0]):
        assert isinstance(told.latency, Latency)
        for share, value in ((0.5, told.latency.p50), (0.95, told.latency.p95)):
            assert value == pytest.approx(known[int(share * (len(known) - 1))], rel=0.05)


def test_a_window_of_a_day_does_not_know_the_hours_within_it() -> None:
    found = [replace(MODEL, at=MIDNIGHT + 3600.0 * hour) for hour in (1, 5)]
    edges = (MIDNIGHT, MIDNIGHT + DAY_S)
    told = summarise_windows(
        store_of(windows_of(found), MIDNIGHT).between(DAY_S, *edges), edges, UTC
    )
    assert (told.events, told.hours, sum(told.infractions), told.latest) == (2, {}, 0, {})


# What is counted from


def memory_of(grain: int, since: float) -> Memory:
    return Memory(grain, since, since)


ROWS = Memory(1, MIDNIGHT - 3.5, MIDNIGHT + 0.5)
MINUTES = memory_of(MINUTE_S, MIDNIGHT - 3600)
HOURS = memory_of(HOUR_S, MIDNIGHT - 30 * DAY_S)
DAYS = memory_of(DAY_S, MIDNIGHT - 300 * DAY_S)
NOW = MIDNIGHT + 7200.0


@pytest.mark.parametrize(
    ("wanted", "memories", "grain"),
    [
        (FeedFilter(last=3600), (ROWS, MINUTES, HOURS, DAYS), 1),
        (FeedFilter(last=3601), (ROWS, MINUTES, HOURS, DAYS), MINUTE_S),
        (FeedFilter(last=5300), (ROWS, MINUTES, HOURS, DAYS), MINUTE_S),
        (FeedFilter(last=5400), (ROWS, MINUTES, HOURS, DAYS), HOUR_S),
        (FeedFilter(last=20 * DAY_S), (ROWS, MINUTES, HOURS, DAYS), DAY_S),
        (FeedFilter(), (ROWS, MINUTES, HOURS, DAYS), DAY_S),
        (FeedFilter(), (ROWS, MINUTES, HOURS), HOUR_S),
        (FeedFilter(end=MIDNIGHT - 600), (ROWS, MINUTES, HOURS), HOUR_S),
        (FeedFilter(start=MIDNIGHT + 3700), (ROWS, MINUTES, HOURS), 1),
        # Windows that begin with the first event know nothing that it does not.
        (
            FeedFilter(),
            (ROWS, memory_of(MINUTE_S, MIDNIGHT - 60), memory_of(DAY_S, MIDNIGHT - DAY_S)),
            1,
        ),
        (FeedFilter(last=7 * DAY_S), (ROWS, memory_of(DAY_S, MIDNIGHT - DAY_S)), 1),
        (FeedFilter(last=7 * DAY_S), (MINUTES,), MINUTE_S),
    ],
)
def test_a_period_is_counted_from_the_finest_that_reaches_back_to_it(
    wanted: FeedFilter, memories: tuple[Memory, ...], grain: int
) -> None:
    chosen, memory = choose(wanted, memories, MIDNIGHT + 7000.0, NOW)
    assert memory is not None
    assert (memory.grain, chosen.grain) == (grain, grain)


@PATIENT
@given(
    st.integers(0, 1 << 20),
    st.integers(1, 1 << 20),
    st.sampled_from((1, MINUTE_S, HOUR_S, DAY_S)),
    st.sampled_from((UTC, PARIS, KOLKATA)),
)
def test_edges_lie_between_windows_and_cover_the_period(
    start: int, length: int, grain: int, zone: tzinfo
) -> None:
    wanted = Period(MIDNIGHT + start, MIDNIGHT + start + length)
    chosen = wanted.on(grain)
    edges = chosen.edges(zone)
    assert all(edge % grain == 0 for edge in (*edges, chosen.before.start))
    assert edges[0] <= wanted.start < edges[0] + grain
    assert edges[-1] - grain < wanted.end <= edges[-1]
    assert list(edges) == sorted(set(edges))


def test_without_anything_there_is_an_empty_hour() -> None:
    chosen, memory = choose(FeedFilter(), (), None, NOW)
    assert (memory, chosen.end - chosen.start) == (None, 3600)


# Both together


def counted(found: list[Item], kept: int, wanted: FeedFilter, *, now: float = NOW) -> Statistics:
    """Statistics of a page that holds the newest ``kept`` events, and all windows."""
    store = store_of(windows_of(found), now)
    taken = take(Rows.of(found[len(found) - kept :]), wanted, now, store.kept())
    return statistics(with_windows(taken, store), UTC)


def infraction(n: int, at: float) -> Item:
    made = item(6, appended_ms=int(at * 1000))
    return replace(made, place=Place(0, n), at=at, latency_ms=20.0)


LONG = [infraction(n, MIDNIGHT - 40 * DAY_S + n * 9000.0) for n in range(384)]


def test_what_memory_does_not_reach_is_counted_from_windows() -> None:
    found = counted(LONG, 30, FeedFilter(last=10 * DAY_S))
    assert (found.period.grain, found.comparison) == (MINUTE_S, Comparison.WHOLE)
    assert (found.now.events, found.behind, found.late) == (95, 0, 0)
    all_kept = counted(LONG, 30, FeedFilter())
    assert (all_kept.now.events, all_kept.before) == (384, None)
    recent = counted(LONG, 30, FeedFilter(last=DAY_S))
    assert (recent.period.grain, recent.now.events) == (1, 8)


def test_one_event_with_a_wrong_clock_does_not_make_memory_reach_further_back() -> None:
    wrong = replace(LONG[-9], at=MIDNIGHT - 400 * DAY_S)
    store = store_of(windows_of(LONG), NOW)
    taken = take(Rows.of([wrong, *LONG[-8:]]), FeedFilter(last=10 * DAY_S), NOW, store.kept())
    assert taken.period.grain == MINUTE_S


def test_the_page_says_how_it_counted() -> None:
    t = translator("en", "Asia/Kolkata")
    only_hours = store_of(windows_of(LONG, [HOUR_S]), NOW)
    taken = take(Rows.of(LONG[-9:]), FeedFilter(last=10 * DAY_S), NOW, only_hours.kept())
    shown = View(t, statistics(with_windows(taken, only_hours), t.zone), {}, {}, "light")
    assert "counted by whole hours, latency to within 5%" in sentences.scope(shown)
    assert "an hour here begins up to one earlier" in sentences.hours(shown)
    assert sentences.note(shown, 0.5) == ""


def test_events_that_no_window_counts_are_told() -> None:
    t = translator("en", "UTC")
    windows = windows_of(LONG[:-12], [HOUR_S])
    store = store_of([replace(window, late=2) for window in windows], NOW)
    taken = take(Rows.of(LONG[-20:]), FeedFilter(last=5 * DAY_S), NOW, store.kept())
    shown = View(t, statistics(with_windows(taken, store), t.zone), {}, {}, "light")
    note = sentences.note(shown, None)
    assert "12 events are not counted yet" in note
    assert f"{2 * shown.now.events} events came too late" in note


def test_a_store_that_is_still_reading_is_not_counted_from() -> None:
    t, store = translator("en"), WindowStore(lambda: NOW)
    for window in windows_of(LONG, [HOUR_S]):
        store.add(window)
    taken = take(Rows.of(LONG[-9:]), FeedFilter(), NOW, store.kept())
    assert taken.period.grain == 1
    shown = View(t, statistics(taken, UTC), {}, {}, "light")
    assert "still being read" in sentences.note(shown, None, windows_load=store.state == "loading")


# How they are kept


@PATIENT
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 6), st.integers(1, 900)),
        max_size=60,
    )
)
@pytest.mark.usefixtures("tidied_at_once")
def test_a_shelf_holds_the_newest_of_each_key(steps: list[tuple[bool, int, int, int]]) -> None:
    shelf, known = Shelf(), dict[bytes, tuple[int, int, int]]()
    for put, name, length, count in steps:
        key = bytes([name])
        if put:
            facts = np.full(length, name, np.uint16), np.full(length, count, np.uint32)
            shelf.put(key, name, 0, 0, facts)
            known[key] = name, length, count
        else:
            shelf.remove(key)
            known.pop(key, None)
    slots, rows = shelf.between(0, 99)
    assert len(shelf) == len(known)
    assert sorted(shelf.window("start", slots).tolist()) == sorted(n for n, _, _ in known.values())
    assert sorted(zip(shelf.fact("what", rows), shelf.fact("count", rows), strict=True)) == sorted(
        (name, count) for name, length, count in known.values() for _ in range(length)
    )
    assert shelf.since() == min((name for name, _, _ in known.values()), default=None)


@pytest.fixture(scope="module")
def tidied_at_once() -> Iterator[None]:
    """Shelves are tidied up as often as can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dashboard.windows.store.SPARE_FACTS", 0)
        yield


def test_minutes_are_kept_for_some_days_only() -> None:
    now = [float(MIDNIGHT)]
    store = WindowStore(lambda: now[0])
    store.complete()
    first, later = (replace(MODEL, at=float(at)) for at in (MIDNIGHT, MIDNIGHT + 2 * DAY_S))
    for window in windows_of([first, later]):
        store.add(window)
    assert (len(store), store.kept().since[MINUTE_S]) == (6, MIDNIGHT)
    now[0] += MINUTES_KEPT_S + 1
    assert not store.wants(MINUTE_S, MIDNIGHT)
    for window in windows_of([first, later]):
        store.add(window)
    assert (len(store), store.kept().since[MINUTE_S]) == (5, MIDNIGHT + 2 * DAY_S)


def test_a_severity_that_joined_later_counts_as_a_failure() -> None:
    window = windows_of([MODEL], [HOUR_S])[0]
    cell = Cell("unheard-of", "drink", "", "", 7, (7,) + (0,) * 19)
    store = store_of([replace(window, cells=(cell,))], NOW)
    start = int(window.start.timestamp())
    told = summarise_windows(store.between(HOUR_S, 0, 1 << 40), (start, start + HOUR_S), UTC)
    assert (told.kinds, told.behaviours, told.reasons) == ((0, 0, 0, 7), {}, {"": 7})
    assert told.median_confidence is None


def test_kinds_beyond_the_last_code_keep_their_severity() -> None:
    codes = KindCodes(most=5)
    found = [codes.code(kind) for kind in _kinds(3)]
    assert [codes.kinds()[code].severity for code in found] == ["check"] * 3
    assert [codes.kinds()[code].behaviour for code in found] == ["class-0", "", ""]


def _kinds(count: int) -> list[Kind]:
    return [Kind("check", f"class-{n}", "") for n in range(count)]
