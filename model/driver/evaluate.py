"""How good the served weights are, on the very path that serves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from model import measures
from model.classifier import Classifier, margins
from model.driver.dataset import SUBJECTS_FILE, Sample, check_subjects, read_folder
from model.labels import Label
from model.manifest import Manifest
from model.progress import Progress, silent
from schemas.errors import ConfigurationError
from schemas.events import MOST_NOVEL, Classification

HELD_OUT = "held-out"
# How right answers have to be before a person may go without looking at them.
SURE = 0.99
# Below this a probability's logarithm says nothing about the order of classes.
LEAST_PROBABILITY = 1e-12
# Shares of the images at which a report tells the risk: every twentieth.
COVERAGES = tuple(step / 20 for step in range(1, 21))


@dataclass(frozen=True, slots=True)
class Answer:
    """One image's truth beside its verdict."""

    sample: Sample
    verdict: Classification


class Labelled(Protocol):
    """What names the classes of its answers, as a :class:`Classifier` does."""

    @property
    def labels(self) -> Sequence[Label]:
        """In the order of the probabilities."""


@dataclass(frozen=True, slots=True)
class Report:
    """How the verdicts compare with the truth; formulas and sources in :mod:`model.measures`.

    Attributes:
        images: how many were judged.
        accuracy: share of right verdicts, 0..1.
        accuracy_interval: where 95 of 100 such measurements would lie, images being independent.
        macro_f1: mean F1 over the classes present.
        log_loss: mean negative logarithm of the true class's probability, in nats.
        ece: expected calibration error, 0..1.
        confusion: ``confusion[true][said]``, in images.
        precision: per class said, by its key.
        recall: per class present, by its key.
        f1: per class present, by its key.
        per_subject: accuracy per driver; empty where the drivers are not known.
        spread: how those differ; ``None`` where the drivers are not known.
        answered: share of images the model did not abstain on.
        accuracy_answered: accuracy among those; 0 where there are none.
        novel: share of images it found unlike those it learned from, and so abstained on; ``None``
            where the model does not look.
        risk_coverage: ``(coverage, risk)`` at every twentieth of the images, surest first.
        risk_area: under the whole curve; less is better.
        sure: the lowest odds (see :class:`Arrays`) whose answers are 99 % right; ``None``: none.
    """

    images: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    log_loss: float
    ece: float
    confusion: tuple[tuple[int, ...], ...]
    precision: dict[str, float]
    recall: dict[str, float]
    f1: dict[str, float]
    per_subject: dict[str, float]
    spread: measures.Spread | None
    answered: float
    accuracy_answered: float
    novel: float | None
    risk_coverage: tuple[tuple[float, float], ...]
    risk_area: float
    sure: measures.Threshold | None


@dataclass(frozen=True, slots=True)
class Arrays:
    """The answers as :mod:`model.measures` wants them, one value per image.

    Attributes:
        truth: class numbers.
        said: class numbers.
        probabilities: of shape (images, classes).
        confidences: of the class said.
        right: whether both classes agree.
        abstained: whether the model left the answer to a person.
        novelty: how unlike the known images, ``nan`` where the model does not look.
        subjects: who drives, where known.
    """

    truth: measures.Integers
    said: measures.Integers
    probabilities: measures.Floats
    confidences: measures.Floats
    right: measures.Booleans
    abstained: measures.Booleans
    novelty: measures.Floats
    subjects: tuple[str | None, ...]

    @property
    def scores(self) -> measures.Floats:
        """Logits over the temperature, but for a constant per image, shape (images, classes)."""
        return np.asarray(np.log(np.maximum(self.probabilities, LEAST_PROBABILITY)))

    @property
    def odds(self) -> measures.Floats:
        """How many times as probable as the second the best class is: they grow with the margin."""
        return np.asarray(np.exp(margins(self.scores)))


def choose(
    folder: Path, classifier: Classifier, subjects: Collection[str] | str | None = None
) -> list[Sample]:
    """The images of ``folder`` to judge a model by, at least one.

    Args:
        folder: see :func:`model.driver.dataset.read_folder`; its classes are the model's.
        classifier: the model.
        subjects: only these drivers; ``"held-out"`` for those the weights were never trained on;
            ``None`` for all images.

    Raises:
        ConfigurationError: no image is left to judge, or it is not known whose images were never
            trained on.
    """
    samples = read_folder(folder, classifier.labels)
    if subjects is None:
        return samples
    if subjects == HELD_OUT:
        return _never_trained_on(samples, folder, classifier.manifest)
    chosen = [sample for sample in samples if sample.subject in subjects]
    if not chosen:
        raise ConfigurationError(
            f"{folder} has no image of the subjects {subjects}: name subjects of its"
            f" {SUBJECTS_FILE}, or leave them out to judge all images."
        )
    return chosen


def _never_trained_on(samples: list[Sample], folder: Path, manifest: Manifest) -> list[Sample]:
    check_subjects(samples)
    parts = manifest.record.get("data", ())
    trained = {who for part in parts for who in part.get("training_subjects", ())}
    chosen = [sample for sample in samples if sample.subject not in trained]
    if trained and chosen:
        return chosen
    reason = (
        f"it learned from every driver of {folder}"
        if trained
        else "its manifest does not say which drivers it learned from"
    )
    raise ConfigurationError(
        f"{manifest.version} cannot be judged on drivers it never trained on: {reason}. Give other"
        " data, or judge it on all images: on drivers it has seen, a network looks far better than"
        " it is."
    )


def judge(
    classifier: Classifier, samples: Sequence[Sample], progress: Progress = silent
) -> list[Answer]:
    """The verdict on each sample, from its file's bytes.

    Raises:
        RefusedError: an image cannot be read.
    """
    answers = []
    for sample in samples:
        answers.append(Answer(sample, classifier.classify(sample.path.read_bytes())[0]))
        progress("judging images", len(answers), len(samples))
    return answers


def arrays(answers: Sequence[Answer]) -> Arrays:
    """The answers as arrays."""
    truth = np.array([answer.sample.label for answer in answers], np.int64)
    said = np.array([answer.verdict.label for answer in answers], np.int64)
    return Arrays(
        truth=truth,
        said=said,
        probabilities=np.array([answer.verdict.probabilities for answer in answers], np.float64),
        confidences=np.array([answer.verdict.confidence for answer in answers], np.float64),
        right=truth == said,
        abstained=np.array([answer.verdict.abstained for answer in answers], np.bool_),
        novelty=np.array([answer.verdict.novelty for answer in answers], np.float64),
        subjects=tuple(answer.sample.subject for answer in answers),
    )


def summarise(answers: Sequence[Answer], labelled: Labelled) -> Report:
    """The measures over ``answers``, of which there is at least one."""
    all_ = arrays(answers)
    keys = [label.key for label in labelled.labels]
    confusion = measures.confusion_matrix(all_.truth, all_.said, len(keys))
    scores = measures.class_scores(confusion)
    of_all, of_answered = map(measures.share_of, (all_.right, all_.right[~all_.abstained]))
    shares = measures.shares_by_group(all_.subjects, all_.right)
    curve = measures.risk_coverage(all_.odds, all_.right)
    return Report(
        images=len(answers),
        accuracy=of_all.value,
        accuracy_interval=of_all.interval,
        macro_f1=scores.macro_f1,
        log_loss=measures.log_loss(all_.probabilities, all_.truth),
        ece=measures.calibration(all_.confidences, all_.right).ece,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        precision=_by_key(keys, scores.precision),
        recall=_by_key(keys, scores.recall),
        f1=_by_key(keys, scores.f1),
        per_subject={who: share.value for who, share in shares.items()},
        spread=measures.spread_of(shares),
        answered=of_answered.total / of_all.total,
        accuracy_answered=of_answered.value,
        novel=None if np.isnan(all_.novelty).any() else float((all_.novelty > MOST_NOVEL).mean()),
        risk_coverage=tuple((part, curve.risk_at(part)) for part in COVERAGES),
        risk_area=curve.area,
        sure=measures.threshold_for(all_.odds, all_.right, SURE),
    )


def _by_key(keys: Sequence[str], values: measures.Floats) -> dict[str, float]:
    pairs = zip(keys, values.tolist(), strict=True)
    return {key: value for key, value in pairs if not np.isnan(value)}
