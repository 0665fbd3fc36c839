"""How good the served weights are, on the very path that serves them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.classifier import Classifier
from model.driver.dataset import Sample, held_out_subjects, read_folder
from model.progress import Progress, silent
from schemas.errors import ConfigurationError
from schemas.events import Classification

HELD_OUT = "held-out"
# A probability of exactly 0 would make the log loss infinite: one part in a million is the floor.
LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True, slots=True)
class Answer:
    """One image's truth beside its verdict."""

    sample: Sample
    verdict: Classification


@dataclass(frozen=True, slots=True)
class Report:
    """How the verdicts compare with the truth.

    Attributes:
        images: how many were judged.
        accuracy: share of right verdicts, 0..1.
        macro_f1: mean over the classes present of the harmonic mean of precision and recall.
        log_loss: mean negative logarithm of the true class's probability, in nats.
        confusion: ``confusion[true][said]``, in images.
        f1: per class, by its key.
        per_subject: accuracy per driver; empty where the drivers are not known.
        answered: share of images above the abstain threshold.
        accuracy_answered: accuracy among those.
    """

    images: int
    accuracy: float
    macro_f1: float
    log_loss: float
    confusion: tuple[tuple[int, ...], ...]
    f1: dict[str, float]
    per_subject: dict[str, float]
    answered: float
    accuracy_answered: float


def evaluate(
    classifier: Classifier,
    folder: Path,
    subjects: Collection[str] | str | None = None,
    progress: Progress = silent,
) -> Report:
    """Judge the images of ``folder`` (one subfolder per class, ``drivers.csv`` if there is one).

    Args:
        classifier: with its served weights.
        folder: see :func:`model.driver.dataset.read_folder`.
        subjects: only these drivers; ``"held-out"`` for those the weights were never trained on;
            ``None`` for all images.
        progress: told after each image.

    Raises:
        ConfigurationError: no image is left to judge.
        RefusedError: an image cannot be read.
    """
    samples = _choose(read_folder(folder), classifier, subjects)
    if not samples:
        raise ConfigurationError(
            f"{folder} has no image of the subjects {subjects}: name subjects of its drivers.csv,"
            " or leave them out to judge all images."
        )
    return summarise(judge(classifier, samples, progress), classifier)


def judge(
    classifier: Classifier, samples: Sequence[Sample], progress: Progress = silent
) -> list[Answer]:
    """The verdict on each sample, from its file's bytes."""
    answers = []
    for sample in samples:
        answers.append(Answer(sample, classifier.classify(sample.path.read_bytes())[0]))
        progress("judging images", len(answers), len(samples))
    return answers


def summarise(answers: Sequence[Answer], classifier: Classifier) -> Report:
    """The measures over ``answers``, of which there is at least one."""
    keys = [label.key for label in classifier.labels]
    confusion = [[0] * len(keys) for _ in keys]
    for answer in answers:
        confusion[answer.sample.label][answer.verdict.label] += 1
    f1 = {key: _f1(confusion, index) for index, key in enumerate(keys) if sum(confusion[index])}
    answered = [answer for answer in answers if not answer.verdict.abstained]
    return Report(
        images=len(answers),
        accuracy=_accuracy(answers),
        macro_f1=sum(f1.values()) / len(f1),
        log_loss=sum(map(_surprise, answers)) / len(answers),
        confusion=tuple(tuple(row) for row in confusion),
        f1=f1,
        per_subject=_per_subject(answers),
        answered=len(answered) / len(answers),
        accuracy_answered=_accuracy(answered),
    )


def _choose(
    samples: list[Sample], classifier: Classifier, subjects: Collection[str] | str | None
) -> list[Sample]:
    if subjects is None:
        return samples
    if subjects == HELD_OUT:
        named = classifier.manifest.record.get("settings", {}).get("held_out", ())
        subjects = held_out_subjects(samples, named)
    return [sample for sample in samples if sample.subject in subjects]


def _accuracy(answers: Sequence[Answer]) -> float:
    right = sum(answer.sample.label == answer.verdict.label for answer in answers)
    return right / len(answers) if answers else 0.0


def _f1(confusion: Sequence[Sequence[int]], label: int) -> float:
    right = confusion[label][label]
    said = sum(row[label] for row in confusion)
    return 2 * right / (said + sum(confusion[label]))


def _surprise(answer: Answer) -> float:
    return -math.log(max(answer.verdict.probabilities[answer.sample.label], LEAST_PROBABILITY))


def _per_subject(answers: Sequence[Answer]) -> dict[str, float]:
    subjects = sorted({a.sample.subject for a in answers if a.sample.subject is not None})
    return {
        subject: _accuracy([answer for answer in answers if answer.sample.subject == subject])
        for subject in subjects
    }
