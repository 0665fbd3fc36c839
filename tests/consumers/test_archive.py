"""The archive on the real Kafka, into both databases: exactly once, whatever happens to it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from sqlalchemy import delete, update

from schemas.errors import EXIT_FATAL, ConfigurationError
from schemas.events import EVENT_UNREADABLE
from storage.database.errors import OvertakenError
from storage.database.settings import DatabaseSettings
from storage.database.tables import Event, Log, Position, ReviewedEvent, ReviewRow, WindowCount
from tests.consumers.archive_kit import (
    PATIENCE_S,
    ArchiveProcess,
    Archiver,
    Ground,
    Looker,
    archiving,
    looking,
)
from tests.disks import small_disk
from tests.schemas.samples import REVIEW
from tests.storage.databases import BACKENDS, prediction, settings_of
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster
from transport.health.answers import reply
from transport.topics import JobTopics
from vigie.bench.postgres import Postgres

pytestmark = pytest.mark.kafka


@pytest.fixture(params=BACKENDS)
def ground(
    request: pytest.FixtureRequest,
    kafka: Running,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> Ground:
    settings = settings_of(request.param, request)
    return Ground(
        Cluster(kafka.bootstrap_servers), JobTopics(topic_name("job")), settings, tmp_path
    )


@pytest.fixture
def on_sqlite(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Ground:
    """Where the database makes no difference."""
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("job"))
    return Ground(cluster, topics, DatabaseSettings(), tmp_path)


def assert_exact(looker: Looker, total: int) -> None:
    """Each event once, in order; offsets and counts agree with that."""
    assert looker.numbers() == list(range(total))
    assert (
        sum(row["events"] for row in looker.rows(WindowCount)) == 2 * total
    )  # of hours and of days
    ends = {row["next_offset"] for row in looker.rows(Position)}
    assert max(ends) == total


def test_what_is_published_is_archived_once_and_told_in_metrics(ground: Ground) -> None:
    ground.publish_numbers(0, 25)
    with looking(ground) as looker, archiving(ground) as archiver:
        looker.await_events(25)
        ground.publish_numbers(25, 50)
        ground.review([REVIEW])
        looker.await_events(50)
        wait_until(
            lambda: archiver.value("vigie_archive_rows_total", kind="review") == 1,
            60,
            "review",
        )
        wait_until(lambda: archiver.vitals.waits_for() is None, 60, "readiness")
        lag = {"topic": ground.topics.predictions, "partition": "0"}
        wait_until(lambda: archiver.value("vigie_archive_lag", **lag) == 0, 60, "nothing waits")

        assert archiver.value("vigie_archive_rows_total", kind="event") == 50
        assert archiver.value("vigie_archive_database_failures_total") == 0
        assert (archiver.value("vigie_archive_database_bytes") or 0) > 0
        assert reply("/readyz", archiver.vitals).status == 200
        assert_exact(looker, 50)
        assert [row["source_offset"] for row in looker.rows(ReviewedEvent)] == [41, 42, 45]
    assert archiver.vitals.waits_for() is not None


def test_it_goes_on_where_it_was_and_doubles_nothing(ground: Ground) -> None:
    with looking(ground) as looker:
        for first in (0, 10, 20):
            with archiving(ground):
                ground.publish_numbers(first, first + 10)
                looker.await_events(first + 10)

        assert_exact(looker, 30)


@pytest.mark.parametrize("place", ["before commit", "after commit"])
def test_killed_around_a_commit_it_loses_and_doubles_nothing(ground: Ground, place: str) -> None:
    ground.publish_numbers(0, 100)
    with looking(ground) as looker:
        dying = ArchiveProcess(ground, (place, 1))
        assert dying.wait() == -9
        assert bool(looker.rows()) == (place == "after commit")
        with archiving(ground):
            ground.publish_numbers(100, 150)
            looker.await_events(150)

        assert_exact(looker, 150)


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_many_kills_lose_and_double_nothing(ground: Ground) -> None:
    total, kills = 33_333, 20
    share = -(-total // kills)
    rng = random.Random(7)
    with looking(ground) as looker:
        for first in range(0, total, share):
            archive = ArchiveProcess(ground)
            ground.publish_numbers(first, min(total, first + share))
            looker.await_events(first + rng.randrange(share // 2) + 1)
            archive.kill()
        with archiving(ground):
            looker.await_events(total)

        assert_exact(looker, total)


def test_a_topic_made_anew_is_archived_from_its_beginning_as_another_log(
    on_sqlite: Ground,
) -> None:
    ground = on_sqlite
    ground.publish_numbers(0, 20)
    admin = ground.cluster.admin()
    with looking(ground) as looker, archiving(ground):
        looker.await_events(20)
        admin.delete_topics([ground.topics.predictions])[ground.topics.predictions].result(30)
        ground.make_topics()
        ground.publish_numbers(0, 30)
        looker.await_events(50)

        assert looker.numbers() == [*range(20), *range(30)]
        predictions = [row for row in looker.rows(Log) if row["topic"] == ground.topics.predictions]
        assert len({row["log_id"] for row in predictions}) == 2


def test_of_two_archives_one_leaves_with_code_3_and_nothing_is_doubled(ground: Ground) -> None:
    with looking(ground) as looker:
        both = [Archiver(ground), Archiver(ground)]
        for one in both:
            wait_until(lambda one=one: one.vitals.waits_for() is None, PATIENCE_S, "both follow")
        ground.publish_numbers(0, 10)
        wait_until(lambda: any(one.has_left for one in both), PATIENCE_S, "one leaves")
        ground.publish_numbers(10, 20)
        looker.await_events(20)
        for one in both:
            one.end()

        assert_exact(looker, 20)
        [error] = [one.error for one in both if one.error]
        assert isinstance(error, OvertakenError)
        assert error.exit_code == EXIT_FATAL
        assert "one archive per job" in str(error)


def test_what_cannot_be_read_is_a_row_that_says_so(ground: Ground) -> None:
    ground.publish([prediction(0), b"no event", b"", prediction(3)])
    ground.review([b"no review"])
    with looking(ground) as looker, archiving(ground) as archiver:
        looker.await_events(4)
        wait_until(lambda: len(looker.rows(ReviewRow)) == 1, PATIENCE_S, "the review's row")

        rows = sorted(looker.rows(), key=lambda row: row["topic_offset"])
        unreadable = (EVENT_UNREADABLE, "failure")
        assert [(row["reason"], row["severity"]) for row in rows[1:3]] == [unreadable] * 2
        assert "does not begin with" in rows[1]["detail"]
        assert looker.numbers() == [0, None, None, 3]
        [review] = looker.rows(ReviewRow)
        assert (review["action"], review["review_id"]) == (EVENT_UNREADABLE, "")
        wait_until(lambda: archiver.value("vigie_archive_unreadable_total") == 3, 60, "counted")


def test_events_that_are_not_committed_are_not_archived(on_sqlite: Ground) -> None:
    producer = on_sqlite.cluster.transactional_producer(f"{on_sqlite.topics.job}-test")
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(on_sqlite.topics.predictions, b"never", partition=0)
    producer.flush(30)
    producer.abort_transaction(30)
    on_sqlite.publish_numbers(0, 3)
    with looking(on_sqlite) as looker, archiving(on_sqlite):
        looker.await_events(3)

        assert looker.numbers() == [0, 1, 2]


def test_a_database_server_that_comes_back_misses_nothing(
    kafka: Running,
    postgres: Postgres,
    request: pytest.FixtureRequest,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    settings = settings_of("postgresql", request)
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("job"))
    ground = Ground(cluster, topics, settings, tmp_path)
    ground.publish_numbers(0, 10)
    with looking(ground) as looker, archiving(ground) as archiver:
        looker.await_events(10)
        postgres.stop()
        try:
            ground.publish_numbers(10, 20)
            wait_until(
                lambda: archiver.vitals.waits_for() == "the database",
                PATIENCE_S,
                "not being ready",
            )
        finally:
            postgres.start()
        looker.await_events(20)
        wait_until(lambda: archiver.vitals.waits_for() is None, PATIENCE_S, "readiness")

        assert_exact(looker, 20)
        wait_until(
            lambda: archiver.value("vigie_archive_rows_total", kind="event") == 20,
            PATIENCE_S,
            "each counted once",
        )


def test_a_full_disk_that_gets_room_again_misses_nothing(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    cluster, topics = Cluster(kafka.bootstrap_servers), JobTopics(topic_name("job"))
    with small_disk(tmp_path, 8) as disk:
        ground = Ground(cluster, topics, DatabaseSettings(), disk.path)
        ground.publish_numbers(0, 10)
        with looking(ground) as looker, archiving(ground) as archiver:
            looker.await_events(10)
            disk.fill()
            ground.publish_numbers(10, 500)
            wait_until(
                lambda: archiver.vitals.waits_for() == "the database", PATIENCE_S, "not ready"
            )
            disk.make_room()
            looker.await_events(500)

            assert_exact(looker, 500)


def test_a_topic_that_ends_before_what_is_archived_is_refused(
    on_sqlite: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.archive.archive.SETTLE_S", 0.0)
    ground = on_sqlite
    ground.publish_numbers(0, 5)
    with looking(ground) as looker, archiving(ground):
        looker.await_events(5)
    database = ground.database()
    with database.writing() as connection:
        connection.execute(update(Position).values(next_offset=9))
    database.close()

    with pytest.raises(ConfigurationError, match="older backup"), archiving(ground) as again:
        wait_until(lambda: again.has_left, PATIENCE_S, "leaving")


def test_what_expired_before_it_was_archived_is_passed_over(on_sqlite: Ground) -> None:
    ground = on_sqlite
    ground.publish_numbers(0, 10)
    place = TopicPartition(ground.topics.predictions, 0, 6)
    admin = ground.cluster.admin()
    admin.delete_records([place])[place].result(30)
    with looking(ground) as looker, archiving(ground):
        looker.await_events(4)

        assert looker.numbers() == [6, 7, 8, 9]


def test_what_becomes_too_old_is_deleted_while_it_archives(ground: Ground) -> None:
    days = [timedelta(days=ground.settings.keep_days + 1), timedelta()]
    now = datetime.now(UTC)
    clock = iter([now, now])
    late = now + timedelta(hours=2)
    ground.review([dataclasses.replace(REVIEW, reviewed_at=now - days[0])])
    ground.publish([prediction(n, now - day) for n, day in enumerate(days * 5)])
    with looking(ground) as looker, archiving(ground, lambda: next(clock, late)) as archiver:
        wait_until(
            lambda: archiver.value("vigie_archive_deleted_total") == 6,
            PATIENCE_S,
            "old rows gone",
        )

        assert looker.numbers() == [1, 3, 5, 7, 9]
        assert looker.rows(ReviewRow) == []
        assert sum(row["events"] for row in looker.rows(WindowCount)) == 20  # of hours and of days


def test_without_an_end_nothing_is_deleted(on_sqlite: Ground) -> None:
    ground = dataclasses.replace(on_sqlite, settings=DatabaseSettings(keep_days=0))
    ground.publish([prediction(0, datetime(1999, 1, 1, tzinfo=UTC))])
    with looking(ground) as looker, archiving(ground):
        looker.await_events(1)
        ground.publish_numbers(1, 2)
        looker.await_events(2)

        assert looker.numbers() == [0, 1]


def test_a_job_whose_rows_were_deleted_by_hand_goes_on(on_sqlite: Ground) -> None:
    """The offsets say how far it is, not the rows."""
    ground = on_sqlite
    ground.publish_numbers(0, 5)
    with looking(ground) as looker, archiving(ground):
        looker.await_events(5)
        database = ground.database()
        with database.writing() as connection:
            connection.execute(delete(Event))
        database.close()
        ground.publish_numbers(5, 8)
        looker.await_events(3)

        assert looker.numbers() == [5, 6, 7]
