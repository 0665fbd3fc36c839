"""A worker told to stop at any moment: it leaves in time, with nothing left open behind it."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import PATIENCE_S, assert_exact, forked, open_transactions
from transport.broker import Running

pytestmark = pytest.mark.kafka

PROMISED_S = 10.0
AT_ONCE = 200  # 0.4 s of work, so that some stops come into it and some after it
WITHIN_S = 1.0


@pytest.mark.parametrize(
    ("stops", "within_s"),
    [
        (3, PATIENCE_S),
        pytest.param(50, PROMISED_S, marks=[pytest.mark.prove, pytest.mark.timeout(600)]),
    ],
)
def test_a_worker_stopped_at_a_random_moment_leaves_with_code_0_and_no_open_transaction(
    stops: int, within_s: float, kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("stop"), tmp_path / "images")
    rng = random.Random(15)
    reader = CommittedReader(place)
    reader.start(stops * AT_ONCE)
    for stop in range(stops):
        numbers = range(stop * AT_ONCE, (stop + 1) * AT_ONCE)
        place.publish([place.reference(number, b"slow 4") for number in numbers])
        with forked(place, transaction_images=10) as worker:
            time.sleep(rng.random() * WITHIN_S)  # the moment is what is tried here
            worker.send(signal.SIGTERM)
            assert worker.wait(within_s) == 0
        assert open_transactions(place) == []
    with forked(place):
        found = reader.wait(PATIENCE_S)
    assert_exact(place, found)
