"""From folders of labelled images to the files that serve: weights, labels, manifest, card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from model.classifier import Classifier
from model.driver.calibrate import Calibration, calibrate, cross_calibrate
from model.driver.card import CARD_FILE, write_card
from model.driver.dataset import Folder, classes_of, digest, load_folder
from model.driver.deletion import Drop
from model.driver.evaluate import Answer, Report, summarise
from model.driver.export import Forms, export_forms
from model.driver.fit import fit
from model.driver.folds import Fold, cross_validate
from model.driver.network import NETWORK
from model.driver.serving import classifier_of, known_subspace, map_tolerance
from model.driver.settings import TrainSettings
from model.driver.unrelated import meet_unrelated
from model.labels import Label, write_labels
from model.manifest import Manifest, write_manifest
from model.measures import Share, share_of
from model.novelty import NOVELTY_FILE, NoveltyGate
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
        drops: of the deletion test, from all folds.
        accuracies: of the first data folder, per precision.
        agreement: share of its images on which both forms give the same verdict.
    """

    labels: tuple[Label, ...]
    precision: str
    folds: dict[str, list[tuple[str, list[Answer]]]]
    calibration: Calibration
    drops: list[Drop]
    accuracies: dict[str, float]
    agreement: float

    def answers(self, folder: str) -> list[Answer]:
        """All folds' answers about one data folder."""
        return [answer for _, answers in self.folds[folder] for answer in answers]

    def reports(self) -> dict[str, Report]:
        """The measures per data folder."""
        return {name: summarise(self.answers(name), self) for name in self.folds}


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a run left behind."""

    manifest: Manifest
    validation: Validation


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
    right = {form: _right(found, form, first) for form in Forms.PRECISIONS}
    said = {form: _said(found, form, first) for form in Forms.PRECISIONS}
    accuracies = {form: float(each.mean()) for form, each in right.items()}
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
        [drop for fold in found for drop in fold.drops],
        accuracies,
        float((said["float32"] == said["int8"]).mean()),
    )


def train(
    data: Sequence[Path],
    out: Path,
    settings: TrainSettings,
    work: Path,
    unrelated: Path | None = None,
    progress: Progress = silent,
) -> TrainResult:
    """Cross-validate, train on everybody, export, check, and write the files that serve.

    Args:
        data: see :func:`prepare`.
        out: gets weights, labels, manifest and card, only when all checks have passed.
        settings: the recipe.
        work: see :func:`prepare`.
        unrelated: more pictures that show no cabin, one subfolder per kind, to tell how they are
            met; nothing is chosen by them.
        progress: told of every step.

    Raises:
        ConfigurationError: the data cannot be split by driver.
        ExportError: an exported graph is not the trained network.
    """
    run = prepare(data, settings, work, progress)
    validation = validate(run, settings, progress)
    images = [folder.images for folder in run.folders]
    network, history = fit(images, len(run.labels), settings, run.work / "all", progress)
    forms = export_forms(network, images, run.labels, settings, progress)
    served = _serve(forms, run, validation, settings)
    met = meet_unrelated(served, run.folders[0], unrelated, settings.seed, progress)
    record = run.record | {
        "history": history,
        "keras": keras.__version__,
        "checks": _checks(forms, validation),
        "metrics": {name: asdict(report) for name, report in validation.reports().items()},
        "folds": _fold_accuracies(validation),
        "unrelated": {kind: asdict(share) for kind, share in met.items()},
    }
    manifest = replace(served.manifest, record=record)
    _write(out, served, manifest, validation, met)
    return TrainResult(manifest, validation)


def lost(answers: Sequence[Answer]) -> Share:
    """How many images of the real kind were refused as unlike the known ones."""
    return share_of(np.array([(answer.verdict.novelty or 0.0) > 1.0 for answer in answers]))


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


def _right(found: Sequence[Fold], form: str, folder: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array(
        [a.verdict.label == a.sample.label for f in found for a in f.answers[form][folder]]
    )


def _said(found: Sequence[Fold], form: str, folder: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([a.verdict.label for f in found for a in f.answers[form][folder]])


def _calibrated(
    found: Sequence[Fold], precision: str, folder: str, first: str, settings: TrainSettings
) -> list[tuple[str, list[Answer]]]:
    answers = [fold.answers[precision] for fold in found]
    each = cross_calibrate([a[folder] for a in answers], [a[first] for a in answers], settings)
    return [(fold.name, calibrated) for fold, calibrated in zip(found, each, strict=True)]


def _serve(forms: Forms, run: Run, validation: Validation, settings: TrainSettings) -> Classifier:
    """The form that serves, with everything the folds taught about it."""
    plain = classifier_of(
        forms.weights[validation.precision], validation.precision, run.labels, settings
    )
    subspace = known_subspace(plain, run.folders, settings)
    calibration = validation.calibration
    manifest = replace(
        plain.manifest,
        temperature=calibration.temperature,
        abstain_below=calibration.abstain_below,
        bias=forms.bias,
        map_tolerance=map_tolerance(plain, forms.bias, run.folders[0], settings),
        novelty={
            "sha256": hashlib.sha256(subspace.to_bytes()).hexdigest(),
            "limit": calibration.novelty_limit,
        },
    )
    gate = NoveltyGate(subspace, calibration.novelty_limit)
    return Classifier(plain.weights, manifest, run.labels, gate=gate)


def _checks(forms: Forms, validation: Validation) -> dict[str, Any]:
    return {
        "maps": asdict(forms.maps),
        "litert_probability_error": forms.probability_error,
        "float32_accuracy": validation.accuracies["float32"],
        "int8_accuracy": validation.accuracies["int8"],
        "int8_same_verdict": validation.agreement,
    }


def _fold_accuracies(validation: Validation) -> dict[str, dict[str, float]]:
    return {
        folder: {
            name: float(np.mean([a.verdict.label == a.sample.label for a in answers]))
            for name, answers in folds
        }
        for folder, folds in validation.folds.items()
    }


def _write(
    out: Path,
    served: Classifier,
    manifest: Manifest,
    validation: Validation,
    met: Mapping[str, Share],
) -> None:
    assert served.gate is not None  # noqa: S101 - made by _serve
    out.mkdir(parents=True, exist_ok=True)
    (out / manifest.weights).write_bytes(served.weights)
    (out / NOVELTY_FILE).write_bytes(served.gate.subspace.to_bytes())
    write_labels(out, served.labels)
    write_manifest(out, manifest)
    write_card(
        out / CARD_FILE, manifest, served.labels, validation.reports(), validation.drops, met
    )
