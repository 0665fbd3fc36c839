"""How right, how sure and how honest a classifier is: pure functions over arrays, for any job.

Arrays are one value per image unless a shape is given: ``truth`` and ``said`` class numbers,
``right`` booleans, ``confidences`` the probability of the class said, 0..1, ``sureness`` any number
that is larger the surer the answer. Every function wants at least one image where it does not say
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# A probability of exactly 0 would make the log loss infinite: one part in a million is the floor.
LEAST_PROBABILITY = 1e-6
# The two-sided 95 % point of the normal distribution.
Z_95 = 1.959963984540054
# The number most papers use, so that figures compare (Guo et al. 2017).
ECE_BINS = 15
# Percentiles of 2,000 resamples repeat to about a thousandth, and take some milliseconds.
RESAMPLES = 2000
# Outside it no network of use is found; an overfitted one would send the search to infinity.
TEMPERATURES = (0.05, 20.0)
# Halvings of that range's logarithm: 6 / 2^50 is below the rounding of a float.
HALVINGS = 50


def confusion_matrix(truth: Integers, said: Integers, classes: int) -> Integers:
    """Images by true class (row) and class said (column), shape (classes, classes)."""
    cells = np.bincount(truth * classes + said, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Per class, shape (classes,).

    Attributes:
        precision: share of right ones among the images that were called so; ``nan`` without any.
        recall: share of right ones among the images that are so; ``nan`` without any.
        f1: harmonic mean of both; ``nan`` without images that are so.
    """

    precision: Floats
    recall: Floats
    f1: Floats

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that have images: a class that is only said counts nowhere."""
        return float(np.nanmean(self.f1))


def class_scores(confusion: Integers) -> ClassScores:
    """Precision, recall and F1 of each class of a confusion matrix."""
    right, of, said = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        _divide(right, said, said), _divide(right, of, of), _divide(2 * right, said + of, of)
    )


def _divide(parts: Integers, wholes: Integers, images: Integers) -> Floats:
    """The quotients; ``nan`` where there are no images."""
    nowhere = np.full(parts.shape, np.nan)
    return np.asarray(np.divide(parts, wholes, out=nowhere, where=images > 0))


def log_loss(probabilities: Floats, truth: Integers) -> float:
    """Mean negative logarithm of the true class's probability, in nats.

    Args:
        probabilities: of shape (images, classes).
        truth: class numbers, shape (images,).
    """
    of_truth = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)).mean())


def wilson_interval(hits: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval of a share; ``(0, 1)`` where nothing was counted.

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22, 209-212. It stays inside 0..1 and is of use
    with few images and with shares near 1, unlike p ± z s. It takes images for independent, which
    images of one driver are not: see :func:`group_interval`.
    """
    if not total:
        return 0.0, 1.0
    share, weight = hits / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    reach = z * np.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    # Rounding alone would put a share of exactly 0 or 1 outside its own interval.
    return float(min(max(middle - reach, 0.0), share)), float(max(min(middle + reach, 1.0), share))


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many images."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """0..1; 0 of nothing."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """See :func:`wilson_interval`."""
        return wilson_interval(self.hits, self.total)


def share_of(right: Booleans) -> Share:
    """How many of these are true; of none, too."""
    return Share(int(right.sum()), len(right))


def shares_by_group(groups: Sequence[str | None], right: Booleans) -> dict[str, Share]:
    """Right answers per group, by name; images of no known group (``None``) are left out."""
    names = np.array(groups, dtype=object)
    known = sorted({name for name in groups if name is not None})
    return {name: share_of(right[names == name]) for name in known}


@dataclass(frozen=True, slots=True)
class Spread:
    """How the groups' accuracies differ, each group counting once.

    Attributes:
        mean: of the accuracies.
        deviation: their standard deviation (over the groups at hand, not an estimate for others).
        worst: name of the group with the least.
        least: its accuracy.
    """

    mean: float
    deviation: float
    worst: str
    least: float


def spread_of(shares: dict[str, Share]) -> Spread | None:
    """The spread over groups; ``None`` where there is no group."""
    if not shares:
        return None
    values = [share.value for share in shares.values()]
    worst = min(shares, key=lambda name: (shares[name].value, name))
    return Spread(float(np.mean(values)), float(np.std(values)), worst, shares[worst].value)


def group_interval(
    shares: Sequence[Share], rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The 95 % percentile interval of the total share when whole groups are drawn anew.

    Images of one group are alike, so the groups are the units that were sampled (cluster bootstrap,
    Davison and Hinkley 1997, 3.8). With a handful of groups it is still too narrow.
    """
    hits = np.array([share.hits for share in shares])
    totals = np.array([share.total for share in shares])
    drawn = rng.integers(0, len(shares), (resamples, len(shares)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / totals[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a reliability diagram shows; arrays of shape (bins,), ``nan`` in empty bins.

    Attributes:
        ece: the expected calibration error, 0..1.
        edges: of the bins, shape (bins + 1,).
        counts: images per bin.
        confidence: mean confidence per bin.
        accuracy: share of right answers per bin.
    """

    ece: float
    edges: Floats
    counts: Integers
    confidence: Floats
    accuracy: Floats


def calibration(confidences: Floats, right: Booleans, bins: int = ECE_BINS) -> Calibration:
    """Confidence beside accuracy, in bins of equal width.

    ECE is that of the top label: over the bins (low, high], the mean distance between confidence
    and accuracy, weighted by images (Naeini et al. 2015; Guo et al. 2017, equation 3).
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.int64)
    sums = [np.bincount(place, weights=of, minlength=bins) for of in (confidences, right)]
    filled = counts > 0
    confidence, accuracy = (
        np.divide(total, counts, out=np.full(bins, np.nan), where=filled) for total in sums
    )
    gaps = np.abs(confidence - accuracy)[filled]
    return Calibration(
        float((gaps * counts[filled]).sum() / counts.sum()), edges, counts, confidence, accuracy
    )


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """What abstaining buys: one point per distinct sureness, from the highest down.

    Attributes:
        thresholds: an image is answered when its sureness is at least this.
        coverage: share of images answered, rising to 1.
        risk: share of wrong answers among them.
        area: under the curve, 0..1: the mean, over the images, of the risk when each image's own
            sureness is the threshold (AURC, Geifman et al. 2019); less is better.
    """

    thresholds: Floats
    coverage: Floats
    risk: Floats
    area: float

    def risk_at(self, coverage: float) -> float:
        """The risk of the first point that answers at least this share of the images."""
        return float(self.risk[np.searchsorted(self.coverage, min(coverage, 1.0) - 1e-12)])


def risk_coverage(sureness: Floats, right: Booleans) -> RiskCoverage:
    """Risk over coverage as the threshold falls; images of one sureness go together."""
    falling, where, alike = np.unique(-sureness, return_inverse=True, return_counts=True)
    answered = np.cumsum(alike)
    wrong = np.cumsum(np.bincount(where, weights=~right, minlength=len(falling)))
    risk = wrong / answered
    return RiskCoverage(
        -falling, answered / len(right), risk, float((risk * alike).sum() / len(right))
    )


@dataclass(frozen=True, slots=True)
class Threshold:
    """The sureness below which to abstain, and what is left: shares of all and of the answered."""

    value: float
    coverage: float
    accuracy: float


def threshold_for(sureness: Floats, right: Booleans, accuracy: float) -> Threshold | None:
    """The lowest threshold whose answers are at least this right; ``None``: there is none.

    Chosen on the images it is told of, it flatters: report what it gives on others.
    """
    curve = risk_coverage(sureness, right)
    # Counting in whole images keeps 0.99 of 100 from failing by a rounding.
    enough = np.flatnonzero(1 - curve.risk >= accuracy - 1e-12)
    if not len(enough):
        return None
    last = enough[-1]
    return Threshold(
        float(curve.thresholds[last]), float(curve.coverage[last]), float(1 - curve.risk[last])
    )


def fit_temperature(scores: Floats, truth: Integers) -> float:
    """The temperature that makes the log loss of ``softmax(scores / temperature)`` least.

    The loss is convex in 1 / temperature, so its slope is halved down to zero; where it has none
    inside ``TEMPERATURES`` (all images right, say), the nearer end is the answer (Guo et al. 2017).

    Args:
        scores: logits or log-probabilities, shape (images, classes).
        truth: class numbers, shape (images,).
    """
    of_truth = scores[np.arange(len(truth)), truth]
    low, high = np.log(TEMPERATURES)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(scores, of_truth, float(np.exp(-middle))) > 0:
            low = middle  # less confidence would cost less: a higher temperature
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def _slope(scores: Floats, of_truth: Floats, sharpness: float) -> float:
    """Derivative of the mean log loss by ``sharpness``, 1 / temperature."""
    scaled = scores * sharpness
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    expected = (powers * scores).sum(axis=1) / powers.sum(axis=1)
    return float((expected - of_truth).mean())
