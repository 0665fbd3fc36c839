"""A replay's promises, on the real broker, with a model that costs nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition

from consumers.replay import service
from consumers.replay.period import parse_period
from schemas.codec import decode_prediction
from schemas.errors import UsageError
from schemas.events import Failure, event_id
from tests.consumers.kit import CommittedReader, Place, make_place
from tests.consumers.replay_kit import (
    OtherClassifier,
    all_replayed,
    ends,
    replay,
    replaying,
)
from tests.waiting import wait_until
from transport.broker import Running
from transport.deadline import Deadline
from transport.replays import RUN_HEADER, Period, list_runs
from transport.settings import TopicSettings
from transport.topics import ensure_replays
from transport.transactions import AbortedError, InDoubtError, Transactions


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    made = make_place(kafka.bootstrap_servers, topic_name("job"), tmp_path / "images")
    ensure_replays(made.cluster.admin(), made.topics, made.settings)
    return made


def follow(place: Place, count: int) -> CommittedReader:
    reader = CommittedReader(place, place.topics.replays)
    reader.start(count)
    return reader


def left_by(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


@pytest.mark.kafka
def test_five_kills_lose_and_double_nothing(place: Place) -> None:
    total = 600
    rng = random.Random(7)
    images = [f"slow {rng.random() * 8:.2f} {n}".encode() for n in range(total)]
    place.publish([place.reference(n, image) for n, image in enumerate(images)])
    before = ends(place)
    reader = follow(place, total)
    for _ in range(5):
        seen = reader.count
        with replaying(place):
            wait_until(lambda seen=seen: reader.count > seen + 40, 30, "progress after a kill")
    with replaying(place) as process:
        assert left_by(process)[0] == 0
    found = reader.wait(60)
    assert [one.event_id for one in found] == [
        event_id(place.topics.images, 0, n) for n in range(total)
    ]
    assert [one.reference_id for one in found] == [f"r{n}" for n in range(total)]
    assert {one.model_version for one in found} == {OtherClassifier.model_version}
    assert len(all_replayed(place)) == total
    assert ends(place) == before
    [run] = list_runs(place.cluster, place.topics, 10)
    assert (run.references, run.failures, run.is_finished) == (total, 0, True)


@pytest.mark.kafka
def test_a_finished_run_does_nothing_more_unless_it_is_to_start_over(place: Place) -> None:
    place.publish([place.reference(n) for n in range(5)])
    first = replay(place)
    place.publish([place.reference(5)])  # behind the range, which was fixed at the start
    second = replay(place)
    third = replay(place, again=True)
    assert (first.finished, first.judged, first.references) == (True, 5, 5)
    assert (second.finished, second.judged, second.run) == (True, 0, first.run)
    assert (third.judged, third.run) == (6, first.run[:-1] + "2")
    runs = [dict(one.headers() or [])[RUN_HEADER].decode() for one in all_replayed(place)]
    assert runs == [first.run] * 5 + [third.run] * 6
    assert [run.id for run in list_runs(place.cluster, place.topics, 10)] == [third.run]


@pytest.mark.kafka
def test_an_image_that_is_gone_is_a_failure_event_and_no_dead_letter(place: Place) -> None:
    place.publish([place.reference(n, path="00/nothing") for n in range(30)])
    place.publish([place.reference(30)])
    before = ends(place)
    summary = replay(place)
    found = [decode_prediction(one.value()) for one in all_replayed(place)]
    reasons = [one.outcome.reason for one in found if isinstance(one.outcome, Failure)]
    assert reasons == ["image_missing"] * 30
    assert (summary.references, summary.failures) == (31, 30)
    assert ends(place) == before


@pytest.mark.kafka
def test_a_second_copy_of_a_run_takes_it_over_and_the_first_leaves_with_code_3(
    place: Place,
) -> None:
    place.publish([place.reference(n, f"slow 50 {n}".encode()) for n in range(120)])
    reader = follow(place, 120)
    with replaying(place) as first:
        wait_until(lambda: reader.count > 3, 30, "the first copy's progress")
        first.send_signal(signal.SIGSTOP)  # or it might be done before the second one is there
        with replaying(place) as second:
            assert left_by(second)[0] == 0
        first.send_signal(signal.SIGCONT)
        code, errors = left_by(first)
    assert code == 3, errors
    assert "took this one's place" in errors.strip().splitlines()[-1]
    assert [one.source_offset for one in reader.wait(30)] == list(range(120))
    assert len(all_replayed(place)) == 120


@pytest.mark.kafka
def test_sigterm_commits_what_is_judged_and_the_next_call_goes_on(place: Place) -> None:
    place.publish([place.reference(n, f"slow 20 {n}".encode()) for n in range(100)])
    reader = follow(place, 100)
    with replaying(place) as process:
        wait_until(lambda: reader.count > 10, 30, "progress")
        process.send_signal(signal.SIGTERM)
        assert left_by(process)[0] == 130
    [run] = list_runs(place.cluster, place.topics, 10)
    rest = replay(place)
    assert 0 < run.done < run.total == 100
    assert rest.judged == 100 - run.references
    assert [one.source_offset for one in reader.wait(30)] == list(range(100))


@pytest.mark.kafka
def test_a_period_takes_the_references_that_were_published_in_it(place: Place) -> None:
    place.publish([place.reference(n) for n in range(3)])
    time.sleep(0.01)  # the broker's clock counts milliseconds
    since = datetime.now(UTC)
    place.publish([place.reference(n) for n in range(3, 7)])
    time.sleep(0.01)
    upto = datetime.now(UTC)
    place.publish([place.reference(n) for n in range(7, 9)])

    def offsets(period: Period) -> list[int]:
        seen = len(all_replayed(place))
        replay(place, period)
        new = all_replayed(place)[seen:]
        return [decode_prediction(one.value()).source_offset for one in new]

    assert offsets(Period(since, upto)) == [3, 4, 5, 6]
    assert offsets(Period(until=since)) == [0, 1, 2]
    assert offsets(Period(since=upto)) == [7, 8]
    assert offsets(Period(since=upto + timedelta(days=1))) == []


@pytest.mark.kafka
def test_each_partition_keeps_its_own_order(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    wide = make_place(kafka.bootstrap_servers, topic_name("job"), tmp_path, partitions=2)
    producer = wide.cluster.producer("test")
    for number in range(40):
        producer.produce(wide.topics.images, wide.reference(number), partition=number % 2)
    assert producer.flush(30) == 0
    summary = replay(wide)
    found = [decode_prediction(one.value()) for one in all_replayed(wide)]
    assert [(one.source_partition, one.source_offset) for one in found] == [
        (partition, offset) for partition in range(2) for offset in range(20)
    ]
    assert (summary.finished, summary.references) == (True, 40)
    assert wide.settings == TopicSettings(partitions=2)


class Faulty(Transactions):
    """Transactions of which one commit fails in a way of its own; the first commits the plan."""

    def __init__(self, make: Callable[[], Producer], fault: str, at: int) -> None:
        super().__init__(make)
        self._fault, self._left = fault, at

    def commit(self, offsets: Sequence[TopicPartition], group: object, deadline: Deadline) -> None:
        self._left -= 1
        if self._left != 0 or self._fault == "undecided, done":
            super().commit(offsets, group, deadline)
        if self._left == 0 and self._fault == "aborted":
            self.abort(deadline)
            raise AbortedError(self._fault)
        if self._left == 0:
            raise InDoubtError(self._fault)


@pytest.mark.kafka
@pytest.mark.parametrize("at", [2, 4])  # the last of four comes when all is read
@pytest.mark.parametrize("fault", ["aborted", "undecided, done", "undecided, not done"])
def test_a_transaction_that_fails_is_judged_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, fault: str, at: int
) -> None:
    monkeypatch.setattr(service, "Transactions", partial(Faulty, fault=fault, at=at))
    place.publish([place.reference(n) for n in range(60)])
    summary = replay(place)
    found = [decode_prediction(one.value()).source_offset for one in all_replayed(place)]
    assert found == list(range(60))
    assert (summary.finished, summary.references) == (True, 60)


def test_a_moment_without_a_zone_is_in_utc() -> None:
    found = parse_period("2026-11-21T09:30", "2026-11-21T12:00+02:00")
    assert found.since == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert found.until == datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=2)))


def test_one_period_written_in_two_ways_is_one_run() -> None:
    assert (
        parse_period("2026-11-21T09:30", None).digest
        == parse_period("2026-11-21 10:30:00.000+01:00", None).digest
        != parse_period(None, "2026-11-21T09:30").digest
    )


@pytest.mark.parametrize(
    ("since", "upto", "named"),
    [
        ("yesterday", None, "--from 'yesterday'"),
        (None, "2026-13-01", "--to '2026-13-01'"),
        ("2026-11-22", "2026-11-21", "--from 2026-11-22 is not before --to 2026-11-21"),
    ],
)
def test_a_period_that_cannot_be_is_refused_by_its_value(
    since: str | None, upto: str | None, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        parse_period(since, upto)
