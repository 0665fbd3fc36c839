"""A replay that stood still and wakes up when another copy has long gone on with its run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.consumers.kit import CommittedReader, make_place
from tests.consumers.kit_asleep import WORST_FIRST, Hold, freeze, freeze_and_hang, is_frozen
from tests.consumers.kit_forked import PATIENCE_S, SERVER, Mark
from tests.consumers.replay_kit import SETTINGS, all_replayed, forked_replay
from tests.waiting import wait_until
from transport.broker import Running
from transport.clients import TRANSACTION_TIMEOUT_MS
from transport.topics import ensure_replays

pytestmark = pytest.mark.kafka

REFERENCES = 100
IN_ITS_THIRD = 2 * int(SETTINGS["transaction_images"]) + 5  # reference of a copy, one in the middle
PROMISED_S = 10.0
PAST_TRANSACTION_S = TRANSACTION_TIMEOUT_MS / 1e3 + 1


@pytest.mark.parametrize(
    ("where", "act", "asleep_s", "hanging_s"),
    [
        ("before offsets", freeze_and_hang, 0, 0.5),
        *(
            pytest.param(where, act, PAST_TRANSACTION_S, None, marks=pytest.mark.prove)
            for where, act in [
                *((where, freeze) for where in WORST_FIRST if not where.startswith("dead")),
                ("before offsets", freeze_and_hang),
            ]
        ),
    ],
)
def test_a_copy_that_wakes_up_leaves_its_run_to_the_one_that_went_on(
    where: str,
    act: Callable[[], None],
    asleep_s: float,
    hanging_s: float | None,
    kafka: Running,
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("asleep"), tmp_path)
    ensure_replays(place.cluster.admin(), place.topics, place.settings)
    place.publish([place.reference(n) for n in range(REFERENCES)])
    reader = CommittedReader(place, place.topics.replays)
    reader.start(REFERENCES)
    hold = Hold(SERVER.Event(), SERVER.Event())
    with forked_replay(place, Mark(where, 3, act), hanging_s) as zombie:
        wait_until(lambda: is_frozen(zombie), PATIENCE_S, "the first copy's sleep")
        time.sleep(asleep_s)
        with forked_replay(place, Mark("produced", IN_ITS_THIRD, hold)) as second:
            assert hold.reached.wait(PATIENCE_S), "the second copy did not go on"
            zombie.send(signal.SIGCONT)
            assert zombie.wait(PROMISED_S) == 3
            hold.released.set()
            assert second.wait() == 0
    found = reader.wait(PATIENCE_S)
    assert [one.source_offset for one in found] == list(range(REFERENCES))
    assert len(all_replayed(place)) == REFERENCES
