"""The archive's database, the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, exc, update

from schemas.events import Failure, Prediction, severity_of
from schemas.reviews import MOST_REVIEWED
from storage.database.engine import Database
from storage.database.errors import OvertakenError
from storage.database.queries import (
    MOST_BEHAVIOURS,
    Cursor,
    EventFilter,
    counts,
    event_page,
    severity_counts,
)
from storage.database.retention import AT_ONCE, forget_subject, purge
from storage.database.rows import MOST_KEY, MOST_TEXT
from storage.database.tables import (
    Event,
    Position,
    ReviewedEvent,
    ReviewRow,
    WindowCount,
)
from storage.database.writing import append
from tests.schemas.samples import FAILURE, REVIEW, predictions
from tests.storage.databases import (
    BACKENDS,
    JOB,
    NOON,
    TOPIC,
    all_of,
    column,
    keep,
    opened,
    prediction,
    settings_of,
    shares,
)


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with opened(settings_of(request.param, request), tmp_path) as found:
        yield found


@pytest.fixture(scope="module", params=BACKENDS)
def mixed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """With the mixture in it, to be read only; archived in two goes, which share some hours."""
    with opened(settings_of(request.param, request), tmp_path_factory.mktemp("mixed")) as found:
        keep(found, mixture()[:50])
        keep(found, mixture()[50:])
        yield found


def mixture() -> list[Prediction]:
    """Four days of all kinds, several at one moment, in no order of time."""
    found = []
    for n in range(120):
        moment = NOON + timedelta(minutes=(n // 2 * 67) % 5000)
        source = f"cabin-{n % 3}"
        if n % 10 == 9:
            found.append(prediction(n, moment, source=source, outcome=FAILURE))
            continue
        seen = {"behaviour": ("normal", "phone-left", "drink")[n % 7 % 3], "confidence": n % 9 / 8}
        kind = {"abstained": n % 8 == 0, "is_infraction": n % 7 % 3 > 0}
        found.append(prediction(n, moment, source=source, **seen, **kind))
    return found


FILTERS = [
    EventFilter(),
    EventFilter(severity="check"),
    EventFilter(behaviours=("drink",)),
    EventFilter(behaviours=("drink", "phone-left", "drink"), source="cabin-1"),
    EventFilter(source="cabin-2", severity="infraction"),
    EventFilter(reason="image_missing"),
    EventFilter(confidence=(0.5, 0.875)),
    EventFilter(since=NOON + timedelta(hours=3, minutes=10), until=NOON + timedelta(hours=20)),
    EventFilter(since=NOON + timedelta(hours=3, minutes=10), until=NOON + timedelta(hours=70)),
    EventFilter(until=NOON + timedelta(hours=50, minutes=1)),
    EventFilter(since=NOON + timedelta(minutes=70), until=NOON + timedelta(minutes=125)),
    EventFilter(since=NOON + timedelta(minutes=70), until=NOON + timedelta(minutes=100)),
    EventFilter(since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=2)),
    EventFilter(severity="failure", since=NOON + timedelta(minutes=31)),
    EventFilter(source="nowhere"),
]


def matches(one: Prediction, wanted: EventFilter) -> bool:
    outcome = one.outcome
    failure = isinstance(outcome, Failure)
    told = [
        wanted.severity in (None, severity_of(outcome)),
        not wanted.behaviours or (not failure and outcome.behaviour in wanted.behaviours),
        wanted.source in (None, one.reference.source if one.reference else ""),
        wanted.reason in (None, outcome.reason if failure else None),
        wanted.since is None or one.finished_at >= wanted.since,
        wanted.until is None or one.finished_at < wanted.until,
    ]
    if wanted.confidence:
        least, most = wanted.confidence
        told.append(not failure and least <= outcome.confidence <= most)
    return all(told)


def test_rows_and_offset_are_committed_together_or_not_at_all(database: Database) -> None:
    keep(database, [prediction(0)])
    known_twice = [prediction(1), prediction(1)]
    with database.writing() as connection:
        [share] = shares(connection, TOPIC, events=known_twice)
    share.events[1]["topic_offset"] = share.events[0]["topic_offset"]
    with pytest.raises(exc.IntegrityError):  # noqa: SIM117 - one statement that may raise
        with database.writing() as connection:
            append(connection, [share])

    assert column(database, Event, "source_offset") == [0]
    assert column(database, Position, "next_offset") == [0, 1]
    assert sum(column(database, WindowCount, "events")) == 2


def test_who_finds_another_offset_than_it_expects_writes_nothing(database: Database) -> None:
    with database.writing() as connection:
        [mine] = shares(connection, TOPIC, events=[prediction(0), prediction(1)])
    keep(database, [prediction(0)])
    with pytest.raises(OvertakenError, match=r"predictions-0 on from offset 0"):  # noqa: SIM117 - as above
        with database.writing() as connection:
            append(connection, [mine])

    assert column(database, Event, "source_offset") == [0]


def test_of_two_that_write_at_the_same_time_the_later_is_refused(database: Database) -> None:
    with database.writing() as connection:
        [share] = shares(connection, TOPIC, events=[prediction(0)])
    refused = []

    def late() -> None:
        try:
            with database.writing() as other:
                append(other, [share])
        except OvertakenError as error:
            refused.append(error)

    with database.writing() as connection:
        append(connection, [share])
        waiting = threading.Thread(target=late)
        waiting.start()
    waiting.join(30)

    assert len(refused) == 1
    assert column(database, Event, "source_offset") == [0]


def test_a_topic_made_anew_is_another_log_with_offsets_of_its_own(database: Database) -> None:
    keep(database, [prediction(0), prediction(1)], log_id="first")
    keep(database, [prediction(0)], log_id="second")

    places = {(row["log_key"], row["topic_offset"]) for row in all_of(database, Event)}
    assert len(places) == 3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(predictions)
def test_any_prediction_can_be_archived_and_is_found_again(
    database: Database, one: Prediction
) -> None:
    keep(database, [one])
    with database.reading() as connection:
        page = event_page(connection, JOB, EventFilter(since=one.finished_at))
    with database.writing() as connection:
        connection.execute(delete(Event))

    [row] = page.events
    told = (row.severity, row.source_offset, row.finished_at, row.abstained)
    abstained = not isinstance(one.outcome, Failure) and one.outcome.abstained
    assert told == (severity_of(one.outcome), one.source_offset, one.finished_at, abstained)
    assert len(row.source) <= MOST_TEXT


def test_texts_of_any_length_are_cut_and_kept(database: Database) -> None:
    draw = random.Random(1)
    # Of four bytes each, and such that nothing can press them together.
    long = "".join(chr(draw.randrange(0x20000, 0x2A000)) for _ in range(2000))
    seen = {"behaviour": long, "source": long, "subject": long, "model_version": long}
    keep(database, [prediction(0, **seen), prediction(1, outcome=Failure(long, long))])
    whole = dataclasses.replace(REVIEW, review_id=long, note=long, reviewer=long)
    keep(database, [], [whole])

    [first, second] = sorted(all_of(database, Event), key=lambda row: row["topic_offset"])
    assert first["behaviour"] == first["source"] == second["reason"] == long[:MOST_KEY]
    assert first["subject"] == second["detail"] == long[:MOST_TEXT]


@pytest.mark.parametrize("wanted", FILTERS)
def test_pages_hold_what_matches_newest_first_and_each_once(
    mixed: Database, wanted: EventFilter
) -> None:
    found, behind = [], None
    with mixed.reading() as connection:
        while True:
            page = event_page(connection, JOB, wanted, 7, behind)
            found += page.events
            behind = page.older
            if behind is None:
                break

    expected = sorted((one for one in mixture() if matches(one, wanted)), key=newest)
    assert [row.source_offset for row in found] == [one.source_offset for one in expected]


def newest(one: Prediction) -> tuple[float, int]:
    return (-one.finished_at.timestamp(), -one.source_offset)


@pytest.mark.parametrize("wanted", FILTERS)
def test_counts_are_those_of_the_events_whatever_the_period(
    mixed: Database, wanted: EventFilter
) -> None:
    with mixed.reading() as connection:
        severities = severity_counts(connection, JOB, wanted)
        cells = counts(connection, JOB, wanted, ("hour", "source", "behaviour"))
        days = counts(connection, JOB, wanted, ("day", "reason"))

    matching = [one for one in mixture() if matches(one, wanted)]
    assert severities == {**dict.fromkeys(severities, 0), **Counter(map(kind_of, matching))}
    assert {cell.values: cell.events for cell in cells} == Counter(map(cell_of, matching))
    assert {day.values: day.events for day in days} == Counter(map(day_of, matching))


def kind_of(one: Prediction) -> str:
    return severity_of(one.outcome)


def cell_of(one: Prediction) -> tuple[datetime, str, str]:
    assert one.reference is not None
    hour = one.finished_at.replace(minute=0, second=0, microsecond=0)
    behaviour = "" if isinstance(one.outcome, Failure) else one.outcome.behaviour
    return (hour, one.reference.source, behaviour)


def day_of(one: Prediction) -> tuple[datetime, str]:
    reason = one.outcome.reason if isinstance(one.outcome, Failure) else ""
    return (one.finished_at.replace(hour=0, minute=0), reason)


def test_another_jobs_events_are_neither_listed_nor_counted(database: Database) -> None:
    keep(database, [prediction(0)])
    with database.reading() as connection:
        assert event_page(connection, "pets", EventFilter()).events == ()
        assert sum(severity_counts(connection, "pets", EventFilter()).values()) == 0
        assert counts(connection, "pets", EventFilter(), ("source",)) == []


@pytest.mark.parametrize("size", [0, 501])
def test_a_page_is_bounded(database: Database, size: int) -> None:
    with database.reading() as connection, pytest.raises(ValueError, match="from 1 to 500"):
        event_page(connection, JOB, EventFilter(), size)


def test_a_filter_is_bounded_and_counts_want_a_dimension(database: Database) -> None:
    with pytest.raises(ValueError, match="at most 50"):
        EventFilter(behaviours=("x",) * (MOST_BEHAVIOURS + 1))
    with database.reading() as connection, pytest.raises(ValueError, match="name a dimension"):
        counts(connection, JOB, EventFilter(), ())


def test_what_somebody_types_is_a_value_and_never_sql(database: Database) -> None:
    typed = "x' OR '1'='1"
    keep(database, [prediction(0)])
    with database.reading() as connection:
        wanted = EventFilter(source=typed, behaviours=(typed, "b"), reason=typed)
        assert event_page(connection, JOB, wanted).events == ()
        assert counts(connection, JOB, wanted, ("source",)) == []
    assert forget_subject(database, JOB, typed).events == 0


def test_a_moment_comes_back_in_utc_and_one_without_a_zone_is_refused(database: Database) -> None:
    here = NOON.astimezone(timezone(timedelta(hours=-5)))
    keep(database, [prediction(0, here)])
    with database.reading() as connection:
        [row] = event_page(connection, JOB, EventFilter(since=here)).events
        assert (row.finished_at, row.finished_at.tzinfo) == (NOON, UTC)
        naive = Cursor(NOON.replace(tzinfo=None), 1)
        with pytest.raises(exc.StatementError, match="no zone"):
            event_page(connection, JOB, EventFilter(), behind=naive)


def test_a_review_is_found_by_the_place_of_what_it_was_about(database: Database) -> None:
    keep(database, [prediction(41)], [REVIEW])

    [row] = all_of(database, ReviewRow)
    assert (row["action"], row["corrected_to"], row["reviewed_at"]) == (
        *("correct", "drink"),
        REVIEW.reviewed_at,
    )
    assert column(database, ReviewedEvent, "source_offset") == [41, 42, 45]


def test_a_review_of_too_many_is_cut(database: Database) -> None:
    offsets = (*range(MOST_REVIEWED + 5), 3)
    keep(database, [], [dataclasses.replace(REVIEW, source_offsets=offsets)])

    assert len(all_of(database, ReviewedEvent)) == MOST_REVIEWED


def test_what_is_too_old_is_deleted_in_batches_and_its_counts_stay(database: Database) -> None:
    old, fresh = NOON - timedelta(days=91), NOON
    many = AT_ONCE + 10
    keep(
        database,
        [prediction(n, old) for n in range(many)] + [prediction(many, fresh)],
        [dataclasses.replace(REVIEW, reviewed_at=old), REVIEW],
    )
    deleted = []
    while not deleted or any(deleted[-1]):
        with database.writing() as connection:
            deleted.append(purge(connection, JOB, NOON - timedelta(days=90)))

    assert deleted == [(AT_ONCE, 1), (10, 0), (0, 0)]
    assert column(database, Event, "source_offset") == [many]
    assert len(all_of(database, ReviewRow)) == 1
    assert len(all_of(database, ReviewedEvent)) == len(REVIEW.source_offsets)
    assert sum(column(database, WindowCount, "events")) == 2 * (many + 1)
    with database.reading() as connection:
        assert severity_counts(connection, JOB, EventFilter())["infraction"] == 1


def test_a_subject_is_forgotten_with_its_counts_and_reviews_and_nobody_else(
    database: Database,
) -> None:
    of_both = dataclasses.replace(REVIEW, source_offsets=(1, 2))
    of_one = dataclasses.replace(REVIEW, source_offsets=(1, 3))
    events = [prediction(n, subject="p-1" if n % 2 else "p-2") for n in range(4)]
    keep(database, events, [of_both, of_one])
    found = forget_subject(database, JOB, "p-1")

    assert (found.events, found.erased) == (2, True)
    assert column(database, Event, "source_offset") == [0, 2]
    assert column(database, ReviewedEvent, "source_offset") == [2]
    assert len(all_of(database, ReviewRow)) == 1
    assert column(database, WindowCount, "events") == [2, 2]
    assert forget_subject(database, JOB, "p-1").events == 0


def test_its_size_grows_with_what_is_in_it(database: Database) -> None:
    before = database.size_bytes()
    keep(database, [prediction(0)])
    with database.writing() as connection:
        connection.execute(update(Event).values(detail="x" * 2_000_000))

    assert database.size_bytes() > max(before, 10_000)
