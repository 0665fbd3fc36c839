"""The statistics on a real Kafka: exact over kills, replays and aborted transactions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.codec import encode_prediction
from schemas.errors import EXIT_CONFIGURATION, EXIT_OK
from tests.consumers.statistics_kit import (
    PATIENCE_S,
    Counted,
    StatisticsProcess,
    await_said,
    counted,
    counting,
    event,
    make_counted,
    recount,
)
from tests.vigie.cli import vigie
from tests.waiting import wait_until
from transport.broker import Running

pytestmark = pytest.mark.kafka

LONG = [pytest.mark.prove, pytest.mark.timeout(600)]


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Counted:
    return make_counted(kafka.bootstrap_servers, topic_name("counted"), tmp_path)


@pytest.mark.parametrize(
    ("events", "kills"), [(400, 1), pytest.param(4000, 3, marks=LONG)], ids=["short", "long"]
)
def test_counts_are_exact_over_kills(place, events, kills):
    """Killed with -9 while predictions arrive; a plain recount at the end says the same."""
    share = events // (kills + 1)
    written = []
    for number in range(kills):
        with counting(place) as process:
            written += place.write_events(range(number * share, (number + 1) * share))
            await_said(place, number * share + 1, process)
            process.kill()
    with counting(place) as process:
        written += place.write_events(range(kills * share, events))
        await_said(place, events, process)
        metrics, ready = process.ask("/metrics"), process.ask("/readyz")
        code, errors = process.terminate()

    windows = place.windows()
    assert counted(windows.values()) == recount(written)
    assert windows == place.expected()
    assert (code, json.loads(ready)["ready"]) == (EXIT_OK, True), errors
    assert "vigie_statistics_events_total" in metrics


def test_what_is_not_committed_never_counts_and_a_later_replay_gives_the_same(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
):
    """Two partitions, with aborted, open and unreadable records; then all again, under another
    application id, into another topic, by a clock that is a year ahead."""
    place = make_counted(kafka.bootstrap_servers, topic_name("aborted"), tmp_path, partitions=2)
    write_with_aborted(place)
    with counting(place) as process:
        await_said(place, 28, process)
    elsewhere = make_counted(
        kafka.bootstrap_servers, f"{place.topics.job}-again", tmp_path, partitions=2
    )
    given = json.dumps({"from": place.topics.job, "to": elsewhere.topics.job, "days": 365})
    with counting(place, given, command=["tests.consumers.statistics_elsewhere"]) as process:
        await_said(elsewhere, 28, process)

    found = place.windows()
    assert found == place.expected()
    assert found == {
        key: replace(window, job=place.topics.job) for key, window in elsewhere.windows().items()
    }


def write_with_aborted(place: Counted) -> None:
    """25 committed predictions around 50 aborted ones, 3 unreadable, and 10 of an open end."""
    producer = place.cluster.transactional_producer(f"writer-{place.topics.job}")
    producer.init_transactions(PATIENCE_S)

    def write(numbers: range) -> None:
        producer.begin_transaction()
        for number in numbers:
            value = encode_prediction(event(number, 100 * number))
            producer.produce(place.topics.predictions, value, partition=number % 2)
        assert producer.flush(PATIENCE_S) == 0

    write(range(20))
    producer.commit_transaction(PATIENCE_S)
    write(range(20, 70))
    producer.abort_transaction(PATIENCE_S)
    place.write([b"rubbish", None, b""], partition=1)
    write(range(70, 75))
    producer.commit_transaction(PATIENCE_S)
    write(range(75, 85))


@pytest.mark.prove
def test_counting_again_starts_at_the_oldest_prediction(place):
    place.write_events(range(100))
    with counting(place) as process:
        await_said(place, 100, process)
        process.terminate()
    before = place.windows()
    with counting(place, "--again") as process:
        wait_until(
            lambda: "vigie_statistics_events_total 100.0" in asked(process, "/metrics"),
            PATIENCE_S,
            "all counted again",
        )

    assert place.windows() == before == place.expected()


@pytest.mark.prove
@pytest.mark.parametrize("round_", range(5))
def test_a_stop_while_it_counts_takes_less_than_ten_seconds(place, round_):
    place.write_events(range(2000))
    with counting(place) as process:
        await_said(place, 1, process)
        code, errors = process.terminate(timeout=10)

    assert code == EXIT_OK, errors


@pytest.mark.prove
def test_two_that_count_the_same_job_count_nothing_twice(place):
    """Whether they leave, and which, is Kafka's matter; what is counted at the end is ours."""
    place.write_events(range(10))
    with counting(place) as older:
        await_said(place, 10, older)
        before = len(place.changelog())
        with counting(place) as newer:
            wait_until(
                lambda: len(place.changelog()) > before or newer.process.poll() is not None,
                PATIENCE_S,
                "the newer one to keep a state, or to leave",
            )
    with counting(place) as process:
        place.write_events(range(10, 20))
        await_said(place, 20, process)

    assert place.windows() == place.expected()


def test_without_a_broker_it_says_so(tmp_path):
    done = vigie(tmp_path, "statistics", "driver")

    assert (done.returncode, done.stdout) == (EXIT_CONFIGURATION, "")
    assert "vigie broker start" in done.stderr


def test_topics_with_other_partitions_are_refused(place, tmp_path):
    settings = {
        "VIGIE_KAFKA__BOOTSTRAP_SERVERS": place.cluster.bootstrap_servers,
        "VIGIE_KAFKA__TOPICS__PARTITIONS": "3",
    }
    done = vigie(tmp_path, "statistics", place.topics.job, **settings)

    assert done.returncode == EXIT_CONFIGURATION
    assert "has 1 partitions where the settings say 3" in done.stderr


def asked(process: StatisticsProcess, path: str) -> str:
    """What the health server answers, once it is there."""
    assert process.process.poll() is None, process.said()
    return process.ask(path) if "health and metrics" in process.said() else ""
