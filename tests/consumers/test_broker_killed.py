"""The broker killed, or ended and started again, under load: nothing is lost, doubled or moved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

import pytest

from schemas.codec import decode_prediction
from schemas.errors import EXIT_FATAL
from schemas.events import Prediction
from tests.consumers.kit import Place, make_place
from tests.consumers.kit_forked import ForkedWorker, assert_exact
from tests.consumers.replay_kit import replaying
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.reading import read_to_end
from transport.topics import ensure_replays
from vigie.chaos.blows import Blow, BrokerVictim
from vigie.chaos.feeder import Feeder
from vigie.chaos.offsets import Offsets
from vigie.chaos.trial import Trial, settled
from vigie.chaos.witness import Witness

pytestmark = pytest.mark.kafka


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path / "home", BrokerSettings())
    yield broker
    broker.stop()


@pytest.fixture
def place(broker: EmbeddedBroker, tmp_path: Path) -> Place:
    return make_place(broker.start().bootstrap_servers, "job", tmp_path / "images")


class SleepingBroker(BrokerVictim):
    """A broker that sleeps for longer than its session, as all of a laptop does under its lid."""

    asleep_s = 4.0

    def __init__(self, broker: EmbeddedBroker) -> None:
        super().__init__(broker)
        self._pid = broker.status().pid or 0

    def down(self, number: Signals) -> None:
        os.kill(self._pid, number)

    def up(self) -> None:
        time.sleep(self.asleep_s)
        os.kill(self._pid, SIGCONT)


def feeder(place: Place, total: int, slow_ms: float) -> Feeder:
    """Later images are often done first."""
    images = [f"slow {n * slow_ms}".encode() for n in range(8)]

    def make(number: int) -> bytes:
        return place.reference(number, images[number * 5 % 8])

    return Feeder(place.cluster.producer("test-feeder"), place.topics.images, make, total)


@contextmanager
def supervised(place: Place) -> Iterator[Callable[[], None]]:
    """A worker, and a look after it.

    Where the broker is away for longer than the worker's session, Kafka may fence the worker when
    both are back: it leaves, and is started anew as `vigie up` does.
    """
    workers = [ForkedWorker(place, transaction_images=100)]

    def look() -> None:
        code = workers[-1].process.exitcode
        if code is not None:
            assert code == EXIT_FATAL
            workers.append(ForkedWorker(place, transaction_images=100))

    try:
        yield look
    finally:
        for worker in workers:
            worker.kill()


def read_afterwards(place: Place, topic: str) -> list[Prediction]:
    found = read_to_end(place.cluster, topic, "test-afterwards")
    return [decode_prediction(one.value()) for one in found]


@pytest.mark.parametrize(
    ("total", "signals", "within_s"),
    [
        (300, [SIGKILL], 60.0),  # how quick it is, the long form measures
        pytest.param(
            *(10_000, [SIGKILL, SIGTERM] * 3, 15.0),
            marks=[pytest.mark.prove, pytest.mark.timeout(600)],
        ),
    ],
)
def test_a_worker_survives_a_broker_that_dies_under_load(
    total: int, signals: list[Signals], within_s: float, broker: EmbeddedBroker, place: Place
) -> None:
    witness = Witness(place.cluster, place.topics.predictions)
    offsets = Offsets(place.cluster, place.topics)
    victim = BrokerVictim(broker)

    with supervised(place) as look, witness.looking_on():
        trial = Trial(feeder(place, total, 0.25), witness, offsets.predictions, look)
        trial.endure([Blow(victim, number) for number in signals])
        trial.until(lambda: settled(offsets, witness), "the last commit")

    assert witness.ids == [f"r{number}" for number in range(total)]
    assert_exact(place, read_afterwards(place, place.topics.predictions))
    assert [one for one in trial.recoveries if one.seconds > within_s] == []


@pytest.mark.parametrize(
    "times", [1, pytest.param(10, marks=[pytest.mark.prove, pytest.mark.timeout(600)])]
)
def test_a_worker_goes_on_after_the_broker_has_slept(
    times: int, broker: EmbeddedBroker, place: Place
) -> None:
    witness = Witness(place.cluster, place.topics.predictions)
    offsets = Offsets(place.cluster, place.topics)

    with supervised(place) as look, witness.looking_on():
        trial = Trial(feeder(place, 100 * times, 0.25), witness, offsets.predictions, look)
        trial.endure([Blow(SleepingBroker(broker), SIGSTOP)] * times)
        trial.until(lambda: settled(offsets, witness), "the last commit")

    assert witness.ids == [f"r{number}" for number in range(100 * times)]


@pytest.mark.prove
def test_a_replay_survives_a_broker_that_dies(broker: EmbeddedBroker, place: Place) -> None:
    total, topic = 500, place.topics.replays
    ensure_replays(place.cluster.admin(), place.topics, place.settings)
    references = feeder(place, total, 4.0)
    references.up_to(total)
    references.finish()
    witness, offsets = Witness(place.cluster, topic), Offsets(place.cluster, place.topics)

    with replaying(place), witness.looking_on():
        trial = Trial(references, witness, lambda: offsets.end(topic))
        trial.endure([Blow(BrokerVictim(broker), SIGKILL)] * 2)

    places = list(range(total))
    assert witness.ids == [f"r{number}" for number in places]
    assert [one.source_offset for one in read_afterwards(place, topic)] == places
