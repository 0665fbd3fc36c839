"""The pure counting: every event once, whatever the order, the batches and the restarts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.statistics import aggregator
from consumers.statistics.aggregator import (
    AHEAD_S,
    Aggregator,
    Record,
    State,
    read_event,
)
from consumers.statistics.state import read_state, state_record
from schemas.codec import decode_window, encode_prediction
from schemas.events import EVENT_UNREADABLE, Failure
from schemas.statistics import CONFIDENCE_BINS, StatisticsWindow, confidence_bin, latency_bin
from tests.consumers.statistics_kit import NOON, Windows, counted, event, recount, totals
from tests.dashboard.kit import prediction, seen

GRACE_S = 120
NOON_S = int(NOON.timestamp())

DISTANT = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, tzinfo=UTC),
)
moments = st.integers(-7200, 7200).map(lambda s: NOON + timedelta(seconds=s)) | st.sampled_from(
    DISTANT
)
values = st.builds(
    lambda number, at: encode_prediction(
        replace(event(number), finished_at=at, published_at=max(at, DISTANT[1]))
    ),
    st.integers(0, 7),
    moments,
) | st.sampled_from([None, b"", b"\0rubbish"])


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records as a broker keeps them: offsets and times rise, offsets with gaps."""
    offset, at_s, records = 0, NOON_S, []
    for value in draw(st.lists(values, max_size=60)):
        offset += draw(st.integers(1, 3))
        at_s += draw(st.integers(0, 400))
        records.append(Record(offset, at_s, value))
    return records


def made(state: State | None = None) -> Aggregator:
    return Aggregator("driver", 0, GRACE_S, state)


def say(counting: Aggregator, windows: Windows) -> State:
    """Take what changed, as whoever reads the topic keeps it; the state."""
    taken = counting.take()
    windows |= {key: decode_window(message) for key, message in taken.said}
    return taken.state


def folded(records: list[Record]) -> Windows:
    counting, windows = made(), {}
    for record in records:
        counting.fold(record)
    say(counting, windows)
    return windows


def records_of(*seconds: float, source: str | None = None) -> list[Record]:
    """One event at each second after noon, which the broker has at once."""
    return [
        Record(
            number, NOON_S + int(second), encode_prediction(event(number, second, source=source))
        )
        for number, second in enumerate(seconds)
    ]


def only(windows: Windows, size_s: int) -> StatisticsWindow:
    (found,) = [window for window in windows.values() if window.size_s == size_s]
    return found


@given(logs())
def test_every_record_counts_once_in_each_size(records):
    assert set(totals(folded(records).values()).values()) == {len(records)}


@given(logs(), st.lists(st.integers(0, 60)))
def test_how_the_log_is_cut_into_batches_changes_nothing(records, cuts):
    counting, windows = made(), {}
    for number, record in enumerate(records):
        if number in cuts:
            say(counting, windows)
        counting.fold(record)
    say(counting, windows)

    assert windows == folded(records)


@given(logs(), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_a_restart_from_a_kept_state_changes_nothing(records, restarts):
    """Each restart: killed behind some record, started from an older state, redelivered from 0."""
    counting, windows, kept = made(), {}, State()
    for killed_at, kept_at in restarts:
        for record in records[:killed_at]:
            counting.fold(record)
            if record.offset == kept_at:
                kept = say(counting, windows)
        counting = made(kept)
    for record in records:
        counting.fold(record)
    say(counting, windows)

    assert windows == folded(records)


@given(logs())
def test_what_is_final_never_changes(records):
    counting, said = made(), {}
    for record in records:
        counting.fold(record)
        for key, message in counting.take().said:
            before = said.get(key)
            assert before is None or not before.is_final
            said[key] = decode_window(message)


@given(logs())
def test_a_state_comes_back_from_its_record_as_it_was(records):
    counting = made()
    for record in records:
        counting.fold(record)
    state = counting.take().state

    assert read_state(state_record(state, GRACE_S), GRACE_S) == state


def test_another_grace_does_not_go_on_from_a_state():
    assert read_state(state_record(State(7), GRACE_S), GRACE_S + 1) is None


def test_records_that_were_counted_are_skipped():
    counting = made(State(through=5))

    assert [counting.fold(Record(offset, NOON_S, None)) for offset in (4, 5, 6, 6)] == [
        False,
        False,
        True,
        False,
    ]


def test_events_count_where_a_person_would_count_them():
    records = records_of(*range(0, 300, 7))
    values = [record.value for record in records]

    assert counted(folded(records).values()) == recount(values)


def test_a_window_tells_confidence_and_latency():
    outcome = seen(4, 0.91)
    value = encode_prediction(prediction(1, outcome, at=NOON))  # 21 ms
    (cell,) = (window := only(folded([Record(3, NOON_S, value)]), 60)).cells

    assert (cell.severity, cell.behaviour, cell.model_version) == (
        "infraction",
        outcome.behaviour,
        "driver-1",
    )
    assert cell.confidence[confidence_bin(0.91)] == sum(cell.confidence) == 1
    assert window.latency == ((latency_bin(21), 1),)
    assert (window.start, window.through, window.is_final) == (NOON, 3, False)


def test_a_failure_has_a_reason_and_no_confidence():
    value = encode_prediction(prediction(1, Failure("image_missing", "Gone."), at=NOON))
    (cell,) = only(folded([Record(0, NOON_S, value)]), 60).cells

    assert (cell.severity, cell.behaviour, cell.reason) == ("failure", "", "image_missing")
    assert cell.confidence == (0,) * CONFIDENCE_BINS


@pytest.mark.parametrize("value", [None, b"", b"rubbish", b"\0\0\0\0\1rest"])
def test_what_cannot_be_read_is_counted_at_the_brokers_time(value):
    window = only(folded([Record(0, NOON_S + 61, value)]), 60)
    (cell,) = window.cells

    assert (cell.severity, cell.reason, cell.count) == ("failure", EVENT_UNREADABLE, 1)
    assert (window.source, window.start) == ("", NOON + timedelta(seconds=60))
    assert window.latency == ()


def test_a_window_is_final_when_the_grace_is_over_and_not_before():
    counting, windows = made(), {}
    first = f"0/60/{NOON_S}/cabin-0".encode()
    for second, is_final in ((0, False), (60 + GRACE_S - 1, False), (60 + GRACE_S, True)):
        number = 2 * second  # of the same camera
        value = encode_prediction(event(number, second))
        counting.fold(Record(number + 1, NOON_S + second, value))
        say(counting, windows)
        assert windows[first].is_final is is_final


def test_an_event_behind_its_grace_is_late_in_the_window_that_is_open():
    windows = folded(records_of(0, 60 + GRACE_S, 5, source="cabin"))
    late = {key: window.late for key, window in windows.items() if window.late}

    assert late == {f"0/60/{NOON_S + 60 + GRACE_S}/cabin".encode(): 1}
    assert windows[f"0/60/{NOON_S}/cabin".encode()].events == 1


def test_an_event_within_its_grace_is_not_late():
    windows = folded(records_of(0, 60 + GRACE_S - 1, 5, source="cabin"))

    assert windows[f"0/60/{NOON_S}/cabin".encode()].events == 2


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=365 * 1000)])
def test_an_event_from_the_future_counts_near_the_brokers_time_and_ends_no_window(ahead):
    honest = encode_prediction(event(0, 0))
    absurd = encode_prediction(replace(event(2, 0), finished_at=NOON + ahead))
    counting = made()
    for offset, value in enumerate([honest, absurd, honest]):
        counting.fold(Record(offset, NOON_S + 1, value))

    assert counting.watermark == NOON_S + 1 + AHEAD_S
    assert totals(folded([Record(0, NOON_S, absurd)]).values())[60] == 1
    assert sum(decode_window(message).late for _, message in counting.take().said) == 0


def test_the_bound_on_the_future_is_below_the_grace():
    from consumers.statistics.settings import StatisticsSettings

    assert StatisticsSettings().grace_s > AHEAD_S


def test_invented_cameras_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(aggregator, "MOST_OPEN", 30)
    counting = made()
    for number in range(100):
        value = encode_prediction(event(number, 0, source=f"invented-{number}"))
        counting.fold(Record(number, NOON_S, value))
    windows = [decode_window(message) for _, message in counting.take().said]

    assert counting.open_windows <= 30 + 3
    assert set(totals(windows).values()) == {100}


def test_a_name_as_long_as_a_message_is_no_camera():
    value = encode_prediction(event(0, 0, source="x" * 60_000))

    assert read_event(Record(0, NOON_S, value)).source == ""
