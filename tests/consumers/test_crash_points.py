"""The worker's process ends without a word at every place of a transaction."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import CRASHED, PATIENCE_S, PLACES, Mark, assert_exact, forked
from transport.broker import Running

pytestmark = pytest.mark.kafka

PER_TRANSACTION = 10
FAILS_EVERY = 10  # at the poison gate's share of 0.2 in the last 500, a hundred may fail
AT_MOST = 3


@pytest.mark.parametrize(
    "each", [1, pytest.param(25, marks=[pytest.mark.prove, pytest.mark.timeout(1200)])]
)
def test_a_crash_at_any_place_of_a_transaction_leaves_outputs_equal_to_inputs(
    each: int, kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("crash"), tmp_path / "images")
    rng = random.Random(6)
    crashes = [Mark(where, rng.randint(1, AT_MOST)) for where in PLACES * each]
    rng.shuffle(crashes)
    # A worker gets through fewer than these before it reaches its crash.
    total = (len(crashes) + 1) * AT_MOST * PER_TRANSACTION
    failing = list(range(0, total, FAILS_EVERY))
    reader = CommittedReader(place)
    reader.start(total)
    place.publish(
        [place.reference(n, b"refused" if n % FAILS_EVERY == 0 else b"good") for n in range(total)]
    )
    for crash in crashes:
        with forked(place, crash, transaction_images=PER_TRANSACTION) as worker:
            assert worker.wait() == CRASHED, crash
    with forked(place):
        found = reader.wait(PATIENCE_S)
    assert_exact(place, found, failing)
