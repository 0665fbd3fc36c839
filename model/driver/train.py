"""From folders of labelled images to the files that serve: weights, labels, manifest, card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from model.classifier import Classifier
from model.driver.card import CARD_FILE, write_card
from model.driver.export import Forms, export_forms
from model.driver.fit import fit
from model.driver.serving import classifier_of, known_subspace, map_tolerance
from model.driver.settings import TrainSettings
from model.driver.unrelated import meet_unrelated
from model.driver.validation import Run, Validation, prepare, validate
from model.labels import write_labels
from model.manifest import Manifest, write_manifest
from model.measures import Share
from model.novelty import NOVELTY_FILE, NoveltyGate
from model.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a run left behind."""

    manifest: Manifest
    validation: Validation


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
    met = meet_unrelated(served, run.folders[0].samples, unrelated, settings.seed, progress)
    record = run.record | {
        "history": history,
        "keras": keras.__version__,
        "checks": _checks(forms, validation),
        "metrics": {name: asdict(report) for name, report in validation.reports().items()},
        "folds": validation.accuracies_by_fold(),
        "unrelated": {kind: asdict(share) for kind, share in met.items()},
    }
    manifest = replace(served.manifest, record=record)
    _write(out, served, manifest, validation, met)
    return TrainResult(manifest, validation)


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
        least_margin=calibration.least_margin,
        choices=validation.choices,
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
