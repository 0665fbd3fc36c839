"""The worker's promises, on the real broker, with a model that costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from consumers.inference.verify import verify
from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from schemas.codec import encode_prediction
from schemas.events import Classification, Failure
from tests.consumers.hostile import bomb
from tests.consumers.kit import CommittedReader, Place, make_place, running
from tests.schemas.samples import PREDICTION
from tests.waiting import wait_until
from transport.broker import Running
from transport.dead_letters import read_dead_letters, replay_dead_letters

pytestmark = pytest.mark.kafka

DRAWN = encode(draw(random_scene(np.random.default_rng(1), 4)), 90)


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    return make_place(kafka.bootstrap_servers, topic_name("job"), tmp_path / "images")


def test_order_holds_when_later_images_are_done_first(place: Place) -> None:
    images = [b"slow 60 x", *(f"fast {n}".encode() for n in range(30))]
    place.publish([place.reference(n, image) for n, image in enumerate(images)])
    with running(place):
        found = place.predictions(31)
    assert [one.source_offset for one in found] == list(range(31))


def test_four_producers_at_once_are_answered_in_the_brokers_order(place: Place) -> None:
    batches = [[place.reference(100 * p + n) for n in range(50)] for p in range(4)]
    threads = [
        threading.Thread(target=place.publish, args=(batch, f"p{n}"))
        for n, batch in enumerate(batches)
    ]
    with running(place):
        for thread in threads:
            thread.start()
        found = place.predictions(200)
        for thread in threads:
            thread.join()
    assert [one.source_offset for one in found] == list(range(200))
    assert verify(place.cluster, place.topics).offence is None


def _poison(place: Place, tmp_path: Path) -> dict[str, bytes]:
    """Ten messages that cannot be answered, by the reason they get."""
    (tmp_path / "secret.jpg").write_bytes(b"not for the model")
    return {
        "image_truncated": place.reference(1, DRAWN[: len(DRAWN) // 2]),
        "image_too_large": place.reference(2, bomb(20_000)),
        "image_missing": place.reference(3, path="00/nothing"),
        "path_refused": place.reference(4, path="../secret.jpg"),
        "hash_mismatch": place.reference(5, sha256="f" * 64),
        "message_not_avro": b"hello",
        "message_unknown_schema": b"\x00\x00\x00\x00\x07rest",
        "message_wrong_type": encode_prediction(PREDICTION),
        "message_empty": b"",
        "message_too_large": b"\x00" * 2_000_000,
    }


def test_each_poison_is_a_failure_at_its_place_and_one_dead_letter(
    place: Place, tmp_path: Path
) -> None:
    poison = _poison(place, tmp_path)
    messages = []
    for number, message in enumerate(poison.values()):
        messages += [place.reference(10 * number + 50, DRAWN), message]
    place.publish(messages)
    with running(place, real_model=True):
        found = place.predictions(20)
    reasons = [one.outcome.reason for one in found if isinstance(one.outcome, Failure)]
    assert reasons == list(poison)
    assert all(isinstance(one.outcome, Classification) for one in found[::2])
    letters = list(read_dead_letters(place.cluster, place.topics))
    assert [(one.reason, one.source_offset) for one in letters] == [
        (reason, 2 * n + 1) for n, reason in enumerate(poison)
    ]
    assert [one.value or b"" for one in letters] == list(poison.values())
    assert verify(place.cluster, place.topics).failures == 10


def test_a_replayed_dead_letter_is_answered_when_its_cause_is_mended(place: Place) -> None:
    good = place.store.put(b"image that was late")
    late = place.store.root / good.path
    hidden = late.rename(late.with_suffix(".later"))
    place.publish([place.reference(1, path=good.path, sha256=good.sha256)])
    with running(place):
        [first] = place.predictions(1)
        hidden.rename(late)
        letters = read_dead_letters(place.cluster, place.topics)
        assert replay_dead_letters(place.cluster, place.topics, letters) == 1
        again = place.predictions(2)[1]
    assert isinstance(first.outcome, Failure)
    assert isinstance(again.outcome, Classification)
    assert again.reference_id == first.reference_id


def test_a_model_that_breaks_on_an_image_does_not_delay_the_next(place: Place) -> None:
    place.publish([place.reference(1, b"broken image"), place.reference(2)])
    with running(place):
        found = place.predictions(2)
    assert isinstance(found[0].outcome, Failure)
    assert found[0].outcome.reason == "model_error"
    assert isinstance(found[1].outcome, Classification)


def test_a_topic_with_more_partitions_than_configured_is_refused(
    kafka: Running, topic_name: Callable[[str], str], tmp_path: Path
) -> None:
    job = topic_name("job")
    wide = make_place(kafka.bootstrap_servers, job, tmp_path, partitions=2)
    narrow = Place(wide.cluster, wide.topics, wide.store)
    with running(narrow) as worker:
        code, errors = worker.wait(30)
    assert code == 4
    assert "2 partitions where the settings say 1" in errors
    assert "VIGIE_KAFKA__TOPICS__PARTITIONS=2" in errors


def test_a_storm_of_failures_stops_the_worker_with_code_5(place: Place) -> None:
    bad = [place.reference(n, b"refused image") for n in range(60)]
    place.publish(bad)
    with running(place, storm_window=100, storm_share=0.2, transaction_images=10) as worker:
        code, errors = worker.wait(30)
    assert code == 5
    assert "dead-letters" in errors
    answered = len(list(read_dead_letters(place.cluster, place.topics)))
    assert 21 <= answered < 60  # the rest of the topic is untouched


def test_sigterm_ends_with_code_0_and_what_was_emitted_is_committed(place: Place) -> None:
    place.publish([place.reference(n, f"slow 20 {n}".encode()) for n in range(200)])
    reader = CommittedReader(place)
    reader.start(200)
    with running(place) as worker:
        wait_until(lambda: reader.count > 10, 30, "first predictions")
        code, _ = worker.terminate(timeout=10)
    assert code == 0
    with running(place):
        found = reader.wait(60)
    assert [one.source_offset for one in found] == list(range(200))


def test_a_second_worker_in_the_same_slot_replaces_the_first(place: Place) -> None:
    place.publish([place.reference(1)])
    with running(place) as first:
        place.predictions(1)
        with running(place):
            code, errors = first.wait(30)
            place.publish([place.reference(2)])
            found = place.predictions(2)
    assert code == 3, errors
    assert [one.reference_id for one in found] == ["r1", "r2"]
