"""What the folds' answers teach about doubt: temperature, abstain threshold, limit of novelty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model import measures
from model.classifier import softmax
from model.driver.evaluate import Answer, Arrays, arrays
from model.driver.settings import TrainSettings
from schemas.events import MOST_NOVEL

# Below this a probability's logarithm says nothing that a temperature could use.
LEAST_PROBABILITY = 1e-12
# Features that lie wholly inside leave a residual of 0, in units of which nothing can be told.
LEAST_LIMIT = 1e-4


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to read a network's outputs.

    Attributes:
        temperature: what logits are divided by.
        abstain_below: the confidence under which the model abstains.
        novelty_limit: the residual above which an image counts as unlike the known ones.
    """

    temperature: float
    abstain_below: float
    novelty_limit: float


def calibrate(answers: Sequence[Answer], settings: TrainSettings) -> Calibration:
    """Choose all three from answers about unseen subjects, given at temperature 1.

    Where no threshold makes the answers right enough, the model is to be surer than it ever was.
    """
    told = arrays(answers)
    scores = _scores(told)
    temperature = round(measures.fit_temperature(scores, told.truth), 4)
    residuals = np.nan_to_num(told.novelty)  # 0 where the network does not look
    limit = max(LEAST_LIMIT, round(float(np.quantile(residuals, settings.known)), 4))
    known = residuals <= limit
    shares = softmax(scores[known], temperature)
    threshold = measures.threshold_for(shares.max(1), told.right[known], settings.sure)
    below = threshold.value if threshold else float(np.nextafter(shares.max(1).max(), 2))
    return Calibration(temperature, below, limit)


def recalibrate(answers: Sequence[Answer], calibration: Calibration) -> list[Answer]:
    """The same answers, given at temperature 1, as they read under ``calibration``."""
    shares = softmax(_scores(arrays(answers)), calibration.temperature)
    return [
        _again(answer, tuple(row.tolist()), calibration)
        for answer, row in zip(answers, shares, strict=True)
    ]


def cross_calibrate(
    folds: Sequence[Sequence[Answer]], deciding: Sequence[Sequence[Answer]], settings: TrainSettings
) -> list[list[Answer]]:
    """Each fold's answers under what the *other* folds teach, so that no choice flatters itself.

    Args:
        folds: answers of one data folder, fold by fold.
        deciding: of the folder that decides, in the same folds.
        settings: the recipe.
    """
    found = []
    for number, answers in enumerate(folds):
        others = [a for other, each in enumerate(deciding) if other != number for a in each]
        found.append(recalibrate(answers, calibrate(others, settings)))
    return found


def _again(answer: Answer, shares: tuple[float, ...], calibration: Calibration) -> Answer:
    confidence = shares[answer.verdict.label]
    novelty = (answer.verdict.novelty or 0.0) / calibration.novelty_limit
    verdict = replace(
        answer.verdict,
        probabilities=shares,
        confidence=confidence,
        novelty=novelty,
        abstained=confidence < calibration.abstain_below or novelty > MOST_NOVEL,
    )
    return replace(answer, verdict=verdict)


def _scores(told: Arrays) -> measures.Floats:
    """Logits, but for a constant per image."""
    return np.asarray(np.log(np.maximum(told.probabilities, LEAST_PROBABILITY)))
