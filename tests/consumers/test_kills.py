"""Workers killed with -9: what they leave open, and what comes out of many of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import PATIENCE_S, Mark, Tell, assert_exact, forked
from tests.forking import SERVER
from tests.waiting import wait_until
from transport.broker import Running

pytestmark = pytest.mark.kafka

PER_TRANSACTION = 10
AT_ONCE = 30  # three transactions or more
WELL_BELOW_TIMEOUT_S = 20.0  # after 30 s the broker would have ended the transaction itself


@pytest.mark.parametrize(
    ("times", "within_s"),
    [(1, WELL_BELOW_TIMEOUT_S), pytest.param(20, 3.0, marks=pytest.mark.prove)],
)
def test_readers_go_on_when_the_next_worker_has_taken_over_a_hanging_transaction(
    times: int, within_s: float, kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("hung"), tmp_path / "images")
    reader = CommittedReader(place)
    reader.start(times * AT_ONCE)
    for number in range(0, times * AT_ONCE, AT_ONCE):
        place.publish([place.reference(n, b"slow 2") for n in range(number, number + AT_ONCE)])
        reached, opened = SERVER.Event(), SERVER.Event()
        hangs = Mark("before commit", 2, Tell(reached, PATIENCE_S))
        with forked(place, hangs, transaction_images=PER_TRANSACTION):
            assert reached.wait(PATIENCE_S)
        seen = reader.count
        with forked(place, Mark("opened", 1, Tell(opened)), transaction_images=PER_TRANSACTION):
            assert opened.wait(PATIENCE_S)
            wait_until(lambda seen=seen: reader.count > seen, within_s, "readers going on")
            wait_until(
                lambda done=number + AT_ONCE: reader.count == done,
                PATIENCE_S,
                "the rest of it",
            )
    assert_exact(place, reader.wait(PATIENCE_S))


@pytest.mark.parametrize(
    ("total", "kills", "per_transaction", "pause_s"),
    [
        (200, 4, 10, PATIENCE_S),
        pytest.param(33_333, 10, 100, 5.0, marks=[pytest.mark.prove, pytest.mark.timeout(600)]),
    ],
)
def test_kills_lose_and_double_nothing(
    total: int,
    kills: int,
    per_transaction: int,
    pause_s: float,
    kafka: Running,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("kills"), tmp_path / "images")
    images = [f"slow {n / 4}".encode() for n in range(8)]  # later ones are often done first
    messages = [place.reference(n, images[n * 5 % 8]) for n in range(total)]
    reader = CommittedReader(place)
    reader.start(total)
    share = -(-total // kills)
    for first in range(0, total, share):
        place.publish(messages[first : first + share])
        enough = reader.count + total // 20
        with forked(place, transaction_images=per_transaction):
            wait_until(lambda least=enough: reader.count >= least, PATIENCE_S, "a twentieth more")
    with forked(place, transaction_images=per_transaction):
        found = reader.wait(PATIENCE_S)
    assert_exact(place, found)
    assert reader.longest_pause_s < pause_s
