"""Whether heat maps mean something: blur what is hot, and see whether the class goes.

The deletion test of Petsiuk et al. (2018, RISE) in one step: the hottest tenth of a verdict's own
grid is blurred in the network's input, and the same network is asked again. The probability of its
class should drop, and much more than when as many cells chosen by chance are blurred. A stricter
chance is the same shape elsewhere: one large spot hides more of a picture than the same area in
lone cells does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from model.classifier import Classifier, softmax
from model.decode import Pixels, decode_at_least, resize
from model.driver.evaluate import Answer
from model.progress import Progress, silent
from schemas.events import HeatGrids

SHARE = 0.1
# One choice by chance says little of one image; the mean of some does, at two inferences a draw.
DRAWS = 3
# Of the blur, as a share of the input's width: a face or a phone is about an eighth of it, and is
# gone. It does not follow the cells, so that grids of other sizes are asked the same question.
SIGMA = 1 / 12
# Of the mask's edge, likewise: a hard edge is something new to see, which moves a verdict by itself
# (chance then costs nearly twice as much), while one as soft as a cell would spare the lone cells.
EDGE = 1 / 50

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Drop:
    """What the class of one verdict lost.

    Attributes:
        answer: the verdict, with the image it is about.
        hot: probability lost by blurring the hottest cells.
        chance: mean probability lost by blurring as many cells chosen by chance.
        elsewhere: mean probability lost by blurring the hottest cells' shape at another place.
    """

    answer: Answer
    hot: float
    chance: float
    elsewhere: float


@dataclass(frozen=True, slots=True)
class Drops:
    """Means over some images; see :class:`Drop`."""

    images: int
    hot: float
    chance: float
    elsewhere: float

    @property
    def ratio(self) -> float | None:
        """How many times more the heat map finds than chance; ``None`` where chance lost none."""
        return self.hot / self.chance if self.chance > 0 else None


def deletion_test(
    classifier: Classifier,
    answers: Sequence[Answer],
    rng: np.random.Generator,
    progress: Progress = silent,
) -> list[Drop]:
    """Blur each image of ``answers`` by its verdict's heat map and by chance.

    Args:
        classifier: the one that gave the answers.
        answers: the verdicts, with the files they are about.
        rng: draws the cells chosen by chance.
        progress: told after each image.

    Raises:
        RefusedError: an image cannot be read.
    """
    drops = []
    for answer in answers:
        drops.append(_drop(classifier, answer, rng))
        progress("blurring what is hot", len(drops), len(answers))
    return drops


def mean_drops(drops: Sequence[Drop]) -> Drops:
    """The means over at least one image."""
    means = np.mean([(drop.hot, drop.chance, drop.elsewhere) for drop in drops], axis=0)
    return Drops(len(drops), *means.tolist())


def drops_by_class(drops: Sequence[Drop]) -> dict[str, Drops]:
    """The means per class said, by its key, in the order of the classes."""
    found: dict[tuple[int, str], list[Drop]] = defaultdict(list)
    for drop in drops:
        found[drop.answer.verdict.label, drop.answer.verdict.behaviour].append(drop)
    return {key: mean_drops(found[label, key]) for label, key in sorted(found)}


def hottest(heat: HeatGrids, label: int) -> Mask:
    """The hottest tenth of a class's cells, shape (rows, columns); of equals, those further up."""
    grid = np.frombuffer(heat.grid(label), np.uint8)
    chosen = np.zeros(grid.size, np.bool_)
    chosen[np.argsort(-grid.astype(int), kind="stable")[: _count(heat)]] = True
    return chosen.reshape(heat.rows, heat.columns)


def any_cells(heat: HeatGrids, rng: np.random.Generator) -> Mask:
    """As many cells as :func:`hottest` takes, chosen by chance, shape (rows, columns)."""
    chosen = np.zeros(heat.rows * heat.columns, np.bool_)
    chosen[rng.choice(chosen.size, _count(heat), replace=False)] = True
    return chosen.reshape(heat.rows, heat.columns)


def moved(cells: Mask, rng: np.random.Generator) -> Mask:
    """The same shape at another place of the grid; what leaves at one side enters at the other."""
    shift = divmod(int(rng.integers(1, cells.size)), cells.shape[1])
    return np.roll(cells, shift, axis=(0, 1))


def strongly_blurred(image: Pixels) -> Pixels:
    """``image`` without anything the size of a face or a phone."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), image.shape[1] * SIGMA), np.uint8)


def replaced(image: Pixels, by: Pixels, cells: Mask) -> Pixels:
    """``image`` with the chosen cells of a grid over it taken from ``by``, with soft edges."""
    height, width = image.shape[:2]
    chosen = cells.astype(np.float32)
    mask = cv2.resize(chosen, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    weight = cv2.GaussianBlur(mask, (0, 0), width * EDGE)[..., None]
    return np.rint(image * (1 - weight) + by * weight).astype(np.uint8)


def _count(heat: HeatGrids) -> int:
    return max(1, round(SHARE * heat.rows * heat.columns))


def _drop(classifier: Classifier, answer: Answer, rng: np.random.Generator) -> Drop:
    size = classifier.manifest.width, classifier.manifest.height
    image = resize(decode_at_least(answer.sample.path.read_bytes(), *size), *size)
    label, heat = answer.verdict.label, answer.verdict.heat
    smooth = strongly_blurred(image)
    whole = _probability(classifier, image, label)

    def lost(*masks: Mask) -> float:
        pictures = [replaced(image, smooth, mask) for mask in masks]
        return whole - float(np.mean([_probability(classifier, one, label) for one in pictures]))

    hot = hottest(heat, label)
    return Drop(
        answer,
        lost(hot),
        lost(*(any_cells(heat, rng) for _ in range(DRAWS))),
        lost(*(moved(hot, rng) for _ in range(DRAWS))),
    )


def _probability(classifier: Classifier, image: Pixels, label: int) -> float:
    scores = classifier.run(image).scores
    return float(softmax(scores, classifier.manifest.temperature)[label])
