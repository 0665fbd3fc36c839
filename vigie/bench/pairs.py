"""Comparing two things on a machine whose speed drifts: by pairs of neighbours.

A shared machine drifts by a quarter within minutes. So the two take turns, each round is compared
with its neighbour only, and the order within a pair alternates: what drifts one way then favours
the one as often as the other.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Smallest, middle and largest of the rounds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float], digits: int = 1) -> Spread:
        """The spread of at least one value, rounded to so many digits."""
        return cls(
            *(
                round(found, digits)
                for found in (min(values), statistics.median(values), max(values))
            )
        )

    def __str__(self) -> str:
        return f"{self.min:g} / {self.median:g} / {self.max:g}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rates of two things, measured in adjacent pairs; at least one pair."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """The second over the first, pair by pair."""
        return tuple(
            round(second / first, 3) for first, second in zip(self.first, self.second, strict=True)
        )

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios."""
        return round(statistics.median(self.ratios), 3)


def measure_pairs(rounds: int, first: Callable[[], float], second: Callable[[], float]) -> Pairs:
    """Let both take turns; who begins alternates from pair to pair."""
    return Pairs(*measure_rounds(rounds, first, second))


def measure_rounds(rounds: int, *turns: Callable[[], float]) -> list[tuple[float, ...]]:
    """Let each take its turn in every round; who begins is another from round to round.

    Returns:
        The rates of each, in the order of the rounds.
    """
    found: list[list[float]] = [[] for _ in turns]
    for number in range(rounds):
        for turn in range(len(turns)):
            which = (number + turn) % len(turns)
            found[which].append(turns[which]())
    return [tuple(rates) for rates in found]
