"""How good a recipe is on people it never saw, and what that teaches about doubt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.driver.calibrate import Calibration, calibrate, cross_calibrate, weigh
from model.driver.dataset import Folder, classes_of, digest, load_folder
from model.driver.deletion import Drop
from model.driver.evaluate import Answer, Report, arrays, summarise
from model.driver.export import Forms
from model.driver.folds import Fold, cross_validate
from model.driver.network import NETWORK
from model.driver.settings import TrainSettings
from model.labels import Label
from model.manifest import Choice
from model.progress import Progress, silent
from schemas.errors import ConfigurationError

# Two images in a thousand: less than another seed changes.
LARGEST_INT8_LOSS = 0.002


@dataclass(frozen=True, slots=True)
class Validation:
    """What cross-validation found: how good the recipe is on people it never saw.

    Attributes:
        labels: the classes, in the order of the probabilities.
        precision: the form that serves: int8 where that is as right as float32.
        folds: per data folder, name and answers of each fold; each fold's answers are calibrated
            by the other folds.
        calibration: by all folds, for the model that ships.
        choices: other margins to choose from, by all folds.
        drops: of the deletion test, from all folds.
        accuracies: of the first data folder, per precision.
        agreement: share of its images on which both forms give the same verdict.
    """

    labels: tuple[Label, ...]
    precision: str
    folds: dict[str, list[tuple[str, list[Answer]]]]
    calibration: Calibration
    choices: tuple[Choice, ...]
    drops: list[Drop]
    accuracies: dict[str, float]
    agreement: float

    def answers(self, folder: str) -> list[Answer]:
        """All folds' answers about one data folder."""
        return [answer for _, answers in self.folds[folder] for answer in answers]

    def reports(self) -> dict[str, Report]:
        """The measures per data folder."""
        return {name: summarise(self.answers(name), self) for name in self.folds}

    def accuracies_by_fold(self) -> dict[str, dict[str, float]]:
        """Per data folder and fold."""
        return {
            folder: {name: float(arrays(answers).right.mean()) for name, answers in folds}
            for folder, folds in self.folds.items()
        }


@dataclass(frozen=True, slots=True)
class Run:
    """The data of a run in memory, and where the run keeps what it has done."""

    folders: list[Folder]
    labels: tuple[Label, ...]
    record: dict[str, Any]
    work: Path


def prepare(
    data: Sequence[Path], settings: TrainSettings, work: Path, progress: Progress = silent
) -> Run:
    """Read the data of a run.

    Args:
        data: folders as :func:`model.driver.dataset.read_folder` reads them, each with its
            ``drivers.csv``; the first decides the classes, the precision and the calibration.
        settings: the recipe.
        work: gets a folder for this very recipe and data, in which a killed run goes on.
        progress: told of every step.

    Raises:
        ConfigurationError: the data cannot be split by driver, or two folders have one name.
    """
    if len({folder.resolve().name for folder in data}) < len(data):
        raise ConfigurationError(
            f"two of the data folders {[str(folder) for folder in data]} have one name, by which"
            " reports would tell them apart: rename one."
        )
    labels = classes_of(data[0])
    size = settings.height, settings.width
    folders = [load_folder(folder, labels, size, progress) for folder in data]
    record = _record(folders, settings)
    return Run(folders, labels, record, work / _run_name(record))


def validate(run: Run, settings: TrainSettings, progress: Progress = silent) -> Validation:
    """Cross-validate the recipe by subject, and calibrate it by what the folds said.

    Raises:
        ConfigurationError: a folder has fewer subjects than folds.
        ExportError: an exported graph is not the trained network.
    """
    found = cross_validate(run.folders, run.labels, settings, run.work, progress)
    first = run.folders[0].name
    read = {
        form: arrays([answer for fold in found for answer in fold.answers[form][first]])
        for form in Forms.PRECISIONS
    }
    accuracies = {form: float(each.right.mean()) for form, each in read.items()}
    keeps = accuracies["int8"] >= accuracies["float32"] - LARGEST_INT8_LOSS
    precision = "int8" if keeps else "float32"
    deciding = [fold.answers[precision][first] for fold in found]
    calibration = calibrate([answer for answers in deciding for answer in answers], settings)
    return Validation(
        run.labels,
        precision,
        {
            folder.name: _calibrated(found, precision, folder.name, first, settings)
            for folder in run.folders
        },
        calibration,
        weigh(deciding, settings),
        [drop for fold in found for drop in fold.drops],
        accuracies,
        float((read["float32"].said == read["int8"].said).mean()),
    )


def _record(folders: Sequence[Folder], settings: TrainSettings) -> dict[str, Any]:
    # The base weights are told by name: where they lie is the trainer's own affair.
    base = settings.base_weights and Path(settings.base_weights).name
    return {
        "network": NETWORK,
        "settings": asdict(settings) | {"base_weights": base},
        "data": [
            {
                "name": folder.name,
                "images": len(folder.samples),
                "sha256": digest(folder.samples),
                "training_subjects": folder.subjects,
            }
            for folder in folders
        ],
    }


def _run_name(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _calibrated(
    found: Sequence[Fold], precision: str, folder: str, first: str, settings: TrainSettings
) -> list[tuple[str, list[Answer]]]:
    answers = [fold.answers[precision] for fold in found]
    each = cross_calibrate([a[folder] for a in answers], [a[first] for a in answers], settings)
    return [(fold.name, calibrated) for fold, calibrated in zip(found, each, strict=True)]
