"""Workers of one job that come and go: the partition wanders, the order and the count do not."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import PATIENCE_S, ForkedWorker, assert_exact, forked
from transport.broker import Running

pytestmark = [pytest.mark.kafka, pytest.mark.prove]

MEMBERS = 3
ROUNDS = 20
ROUND_S = 5.0
AT_ONCE = 400


@pytest.mark.timeout(600)
def test_three_members_that_come_and_go_keep_one_order(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("churn"), tmp_path / "images")
    rng = random.Random(3)
    reader = CommittedReader(place)
    reader.start(ROUNDS * AT_ONCE)
    there: dict[int, ForkedWorker] = {}
    with ExitStack() as stack:
        for round_ in range(ROUNDS):
            numbers = range(round_ * AT_ONCE, (round_ + 1) * AT_ONCE)
            place.publish([place.reference(n, b"slow 10") for n in numbers])
            slot = rng.randrange(MEMBERS)
            if slot in there:
                there.pop(slot).send(rng.choice([signal.SIGTERM, signal.SIGKILL]))
            else:
                there[slot] = stack.enter_context(forked(place, slot=slot, transaction_images=20))
            time.sleep(ROUND_S)
        alive = [worker.process.is_alive() for worker in there.values()]
    with forked(place):
        found = reader.wait(PATIENCE_S)
    assert_exact(place, found)
    assert all(alive), alive
