"""From folders of labelled images to the files that serve: weights, labels, manifest, card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from model.classifier import Classifier
from model.decode import Pixels, resize
from model.driver.card import CARD_FILE, write_card
from model.driver.dataset import (
    Sample,
    digest,
    held_out_subjects,
    labels_of,
    load_pixels,
    read_folder,
)
from model.driver.evaluate import Answer, Report, judge, summarise
from model.driver.export import MapChecks, check_litert, check_maps, to_litert, with_maps
from model.driver.fit import Images, fit
from model.driver.labels import BEHAVIOURS
from model.driver.settings import NETWORK, TrainSettings
from model.labels import write_labels
from model.manifest import Manifest, write_manifest
from model.progress import Progress, silent
from schemas.errors import ConfigurationError

WEIGHTS_FILE = "driver.tflite"
# A quarter more than the input on each side: what a random crop may choose from. For a camera's
# 640 x 480 JPEG it is just what the decoder gives for the default input, kept without resampling.
MARGIN = 1.25
# Grad-CAM of ten classes by automatic differentiation takes half a second per image.
CHECKED_IMAGES = 32
# Ranges of activations settle after a few hundred images.
CALIBRATION_IMAGES = 400
# Two images of the 626 held out: less than another seed changes.
LARGEST_INT8_LOSS = 0.0033


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a run left behind: its manifest, and the held-out report per data folder."""

    manifest: Manifest
    reports: dict[str, Report]


@dataclass(frozen=True, slots=True)
class Part:
    """One data folder, split by driver."""

    name: str
    subjects: frozenset[str]
    training: list[Sample]
    held_out: list[Sample]


def train(
    data: Sequence[Path],
    out: Path,
    settings: TrainSettings,
    work: Path,
    progress: Progress = silent,
) -> TrainResult:
    """Train, export, check, judge, and write the files that serve into ``out``.

    Args:
        data: folders as :func:`model.driver.dataset.read_folder` reads them, each with its
            ``drivers.csv``; the first is the one that decides precision and abstain threshold.
        out: gets weights, labels, manifest and card, only when all checks have passed.
        settings: the recipe.
        work: keeps a checkpoint per epoch; a run with the same settings and data goes on there.
        progress: told of every step.

    Raises:
        ConfigurationError: the data cannot be split by driver.
        ExportError: the exported graph is not the trained network.
    """
    parts = [_split(folder, settings) for folder in data]
    if len({part.name for part in parts}) < len(parts):
        raise ConfigurationError(
            f"two of the data folders {[str(folder) for folder in data]} have one name, by which"
            " reports would tell them apart: rename one."
        )
    record = _record(parts, settings)
    training = [_images(part.training, settings, progress) for part in parts]
    held_out = [_images(part.held_out, settings, progress) for part in parts]
    network, history = fit(
        training,
        held_out,
        len(BEHAVIOURS),
        settings,
        work / _run_name(record | {"network": NETWORK}),
        progress,
    )
    record |= {"history": history, "keras": keras.__version__}
    served, checks = _export(network, training, parts[0].held_out, settings, progress)
    return _write(served, checks, parts, record, out, settings, progress)


def _split(folder: Path, settings: TrainSettings) -> Part:
    samples = read_folder(folder)
    subjects = held_out_subjects(samples, settings.held_out)
    return Part(
        folder.resolve().name,
        subjects,
        [sample for sample in samples if sample.subject not in subjects],
        [sample for sample in samples if sample.subject in subjects],
    )


def _record(parts: Sequence[Part], settings: TrainSettings) -> dict[str, Any]:
    # The base weights are told by name: where they lie is the trainer's own affair.
    base = settings.base_weights and Path(settings.base_weights).name
    return {
        "settings": asdict(settings) | {"base_weights": base},
        "data": [
            {
                "name": part.name,
                "training_images": len(part.training),
                "training_sha256": digest(part.training),
                "held_out_images": len(part.held_out),
                "held_out_sha256": digest(part.held_out),
                "held_out_subjects": sorted(part.subjects),
                "training_subjects": sorted({str(s.subject) for s in part.training}),
            }
            for part in parts
        ],
    }


def _run_name(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _images(samples: Sequence[Sample], settings: TrainSettings, progress: Progress) -> Images:
    served = settings.height, settings.width
    kept = round(settings.height * MARGIN), round(settings.width * MARGIN)
    return Images(load_pixels(samples, served, kept, progress), labels_of(samples))


def _export(
    network: keras.Model,
    training: Sequence[Images],
    judged: Sequence[Sample],
    settings: TrainSettings,
    progress: Progress,
) -> tuple[Classifier, dict[str, Any]]:
    """The int8 form if it judges ``judged`` as well as the float form, else the latter."""
    progress("exporting and checking the maps", 0, 3)
    graph = with_maps(network)
    some = _spread(training, CHECKED_IMAGES, settings).astype(np.float32)
    maps: MapChecks = check_maps(network, graph, some)
    exact = _classifier(to_litert(graph, None), "float32", settings)
    error = check_litert(graph, exact.run, some)
    progress("quantising to int8", 1, 3)
    calibration = _spread(training, CALIBRATION_IMAGES, settings)
    small = _classifier(to_litert(graph, calibration), "int8", settings)
    answers = [judge(classifier, judged, progress) for classifier in (exact, small)]
    float_accuracy, int8_accuracy = (_share_right(found) for found in answers)
    agreement = [a.verdict.label == b.verdict.label for a, b in zip(*answers, strict=True)]
    checks = {
        "maps": asdict(maps),
        "litert_probability_error": error,
        "float32_accuracy": float_accuracy,
        "int8_accuracy": int8_accuracy,
        "int8_same_verdict": float(np.mean(agreement)),
        "int8_map_correlation": _map_correlation(*answers),
    }
    keeps = int8_accuracy >= float_accuracy - LARGEST_INT8_LOSS
    return (small if keeps else exact), checks


def _spread(training: Sequence[Images], count: int, settings: TrainSettings) -> Pixels:
    """``count`` training images or all there are, evenly over folders and classes, as served."""
    share = -(-count // len(training))
    chosen = [
        images.pixels[index]
        for images in training
        for index in np.linspace(0, len(images.labels) - 1, share).astype(int)
    ]
    return np.stack([resize(image, settings.width, settings.height) for image in chosen])


def _classifier(weights: bytes, precision: str, settings: TrainSettings) -> Classifier:
    manifest = Manifest(
        job="driver",
        weights=WEIGHTS_FILE,
        sha256=hashlib.sha256(weights).hexdigest(),
        width=settings.width,
        height=settings.height,
        precision=precision,
        temperature=1.0,
        abstain_below=0.0,
    )
    return Classifier(weights, manifest, BEHAVIOURS)


def _share_right(answers: Sequence[Answer]) -> float:
    return float(np.mean([answer.verdict.label == answer.sample.label for answer in answers]))


def _map_correlation(one: Sequence[Answer], other: Sequence[Answer]) -> float:
    """Mean correlation of the maps of the true classes in the two forms of the network."""
    found = []
    for a, b in zip(one, other, strict=True):
        left, right = (
            np.frombuffer(answer.verdict.heat.grid(a.sample.label), np.uint8) for answer in (a, b)
        )
        if left.any() and right.any():
            found.append(np.corrcoef(left, right)[0, 1])
    return float(np.mean(found)) if found else 0.0


def _write(
    served: Classifier,
    checks: dict[str, Any],
    parts: Sequence[Part],
    record: dict[str, Any],
    out: Path,
    settings: TrainSettings,
    progress: Progress,
) -> TrainResult:
    answers = {part.name: judge(served, part.held_out, progress) for part in parts}
    confidences = [answer.verdict.confidence for answer in answers[parts[0].name]]
    threshold = round(float(np.quantile(confidences, 1 - settings.answered)), 3)
    served.manifest = replace(served.manifest, abstain_below=threshold)
    reports = {
        name: summarise([_again(a, threshold) for a in found], served)
        for name, found in answers.items()
    }
    told = {name: asdict(report) for name, report in reports.items()}
    manifest = replace(served.manifest, record=record | {"checks": checks, "metrics": told})
    out.mkdir(parents=True, exist_ok=True)
    (out / manifest.weights).write_bytes(served.weights)
    write_labels(out, BEHAVIOURS)
    write_manifest(out, manifest)
    write_card(out / CARD_FILE, manifest, reports)
    return TrainResult(manifest, reports)


def _again(answer: Answer, threshold: float) -> Answer:
    """The same answer, under the threshold that was chosen from all of them."""
    abstained = answer.verdict.confidence < threshold
    return replace(answer, verdict=replace(answer.verdict, abstained=abstained))
