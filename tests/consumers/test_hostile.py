"""Hostile input: whatever stands in the topic or in the store, the worker lives and answers it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from consumers.inference.verify import verify
from schemas.events import Failure, Prediction
from tests.consumers import hostile
from tests.consumers.kit import CommittedReader, Place, make_place, running
from transport.broker import Running
from transport.dead_letters import read_dead_letters

pytestmark = pytest.mark.kafka

PATIENCE_S = 200.0
MOST_GROWTH_MIB = 150  # the largest picture that is read, 50 megapixels, has 150 MB of pixels


@pytest.mark.parametrize(
    ("messages", "images"),
    [(200, 80), pytest.param(10_000, 2_000, marks=[pytest.mark.prove, pytest.mark.timeout(900)])],
)
def test_each_hostile_message_and_image_gets_its_answer_and_the_next_good_one_its_verdict(
    messages: int,
    images: int,
    kafka: Running,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("hostile"), tmp_path / "images")
    (tmp_path / "secret.jpg").write_bytes(hostile.SAMPLES[0])
    chance = random.Random(6)
    good = place.reference(1, hostile.SAMPLES[0])
    sent = [
        good,
        *hostile.messages(place, chance, messages),
        *(place.reference(n, data) for n, data in enumerate(hostile.images(chance, images))),
        good,
    ]
    reader = CommittedReader(place)
    reader.start(len(sent))
    place.publish(sent[:1])
    # The gate that stops a worker in a storm of failures would be right here, and in the way.
    with running(place, real_model=True, storm_share=1.0) as worker:
        place.predictions(1)
        process = psutil.Process(worker.process.pid)
        before = process.memory_info().rss
        place.publish(sent[1:])
        found = reader.wait(PATIENCE_S)
        grown = (process.memory_info().rss - before) / 2**20
        code, errors = worker.terminate()
    assert code == 0, errors
    assert_answered(place, found, sent)
    assert grown < MOST_GROWTH_MIB


def assert_answered(place: Place, found: list[Prediction], sent: list[bytes]) -> None:
    """In order, the good ones with a verdict; each Failure's original is a dead letter."""
    assert [one.source_offset for one in found] == list(range(len(sent)))
    assert not isinstance(found[0].outcome, Failure)
    assert not isinstance(found[-1].outcome, Failure)
    failed = [n for n, one in enumerate(found) if isinstance(one.outcome, Failure)]
    assert len(failed) > len(sent) / 2
    letters = [
        (one.source_offset, one.value or b"")
        for one in read_dead_letters(place.cluster, place.topics)
    ]
    assert letters == [(n, sent[n]) for n in failed]
    assert verify(place.cluster, place.topics).offence is None
