"""Proof from the topics themselves: one prediction per reference, same order, no gap, no double."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Message

from consumers.inference.judge import Classifier, Store
from schemas.codec import decode_prediction, decode_reference
from schemas.errors import RefusedError
from schemas.events import Classification, Failure, Outcome, Prediction
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics

PROBABILITY_TOLERANCE = 1e-4
"""Another processor differs in the last bits; another image differs by far more."""

HEAT_TOLERANCE = 2
"""Steps of 255 by which a cell may differ, for the same reason (one from rounding each way)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One reference or one answer: where the reference stands, and its id."""

    partition: int
    offset: int
    reference_id: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. ``offence`` is the first thing that is not as promised, if any.

    Attributes:
        references: committed messages in the images topic.
        predictions: committed messages in the predictions topic.
        failures: predictions whose outcome is a Failure.
        waiting: references at the end that have no prediction yet.
        recomputed: verdicts judged once more and found equal.
    """

    references: int
    predictions: int
    failures: int
    waiting: int
    recomputed: int
    offence: str | None

    @property
    def holds(self) -> bool:
        """Whether everything is as promised."""
        return self.offence is None


def compare(references: Iterable[Place], answers: Iterable[Place]) -> tuple[str | None, int]:
    """Hold the answers of one partition against its references, as lists.

    Returns:
        The first offence, if any, and how many references at the end have no answer yet.
    """
    waiting = 0
    for reference, answer in itertools.zip_longest(references, answers):
        if answer is None:
            waiting += 1
        elif waiting or reference is None:
            return f"a prediction for offset {answer.offset} stands behind the last reference", 0
        elif reference.offset != answer.offset:
            return _misplaced(reference, answer), 0
        # A message that was refused unread, being too large, has no id in its Failure.
        elif answer.reference_id not in (None, reference.reference_id):
            return (
                f"the prediction for offset {answer.offset} carries the id"
                f" {answer.reference_id!r} where the reference says {reference.reference_id!r}"
            ), 0
    return None, waiting


def _misplaced(reference: Place, answer: Place) -> str:
    where = f"partition {reference.partition}"
    if answer.offset > reference.offset:
        return (
            f"in {where} the reference at offset {reference.offset} has no prediction at its"
            f" place: the next one is for offset {answer.offset}"
        )
    return (
        f"in {where} a prediction for offset {answer.offset} stands where the one for"
        f" {reference.offset} should: it is double or out of order"
    )


def verify(
    cluster: Cluster,
    topics: JobTopics,
    sample: int = 0,
    recompute: Callable[[Prediction], str | None] | None = None,
    rng: random.Random | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Verification:
    """Read both topics whole and hold one against the other.

    Args:
        cluster: the Kafka to read.
        topics: the job's topics.
        sample: how many verdicts to judge once more, drawn evenly from all.
        recompute: judges a prediction's image again; says what differs, or ``None``.
        rng: draws the sample; needed when ``sample`` is.
        progress: told how many messages have been read so far.

    Raises:
        ConfigurationError: a topic is not there or cannot be read.
    """
    # Predictions first: whatever is answered later is then merely "waiting", never an offence.
    answers: dict[int, list[Place]] = {}
    kept: list[Prediction] = []
    failures = 0
    read = itertools.count(1)
    predictions = 0
    for predictions, prediction in enumerate(_predictions(cluster, topics), 1):
        progress(next(read))
        place = Place(
            prediction.source_partition, prediction.source_offset, prediction.reference_id
        )
        answers.setdefault(place.partition, []).append(place)
        failures += isinstance(prediction.outcome, Failure)
        _keep(kept, prediction, sample, predictions, rng)
    references: dict[int, list[Place]] = {}
    for message in read_to_end(cluster, topics.images, "vigie-verify"):
        progress(next(read))
        place = _reference_place(message)
        references.setdefault(place.partition, []).append(place)
    offence, waiting = _compare_all(references, answers)
    for prediction in kept if recompute and offence is None else []:
        found = recompute(prediction) if recompute else None
        offence = offence or (found and f"event {prediction.event_id}: {found}")
    count = sum(map(len, references.values()))
    return Verification(count, predictions, failures, waiting, len(kept), offence)


def _compare_all(
    references: dict[int, list[Place]], answers: dict[int, list[Place]]
) -> tuple[str | None, int]:
    waiting = 0
    for partition in sorted(references.keys() | answers.keys()):
        found = answers.get(partition, [])
        expected = references.get(partition, [])
        # Retention lets old references and old predictions go at slightly different moments.
        first = max(expected[0].offset, found[0].offset) if expected and found else 0
        offence, more = compare(
            [place for place in expected if place.offset >= first],
            [place for place in found if place.offset >= first],
        )
        if offence:
            return offence, 0
        waiting += more
    return None, waiting


def _predictions(cluster: Cluster, topics: JobTopics) -> Iterator[Prediction]:
    for message in read_to_end(cluster, topics.predictions, "vigie-verify"):
        yield decode_prediction(message.value())


def _reference_place(message: Message) -> Place:
    try:
        reference_id = decode_reference(message.value()).reference_id
    except RefusedError:
        reference_id = None
    return Place(cast("int", message.partition()), cast("int", message.offset()), reference_id)


def _keep(
    kept: list[Prediction],
    prediction: Prediction,
    sample: int,
    seen: int,
    rng: random.Random | None,
) -> None:
    """Reservoir sampling (Vitter's algorithm R): each prediction is as likely as any other."""
    if sample <= 0 or rng is None:
        return
    if len(kept) < sample:
        kept.append(prediction)
    elif (place := rng.randrange(seen)) < sample:
        kept[place] = prediction


def recompute_with(classifier: Classifier, store: Store) -> Callable[[Prediction], str | None]:
    """Judges an event's image again with this classifier and tells what differs."""

    def recompute(prediction: Prediction) -> str | None:
        if prediction.reference is None:
            return None
        if prediction.model_sha256 != classifier.model_sha256:
            return (
                f"judged by {prediction.model_version}, not by {classifier.model_version}; name"
                " that version by VIGIE_INFERENCE__MODEL to judge again"
            )
        try:
            [(again, _)] = classifier.classify_all([store.read(prediction.reference)])
        except RefusedError as refused:
            again = Failure(refused.reason, refused.detail)
        return _difference(prediction.outcome, again)

    return recompute


def _difference(was: Outcome, again: Classification | Failure) -> str | None:
    if isinstance(again, Failure):
        same = isinstance(was, Failure) and was.reason == again.reason
        return None if same else f"the image is refused now: {again.detail}"
    if not isinstance(was, Classification):
        return f"it was no classification; now it is {again.behaviour!r}"
    if was.label != again.label:
        return f"the verdict was {was.behaviour!r}; judged again it is {again.behaviour!r}"
    gap = max(
        abs(one - two) for one, two in zip(was.probabilities, again.probabilities, strict=True)
    )
    if gap > PROBABILITY_TOLERANCE:
        return f"a probability differs by {gap:.2g}"
    steps = max(abs(one - two) for one, two in zip(was.heat.cells, again.heat.cells, strict=True))
    if steps > HEAT_TOLERANCE:
        return f"a heat grid differs by {steps} of 255"
    return None
