"""The end of a transaction that reaches the broker, or whose answer comes, when it is given up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import PATIENCE_S, assert_exact, forked
from tests.transport.kafka_proxy import kafka_proxy
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import Cluster

pytestmark = pytest.mark.kafka

DEADLINE_S = 0.5
LATEST_S = 3.0  # sometimes before the next producer has taken over, sometimes after
AT_ONCE = 30
FAILS_EVERY = 10


@pytest.mark.parametrize(
    "times", [2, pytest.param(50, marks=[pytest.mark.prove, pytest.mark.timeout(900)])]
)
def test_a_transaction_that_ends_too_late_is_neither_torn_nor_lost(
    times: int, kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("late"), tmp_path / "images")
    rng = random.Random(17754)
    total = times * AT_ONCE
    reader = CommittedReader(place)
    reader.start(total)
    with kafka_proxy(kafka.bootstrap_servers) as proxy:
        behind = replace(place, cluster=Cluster(f"127.0.0.1:{proxy.port}"))
        with forked(behind, commit_deadline_s=DEADLINE_S, transaction_images=10):
            for time_ in range(times):
                late_s = DEADLINE_S + rng.random() * (LATEST_S - DEADLINE_S)
                proxy.hold(late_s, answer=time_ % 2 == 1)
                numbers = range(time_ * AT_ONCE, (time_ + 1) * AT_ONCE)
                images = [b"refused" if n % FAILS_EVERY == 0 else b"good" for n in numbers]
                place.publish(
                    [place.reference(n, image) for n, image in zip(numbers, images, strict=True)]
                )
                wait_until(
                    lambda done=numbers.stop, late=time_ + 1: (
                        reader.count == done and proxy.let_go == late
                    ),
                    PATIENCE_S,
                    "the late end, and all answers",
                )
    assert_exact(place, reader.wait(PATIENCE_S), list(range(0, total, FAILS_EVERY)))
