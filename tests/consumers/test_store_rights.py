"""The worker may not read the image store: it stops soon, and nothing is lost by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from consumers.inference.service import run_worker
from consumers.inference.settings import InferenceSettings
from schemas.codec import decode_prediction
from schemas.errors import EXIT_POISON_STORM, VigieError
from schemas.events import Classification, Failure, FailureReason, Prediction
from tests.consumers.kit import Place, StubClassifier, make_place
from tests.disks import bound_by_rights
from tests.waiting import wait_until
from transport.broker import Running
from transport.dead_letters import read_dead_letters, replay_dead_letters
from transport.reading import read_to_end

pytestmark = pytest.mark.kafka

TOTAL = 12
PATIENCE_S = 60.0
SETTINGS = InferenceSettings(threads=2, storm_window=10, storm_share=0.2)


def predictions(place: Place) -> list[Prediction]:
    messages = read_to_end(place.cluster, place.topics.predictions, "test-rights")
    return [decode_prediction(one.value()) for one in messages]


class Working(threading.Thread):
    """A worker on a thread of its own, and how it ended."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.exit_code = 0
        self._place = place

    def run(self) -> None:
        place = self._place
        parts = (place.cluster, place.store, place.topics, StubClassifier)
        try:
            run_worker(*parts, SETTINGS, place.settings, self.stop)
        except VigieError as error:
            self.exit_code = error.exit_code


def test_a_store_that_may_not_be_read_stops_the_worker_and_a_replay_answers_every_image(
    kafka: Running, tmp_path: Path, topic_name: Callable[[str], str]
) -> None:
    place = make_place(kafka.bootstrap_servers, topic_name("rights"), tmp_path / "images")
    originals = [place.reference(number) for number in range(TOTAL)]
    place.publish(originals)
    rights = place.store.root.stat().st_mode
    place.store.root.chmod(0)
    with bound_by_rights():  # which the worker's threads inherit
        stopped = Working(place)
        stopped.start()
        stopped.join(PATIENCE_S)
    place.store.root.chmod(rights)

    failed = [cast("Failure", one.outcome) for one in predictions(place)]
    letters = list(read_dead_letters(place.cluster, place.topics))
    assert stopped.exit_code == EXIT_POISON_STORM
    assert 3 <= len(failed) <= TOTAL
    assert {one.reason for one in failed} == {FailureReason.IMAGE_UNREADABLE}
    assert all("(Permission denied)" in one.detail for one in failed)
    assert [letter.value for letter in letters] == originals[: len(failed)]

    replay_dead_letters(place.cluster, place.topics, letters)
    again = Working(place)
    again.start()
    wait_until(lambda: len(predictions(place)) >= TOTAL + len(failed), PATIENCE_S, "all answers")
    again.stop.set()
    again.join(PATIENCE_S)
    judged = [one for one in predictions(place) if isinstance(one.outcome, Classification)]
    assert sorted(str(one.reference_id) for one in judged) == sorted(
        f"r{number}" for number in range(TOTAL)
    )
