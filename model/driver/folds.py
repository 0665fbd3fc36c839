"""Cross-validation by subject: every person is judged once, by a network that never saw them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classifier import Classifier
from model.driver.dataset import Folder, Sample
from model.driver.deletion import Drop, deletion_test
from model.driver.evaluate import Answer, judge
from model.driver.export import Forms, export_forms
from model.driver.fit import fit
from model.driver.serving import classifier_of, known_subspace
from model.driver.settings import TrainSettings
from model.labels import Label
from model.novelty import NoveltyGate
from model.progress import Progress
from schemas.errors import ConfigurationError

# The deletion test takes eight passes per image; every tenth image tells the means well enough.
DELETION_EVERY = 10


@dataclass(frozen=True, slots=True)
class Fold:
    """What one network said about the subjects it never saw, at temperature 1.

    ``novelty`` of its verdicts is the residual 0..1 itself: limits are chosen from all folds.

    Attributes:
        name: for reports.
        answers: per precision and data folder, in the order of the folder's samples.
        drops: of the deletion test on some images of the first data folder, in int8.
    """

    name: str
    answers: dict[str, dict[str, list[Answer]]]
    drops: list[Drop]


def assign_folds(samples: Iterable[Sample], count: int) -> dict[str, int]:
    """The fold of every subject: whole people, folds of nearly equal size, always the same.

    The people with most images are dealt first, each to the fold that has fewest by then.

    Raises:
        ConfigurationError: fewer subjects than folds, or fewer than two folds.
    """
    images = Counter(str(sample.subject) for sample in samples)
    if not 2 <= count <= len(images):
        raise ConfigurationError(
            f"{count} folds of {len(images)} subjects ({', '.join(sorted(images)[:8])}) cannot be"
            " made: every fold needs a person of its own, and two folds are the least."
        )
    sizes = [0] * count
    chosen = {}
    for subject, number in sorted(images.items(), key=lambda item: (-item[1], item[0])):
        chosen[subject] = sizes.index(min(sizes))
        sizes[chosen[subject]] += number
    return chosen


def cross_validate(
    folders: Sequence[Folder],
    labels: tuple[Label, ...],
    settings: TrainSettings,
    work: Path,
    progress: Progress,
) -> list[Fold]:
    """Train one network per fold on everybody else, and ask it about the fold's people.

    Args:
        folders: the data; the first decides how long an epoch is.
        labels: the classes, in the order of the network's outputs.
        settings: the recipe; ``settings.folds`` networks are trained.
        work: of this very run; keeps checkpoints and exported weights, so that a killed run goes
            on where it was.
        progress: told of every step.

    Raises:
        ConfigurationError: a folder has fewer subjects than folds.
        ExportError: an exported graph is not the trained network.
    """
    dealt = [assign_folds(folder.samples, settings.folds) for folder in folders]
    found = []
    for number in range(settings.folds):
        name = f"fold {number + 1} of {settings.folds}"
        away = [{who for who, fold in dealing.items() if fold == number} for dealing in dealt]
        training = [
            folder.without(subjects) for folder, subjects in zip(folders, away, strict=True)
        ]
        judged = [folder.only(subjects) for folder, subjects in zip(folders, away, strict=True)]
        telling = _within(name, progress)
        forms = _forms_of(training, labels, settings, work / f"fold-{number + 1}", telling)
        found.append(_judge_fold(name, forms, training, judged, labels, settings, telling))
    return found


def _within(name: str, progress: Progress) -> Progress:
    return lambda what, done, total: progress(f"{name}: {what}", done, total)


def _forms_of(
    training: Sequence[Folder],
    labels: tuple[Label, ...],
    settings: TrainSettings,
    work: Path,
    progress: Progress,
) -> dict[str, bytes]:
    """The exported weights by precision, from disk where this fold is done."""
    files = {precision: work / f"{precision}.tflite" for precision in Forms.PRECISIONS}
    if all(file.is_file() for file in files.values()):
        return {precision: file.read_bytes() for precision, file in files.items()}
    images = [folder.images for folder in training]
    network, _ = fit(images, len(labels), settings, work, progress)
    forms = export_forms(network, images, labels, settings, progress)
    for precision, file in files.items():
        part = file.with_suffix(".part")
        part.write_bytes(forms.weights[precision])
        part.replace(file)
    return forms.weights


def _judge_fold(
    name: str,
    forms: dict[str, bytes],
    training: Sequence[Folder],
    judged: Sequence[Folder],
    labels: tuple[Label, ...],
    settings: TrainSettings,
    progress: Progress,
) -> Fold:
    classifiers = {
        precision: _with_residual(
            classifier_of(weights, precision, labels, settings), training, settings
        )
        for precision, weights in forms.items()
    }
    answers = {
        precision: {folder.name: judge(classifier, folder.samples, progress) for folder in judged}
        for precision, classifier in classifiers.items()
    }
    drops = deletion_test(
        classifiers["int8"],
        answers["int8"][judged[0].name][::DELETION_EVERY],
        np.random.default_rng(settings.seed),
        progress,
    )
    return Fold(name, answers, drops)


def _with_residual(
    classifier: Classifier, training: Sequence[Folder], settings: TrainSettings
) -> Classifier:
    """The classifier whose novelty is the residual to its own training images."""
    subspace = known_subspace(classifier, training, settings)
    return classifier.gated(NoveltyGate(subspace, limit=1.0))
