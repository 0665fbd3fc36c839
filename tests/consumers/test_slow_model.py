"""A model far slower than the cameras: the work waits in Kafka, not in the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.consumers.kit import CommittedReader, Place, make_place
from tests.consumers.kit_forked import PATIENCE_S, forked
from transport.broker import Running
from transport.deadline import Deadline

pytestmark = pytest.mark.kafka

SLOW = b"slow 50"
PER_S = 400  # ten times what two threads get through at 50 ms a piece
WARM = 40  # answers after which the worker has all that it needs
MOST_GROWTH_MIB = 50


@pytest.mark.parametrize(
    "seconds", [2, pytest.param(180, marks=[pytest.mark.prove, pytest.mark.timeout(600)])]
)
def test_a_worker_far_behind_keeps_its_size_and_its_place_in_the_group(
    seconds: int, kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("slow"), tmp_path / "images")
    reader = CommittedReader(place)
    messages = [place.reference(n, SLOW) for n in range(PER_S)]
    reader.start(WARM)
    with forked(place) as worker:
        place.publish(messages)
        reader.wait(PATIENCE_S)
        process = psutil.Process(worker.process.pid)
        before, size = members(place), process.memory_info().rss
        end = Deadline.within(seconds)
        while not end.passed:
            place.publish(messages)
            time.sleep(1)  # the rate is what is tried here
        grown = (process.memory_info().rss - size) / 2**20
        after = members(place)
        assert worker.process.is_alive()
    assert grown < MOST_GROWTH_MIB
    assert before == after
    assert len(before) == 1


def members(place: Place) -> list[str]:
    """Who is in the job's group, by the names that the broker gave them when they joined."""
    [group] = place.cluster.admin().list_groups(place.topics.group, PATIENCE_S)
    return [member.id for member in group.members]
