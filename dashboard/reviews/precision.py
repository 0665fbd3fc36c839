"""How often the model was right, as far as people have looked."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Self

Z = NormalDist().inv_cdf(0.975)
"""Standard deviations that leave 2.5 % on either side: an interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the events that people have judged, how many the model had right.

    Attributes:
        reviewed: events with a verdict of a person.
        right: those that were confirmed.
        low: lower end of the 95 % interval of the share that is right, from 0 to 1.
        high: its upper end. Without a reviewed event the interval is all of 0 to 1.
    """

    reviewed: int
    right: int
    low: float
    high: float

    @classmethod
    def of(cls, right: int, reviewed: int) -> Self:
        """With the interval that belongs to these counts."""
        return cls(reviewed, right, *wilson(right, reviewed))


def wilson(right: int, reviewed: int) -> tuple[float, float]:
    """The 95 % score interval of a share, which stays honest for few events and near 0 and 1.

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22, 209-212; recommended for small numbers by
    Brown, Cai, DasGupta (2001), Statistical Science 16, 101-133.
    """
    if not reviewed:
        return 0.0, 1.0
    share, weight = right / reviewed, Z * Z / reviewed
    middle = share + weight / 2
    half = Z * sqrt(share * (1 - share) / reviewed + weight / (4 * reviewed))
    # At 0 and 1 the ends meet the share itself, but for the last bit of a float.
    low = 0.0 if right == 0 else (middle - half) / (1 + weight)
    high = 1.0 if right == reviewed else (middle + half) / (1 + weight)
    return low, high
