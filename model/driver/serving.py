"""From exported weights to a classifier, alike for a fold's network and for the one that ships."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from model.classifier import Classifier
from model.decode import resize
from model.driver.dataset import Folder
from model.driver.settings import TrainSettings
from model.heat import account_gap
from model.labels import Label
from model.manifest import Manifest
from model.novelty import Subspace, fit_subspace

WEIGHTS_FILE = "driver.tflite"
# Of 64 and 256 directions, 64 told plain colours from cabins every time, 256 half of the time.
RANK = 64
# A few thousand images show all the ways in which features differ.
MOST_KNOWN = 3000
# The gap of a quantised map is a rounding; twice the largest seen is still far below a logit.
TOLERANCE = 2.0


def classifier_of(
    weights: bytes, precision: str, labels: tuple[Label, ...], settings: TrainSettings
) -> Classifier:
    """The weights at temperature 1, never abstaining."""
    manifest = Manifest(
        job="driver",
        weights=WEIGHTS_FILE,
        sha256=hashlib.sha256(weights).hexdigest(),
        width=settings.width,
        height=settings.height,
        precision=precision,
        temperature=1.0,
        least_margin=0.0,
    )
    return Classifier(weights, manifest, labels)


def known_subspace(
    classifier: Classifier, folders: Sequence[Folder], settings: TrainSettings
) -> Subspace:
    """Where the features of the training images lie, by the very form that serves."""
    features = [
        classifier.run(resize(image, settings.width, settings.height)).features
        for folder in folders
        for image in folder.images.pixels[:: 1 + len(folder.samples) // MOST_KNOWN]
    ]
    return fit_subspace(np.stack([f for f in features if f is not None]), RANK)


def map_tolerance(
    classifier: Classifier, bias: Sequence[float], folder: Folder, settings: TrainSettings
) -> float:
    """How far the mean of a map and its bias may be from the logit, in units of the logit."""
    biases = np.array(bias, np.float32)
    gaps = []
    for image in folder.images.pixels[:: 1 + len(folder.samples) // 400]:
        found = classifier.run(resize(image, settings.width, settings.height))
        gaps.append(float(account_gap(found.maps, found.scores, biases)))
    return TOLERANCE * max(gaps)
