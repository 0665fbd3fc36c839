"""How long events took from publication to their outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Latency:
    """From publication to outcome, in milliseconds: median, 95th percentile, and of how many."""

    p50: float
    p95: float
    events: int


def latency_of(values: NDArray[np.float64]) -> Latency | None:
    """The quantiles of latencies in milliseconds, as ``Rows.latency_ms`` has them.

    Returns:
        ``None`` when no value is known: those that are not are 0 or less.
    """
    known = values[values > 0]
    if not known.size:
        return None
    p50, p95 = np.quantile(known, (0.5, 0.95)).tolist()
    return Latency(p50, p95, known.size)
