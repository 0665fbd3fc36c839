"""The broker killed with -9 while work is going on: nothing is lost or doubled, nobody hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from schemas.codec import decode_prediction
from tests.consumers.kit import Place, make_place, running, until
from tests.consumers.replay_kit import replaying
from tests.transport.broker_kit import answering
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.reading import read_to_end
from transport.topics import ensure_replays

pytestmark = [pytest.mark.kafka, pytest.mark.prove]

TOTAL = 500
KILLS = 2
BACK_S = 60.0  # measured 15: the broker's restart, the hanging call, the producer's reopening


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path / "home", BrokerSettings())
    yield broker
    broker.stop()


def kill(broker: EmbeddedBroker) -> None:
    """Its guard starts it again."""
    pid = broker.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(
        lambda: broker.status().pid not in {None, pid} and answering(broker),
        BACK_S,
        "the broker's return",
    )


def work(what: str, place: Place) -> tuple[str, AbstractContextManager[object]]:
    if what == "replay":
        return place.topics.replays, replaying(place)
    return place.topics.predictions, running(place, transaction_images=20)


@pytest.mark.parametrize("what", ["worker", "replay"])
def test_a_killed_broker_is_survived_exactly_once(
    what: str, broker: EmbeddedBroker, tmp_path: Path
) -> None:
    started = broker.start()
    place = make_place(started.bootstrap_servers, "job", tmp_path / "images")
    ensure_replays(place.cluster.admin(), place.topics, place.settings)
    place.publish([place.reference(n, f"slow 15 {n}".encode()) for n in range(TOTAL)])
    topic, worker = work(what, place)

    def offsets() -> list[int]:
        messages = read_to_end(place.cluster, topic, "test-killed")
        return [decode_prediction(one.value()).source_offset for one in messages]

    with worker:
        for _ in range(KILLS):
            seen = len(offsets())
            until(lambda seen=seen: len(offsets()) > seen + 40, BACK_S, "progress after a kill")
            kill(broker)
        until(lambda: len(offsets()) >= TOTAL, BACK_S, "the rest")
    assert offsets() == list(range(TOTAL))
