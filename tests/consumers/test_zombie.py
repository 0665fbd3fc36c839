"""A worker that was thought dead and wakes up when another has long taken its place."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, Place, make_place
from tests.consumers.kit_asleep import WORST_FIRST, freeze, is_frozen
from tests.consumers.kit_forked import PATIENCE_S, ForkedWorker, Mark, assert_exact, forked
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import MESSAGE_TIMEOUT_MS, SESSION_TIMEOUT_MS

pytestmark = pytest.mark.kafka

PER_TRANSACTION = 10
TRANSACTIONS = 5  # of the successor, before the zombie wakes
AT_ONCE = 100
LEFT = 20  # of these, for after the zombie is gone: its successor must still be there
FAILS_EVERY = 10
PROMISED_S = 10.0
SESSION_S = SESSION_TIMEOUT_MS / 1e3 + 1
MESSAGES_S = MESSAGE_TIMEOUT_MS / 1e3 + 1


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    return make_place(kafka.bootstrap_servers, topic_name("zombie"), tmp_path / "images")


@pytest.mark.parametrize(
    ("times", "asleep_s", "within_s"),
    [
        (2, 0, PATIENCE_S),
        pytest.param(
            20, SESSION_S, PROMISED_S, marks=[pytest.mark.prove, pytest.mark.timeout(1200)]
        ),
    ],
)
def test_a_zombie_whose_slot_is_taken_leaves_with_code_3_and_nothing_of_it_counts(
    place: Place, times: int, asleep_s: float, within_s: float
) -> None:
    wake_late(place, times, 0, asleep_s, lambda zombie: zombie.wait(within_s) == 3)


@pytest.mark.prove
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("times", "asleep_s", "places"),
    [
        (len(WORST_FIRST), SESSION_S, WORST_FIRST),
        (2, MESSAGES_S, ("produced", "dead letter produced")),  # too old to be sent
    ],
)
def test_a_zombie_replaced_from_another_slot_leaves_or_steps_back(
    place: Place, times: int, asleep_s: float, places: Sequence[str]
) -> None:
    def ended_or_idle(zombie: ForkedWorker) -> bool:
        zombie.process.join(PROMISED_S)
        return zombie.process.exitcode in {3, None}

    wake_late(place, times, 1, asleep_s, ended_or_idle, places)


def wake_late(
    place: Place,
    times: int,
    slot: int,
    asleep_s: float,
    is_gone: Callable[[ForkedWorker], bool],
    places: Sequence[str] = WORST_FIRST,
) -> None:
    """Freeze a worker at a place of its work, wake it when a successor has long been at work."""
    total = times * AT_ONCE
    reader = CommittedReader(place)
    reader.start(total)
    for first, where in zip(range(0, total, AT_ONCE), cycle(places), strict=False):
        numbers = range(first, first + AT_ONCE)
        images = {n: b"refused" if n % FAILS_EVERY == 0 else b"slow 2" for n in numbers}
        messages = [place.reference(n, image) for n, image in images.items()]
        place.publish(messages[:-LEFT])
        with forked(place, Mark(where, 2, freeze), transaction_images=PER_TRANSACTION) as zombie:
            wait_until(lambda zombie=zombie: is_frozen(zombie), PATIENCE_S, "the worker's sleep")
            time.sleep(asleep_s)
            enough = reader.count + TRANSACTIONS * PER_TRANSACTION
            with forked(place, slot=slot, transaction_images=PER_TRANSACTION) as successor:
                wait_until(lambda least=enough: reader.count >= least, PATIENCE_S, "the successor")
                zombie.send(signal.SIGCONT)
                assert is_gone(zombie), where
                place.publish(messages[-LEFT:])
                wait_until(lambda done=numbers.stop: reader.count == done, PATIENCE_S, "the rest")
                assert successor.process.is_alive(), where
    assert_exact(place, reader.wait(PATIENCE_S), list(range(0, total, FAILS_EVERY)))
