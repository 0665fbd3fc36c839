"""How often the model was right, as far as people have looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from model.measures import wilson_interval


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
        return cls(reviewed, right, *wilson_interval(right, reviewed))
