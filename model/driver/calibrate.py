"""What the folds' answers teach about doubt: temperature, least margin, limit of novelty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model import measures
from model.classifier import margins, softmax
from model.driver.evaluate import Answer, arrays
from model.driver.settings import TrainSettings
from model.manifest import Choice
from schemas.events import MOST_NOVEL

# Features that lie wholly inside leave a residual of 0, in units of which nothing can be told.
LEAST_LIMIT = 1e-4

RIGHT = (0.99, 0.98, 0.97, 0.95)
"""Shares of answers that shall be right, to choose from: from one wrong in a hundred to one in
twenty, which is not much better than to answer everything."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to read a network's outputs.

    Attributes:
        temperature: what logits are divided by.
        least_margin: the lead of the best class over the second, in logits before the temperature,
            under which the model abstains.
        novelty_limit: the residual above which an image counts as unlike the known ones.
    """

    temperature: float
    least_margin: float
    novelty_limit: float


def calibrate(answers: Sequence[Answer], settings: TrainSettings) -> Calibration:
    """Choose all three from answers about unseen subjects, given at temperature 1.

    Where no margin makes the answers right enough, it is to be larger than there ever was.
    """
    told = arrays(answers)
    temperature = round(measures.fit_temperature(told.scores, told.truth), 4)
    residuals = np.nan_to_num(told.novelty)  # 0 where the network does not look
    limit = max(LEAST_LIMIT, round(float(np.quantile(residuals, settings.known)), 4))
    known = residuals <= limit
    leads = margins(told.scores[known])
    threshold = measures.threshold_for(leads, told.right[known], settings.sure)
    least = threshold.value if threshold else float(np.nextafter(leads.max(), np.inf))
    return Calibration(temperature, least, limit)


def recalibrate(answers: Sequence[Answer], calibration: Calibration) -> list[Answer]:
    """The same answers, given at temperature 1, as they read under ``calibration``."""
    scores = arrays(answers).scores
    shares = softmax(scores, calibration.temperature)
    return [
        _again(answer, tuple(row.tolist()), float(margin), calibration)
        for answer, row, margin in zip(answers, shares, margins(scores), strict=True)
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


def weigh(deciding: Sequence[Sequence[Answer]], settings: TrainSettings) -> tuple[Choice, ...]:
    """What each of ``RIGHT`` costs, where anything is answered at all.

    Args:
        deciding: answers of the data folder that decides, fold by fold, at temperature 1.
        settings: the recipe.
    """
    found = (_choice(deciding, replace(settings, sure=right)) for right in RIGHT)
    return tuple(choice for choice in found if choice is not None)


def _choice(deciding: Sequence[Sequence[Answer]], settings: TrainSettings) -> Choice | None:
    least = calibrate([answer for each in deciding for answer in each], settings).least_margin
    found = cross_calibrate(deciding, deciding, settings)
    told = arrays([answer for each in found for answer in each])
    right = told.right[~told.abstained]
    if not len(right):
        return None
    return Choice(settings.sure, least, len(right) / len(told.right), float(right.mean()))


def _again(
    answer: Answer, shares: tuple[float, ...], margin: float, calibration: Calibration
) -> Answer:
    novelty = (answer.verdict.novelty or 0.0) / calibration.novelty_limit
    verdict = replace(
        answer.verdict,
        probabilities=shares,
        confidence=shares[answer.verdict.label],
        novelty=novelty,
        abstained=margin < calibration.least_margin or novelty > MOST_NOVEL,
    )
    return replace(answer, verdict=verdict)
