"""A moment by which something must be done, as a value instead of loose floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True)
class Deadline:
    """``seconds`` from now, by a clock that is passed in."""

    at: float
    clock: Callable[[], float] = field(default=monotonic, repr=False)

    @classmethod
    def within(cls, seconds: float, clock: Callable[[], float] = monotonic) -> Deadline:
        """The moment ``seconds`` from now."""
        return cls(clock() + seconds, clock)

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return self.clock() >= self.at

    def remaining(self, at_most: float) -> float:
        """Seconds left, never negative and never more than ``at_most``."""
        return max(0.0, min(at_most, self.at - self.clock()))
