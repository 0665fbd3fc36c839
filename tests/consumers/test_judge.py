"""One message to one answer, whatever the message and the store do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from consumers.inference.judge import TRANSIENT_WAITS_S, Answer, Judge, Message, Store
from model.classifier import Classifier
from schemas.codec import decode_prediction, encode_reference
from schemas.events import Classification, Failure, ImageReference
from storage.images import ImageStore
from tests.consumers import hostile
from tests.consumers.kit import StubClassifier
from tests.schemas.samples import REFERENCE

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FUZZING = settings(max_examples=100, deadline=None, derandomize=True)


class FlakyStore:
    """Fails a number of times before it answers."""

    def __init__(self, failures: int, data: bytes = b"image") -> None:
        self.failures, self.data = failures, data

    def read(self, reference: ImageReference) -> bytes:
        if self.failures:
            self.failures -= 1
            raise TimeoutError("the share does not answer")
        return self.data


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    root = tmp_path_factory.mktemp("store") / "images"
    (root.parent / "secret.jpg").write_bytes(hostile.SAMPLES[0])
    return ImageStore(root, 20_000_000)


@pytest.fixture(scope="module")
def real() -> Classifier:
    return Classifier.load()


def answer(
    value: bytes | None, store: Store | None = None, classifier: Classifier | None = None
) -> tuple[Answer, list[float]]:
    waits: list[float] = []
    judge = Judge(
        "driver",
        store or FlakyStore(0),
        classifier or StubClassifier(),
        lambda: NOW,
        65_536,
        waits.append,
    )
    return judge.answer(Message("vigie.driver.images", 0, 41, None, value, NOW)), waits


def outcome(value: bytes | None, store: Store | None = None) -> object:
    return decode_prediction(answer(value, store)[0].prediction).outcome


def test_an_answer_carries_place_hashes_and_the_reference() -> None:
    prediction = decode_prediction(answer(encode_reference(REFERENCE))[0].prediction)
    assert prediction.event_id == "vigie.driver.images-0-41"
    assert prediction.reference == REFERENCE
    assert (prediction.finished_at, prediction.model_sha256) == (NOW, "0" * 64)
    assert isinstance(prediction.outcome, Classification)


@pytest.mark.parametrize("hiccups", range(4))
def test_a_store_that_hesitates_is_asked_again(hiccups: int) -> None:
    found, waits = answer(encode_reference(REFERENCE), FlakyStore(hiccups))
    assert found.failure is None
    assert waits == list(TRANSIENT_WAITS_S[:hiccups])


def test_a_store_that_stays_away_makes_a_failure() -> None:
    found, _ = answer(encode_reference(REFERENCE), FlakyStore(4))
    assert found.failure is not None
    assert found.failure.reason == "image_unreadable"


def test_a_reference_for_another_job_is_refused() -> None:
    other = ImageReference(**{**fields(), "job": "pets"})
    event = decode_prediction(answer(encode_reference(other))[0].prediction)
    found = event.outcome
    assert event.reference == other  # whose it was can still be seen
    assert isinstance(found, Failure)
    assert found.reason == "message_wrong_type"
    assert "vigie.pets.images" in found.detail


def test_a_model_that_raises_makes_a_failure() -> None:
    found = outcome(encode_reference(REFERENCE), FlakyStore(0, b"broken"))
    assert isinstance(found, Failure)
    assert found.reason == "model_error"


@given(hostile.any_message)
@FUZZING
def test_whatever_a_message_holds_it_gets_one_answer_at_its_place(
    empty: ImageStore, value: bytes | None
) -> None:
    found, _ = answer(value, empty)
    event = decode_prediction(found.prediction)
    assert event.event_id == "vigie.driver.images-0-41"
    assert isinstance(event.outcome, Failure)  # also when it leads to files that are no image
    assert found.failure == event.outcome
    assert event.outcome.detail


@given(hostile.any_image)
@FUZZING
def test_whatever_a_file_holds_it_gets_one_answer(real: Classifier, data: bytes) -> None:
    found, _ = answer(encode_reference(REFERENCE), FlakyStore(0, data), real)
    event = decode_prediction(found.prediction)
    assert event.reference == REFERENCE
    assert isinstance(event.outcome, Classification | Failure)
    assert found.failure is None or found.failure.reason != "model_error"


def fields() -> dict[str, object]:
    return {name: getattr(REFERENCE, name) for name in ImageReference.__slots__}
