"""Counts of predictions per window of time: what travels, and the bins that all sides share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
WINDOW_SIZES = (MINUTE_S, HOUR_S, DAY_S)

CONFIDENCE_BINS = 20
"""Five per cent each: finer than the difference between two cameras is real."""

CONFIDENCE_SLACK = 1e-6
"""Of a bin. What travels as 32 bits may be a little less than was meant: 0.35 still belongs into
the bin that begins there."""

LATENCY_GROWTH = 1.1
"""Each bin of latency is ten per cent wider than the one before: a quantile is told within five."""

SHORTEST_MS = 0.1
LATENCY_BINS = 200
"""From 0.1 ms to five hours; what is longer counts as that."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Events that are alike.

    Attributes:
        severity: one of ``schemas.events.SEVERITIES``.
        behaviour: the class; empty for a failure.
        reason: why there is no answer; empty when there is one.
        model_version: who answered.
        count: how many.
        confidence: how many per bin of ``confidence_bin``; all 0 for failures.
    """

    severity: str
    behaviour: str
    reason: str
    model_version: str
    count: int
    confidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StatisticsWindow:
    """The predictions of one camera whose outcome was known within one window.

    The newest message with the same key holds all that is known of the window.

    Attributes:
        partition: of the predictions topic: each partition counts for itself.
        size_s: length of the window, one of ``WINDOW_SIZES``.
        start: its beginning, a multiple of its size since 1970, UTC.
        source: the camera; empty when unknown.
        latency: pairs of a bin of ``latency_bin`` and how many events fell into it, rising.
        late: events that came after their own window was closed, counted in this one's place.
        through: offset of the newest event counted.
        is_final: the watermark has passed its end and the grace: it does not change any more.
    """

    job: str
    partition: int
    size_s: int
    start: datetime
    source: str
    cells: tuple[Cell, ...]
    latency: tuple[tuple[int, int], ...]
    late: int
    through: int
    is_final: bool

    @property
    def key(self) -> bytes:
        """What the compacted topic keeps one message for."""
        start = int(self.start.timestamp())
        return f"{self.partition}/{self.size_s}/{start}/{self.source}".encode()

    @property
    def events(self) -> int:
        """How many it counts."""
        return sum(cell.count for cell in self.cells)


def confidence_bin(confidence: float) -> int:
    """The bin of a probability from 0 to 1; what is no number lies in the first."""
    if not confidence > 0:
        return 0
    # Bounded before it is made whole: infinity cannot be.
    found = int(min(confidence, 1.0) * CONFIDENCE_BINS + CONFIDENCE_SLACK)
    return min(found, CONFIDENCE_BINS - 1)


def latency_bin(milliseconds: float) -> int:
    """The bin of a latency; bin ``b`` begins at ``SHORTEST_MS * LATENCY_GROWTH**b``."""
    if not milliseconds > SHORTEST_MS:
        return 0
    found = math.log(milliseconds / SHORTEST_MS) / math.log(LATENCY_GROWTH)
    return int(min(found, LATENCY_BINS - 1))


def latency_of(found: int) -> float:
    """Milliseconds in the middle of a bin, by the factor that it grows by."""
    return SHORTEST_MS * float(LATENCY_GROWTH ** (found + 0.5))
