"""More partitions, more workers: the order is kept per camera, whoever judges it at the moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from consumers.inference.verify import verify
from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_forked import PATIENCE_S, forked
from tests.waiting import wait_until
from transport.broker import Running

pytestmark = pytest.mark.kafka

CAMERAS = [f"cabin-{number:02}" for number in range(8)]
PARTITIONS = 4
WORKERS = 2
PAST_SESSION_S = 11.0  # the group gives a member's partitions to the others after 10 s


@pytest.mark.parametrize(
    ("each", "kills", "away_s"),
    [
        (40, 2, 0.0),
        pytest.param(2000, 10, PAST_SESSION_S, marks=[pytest.mark.prove, pytest.mark.timeout(900)]),
    ],
)
def test_each_camera_keeps_its_order_while_workers_die_and_partitions_wander(
    each: int,
    kills: int,
    away_s: float,
    kafka: Running,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("cameras"), tmp_path, PARTITIONS)
    total = len(CAMERAS) * each
    wanted = {camera: [f"{camera}-{n}" for n in range(each)] for camera in CAMERAS}
    for camera, ids in wanted.items():
        place.publish(
            [place.reference(0, b"slow 5", reference_id=one, source=camera) for one in ids],
            key=camera.encode(),
        )
    reader = CommittedReader(place)
    reader.start(total)

    with ExitStack() as stack:

        def start(slot: int) -> None:
            more = {"slot": slot, "threads": 1, "transaction_images": 20}
            workers[slot] = stack.enter_context(forked(place, **more))

        workers = {}
        for slot in range(WORKERS):
            start(slot)
        for number in range(kills):
            enough = reader.count + total // (2 * kills)
            wait_until(
                lambda least=enough: reader.count >= least, PATIENCE_S, "progress after a kill"
            )
            victim = number % WORKERS
            workers[victim].kill()
            time.sleep(away_s if number % 2 else 0)  # every other one comes back to other owners
            start(victim)
        found = reader.wait(PATIENCE_S)

    ids = [event.reference_id or "" for event in found]
    assert {name: [one for one in ids if one.startswith(f"{name}-")] for name in CAMERAS} == wanted
    assert verify(place.cluster, place.topics).offence is None
