"""What is told of a period, counted from single events: rows in, numbers out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.latency import Latency, latency_of
from dashboard.feed.rows import Rows
from dashboard.statistics.local_time import hours_of_day
from schemas.events import SEVERITIES
from schemas.statistics import CONFIDENCE_BINS, CONFIDENCE_SLACK

KINDS = len(SEVERITIES)
INFRACTION, FAILURE = SEVERITIES.index("infraction"), SEVERITIES.index("failure")
HOURS = 24
CONFIDENCE_STEP = 100 // CONFIDENCE_BINS  # per cent

ENOUGH = 20
"""Events below which no percentage is told: one more or less would already move it by five per
cent, and the 95th percentile of fewer is only their slowest."""

Kinds = tuple[int, ...]
"""One count per severity, in the order of ``SEVERITIES``."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened in one period.

    Attributes:
        kinds: events per severity.
        behaviours: classified events per class and severity.
        sources: events per camera and severity.
        reasons: failures per reason.
        confidence: classified events per ``CONFIDENCE_STEP`` per cent and severity.
        median_confidence: of the classified events, or the beginning of the bar that it lies in;
            ``None`` without any.
        columns: events per column over time and severity.
        latency: over the whole period; ``None`` when none is known.
        latencies: the same per column.
        hours: classified events per class and hour of day; none where hours are not known.
        infractions: infractions per hour of day.
        latest: when the newest event of a class in an hour of day was known, or when the window
            of it began.
    """

    kinds: Kinds
    behaviours: dict[str, Kinds]
    sources: dict[str, Kinds]
    reasons: dict[str, int]
    confidence: tuple[Kinds, ...]
    median_confidence: float | None
    columns: tuple[Kinds, ...]
    latency: Latency | None
    latencies: tuple[Latency | None, ...]
    hours: dict[str, tuple[int, ...]]
    infractions: tuple[int, ...]
    latest: dict[tuple[str, int], float]

    @property
    def events(self) -> int:
        """All of them."""
        return sum(self.kinds)


def change(now: float, before: float, events: int) -> int | None:
    """By how many per cent a number rose; ``None`` where it was made of too few events before.

    Args:
        now: the number in the period.
        before: the number in the period before.
        events: of how many events ``before`` was made.
    """
    return round(100 * (now - before) / before) if events >= ENOUGH and before else None


def summarise(rows: Rows, edges: tuple[int, ...], zone: dt.tzinfo) -> Summary:
    """Count the rows from the first edge to before the last one."""
    within = rows.between(edges[0], edges[-1])
    seen = within.where(within.severity != FAILURE)
    failed = within.where(within.severity == FAILURE)
    column = np.searchsorted(np.asarray(edges, np.float64), within.at, side="right") - 1
    hour = hours_of_day(seen.at, zone)
    slots = seen.behaviour.astype(np.int64) * HOURS + hour
    share = _confidence_bins(seen.confidence)
    words = rows.words
    return Summary(
        kinds=tuple(np.bincount(within.severity, minlength=KINDS).tolist()),
        behaviours=_named(words.behaviours, _crossed(seen.behaviour, seen.severity, KINDS)),
        sources=_named(words.sources, _crossed(within.source, within.severity, KINDS)),
        reasons=_counted(words.reasons, failed.reason),
        confidence=_filled(_crossed(share, seen.severity, KINDS), CONFIDENCE_BINS),
        median_confidence=float(np.median(seen.confidence)) if len(seen) else None,
        columns=_filled(_crossed(column, within.severity, KINDS), len(edges) - 1),
        latency=latency_of(within.latency_ms),
        latencies=_latencies(within.latency_ms, column, len(edges) - 1),
        hours=_named(words.behaviours, _crossed(seen.behaviour, hour, HOURS)),
        infractions=tuple(np.bincount(hour[seen.severity == INFRACTION], minlength=HOURS).tolist()),
        latest=_latest(words.behaviours, slots, seen.at),
    )


def _confidence_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """``schemas.statistics.confidence_bin`` of each."""
    found = (confidence * CONFIDENCE_BINS + CONFIDENCE_SLACK).astype(np.int64)
    return found.clip(0, CONFIDENCE_BINS - 1)


def _crossed(
    codes: NDArray[np.integer], other: NDArray[np.integer], width: int
) -> NDArray[np.int64]:
    """How often each pair occurs: one row per code, ``width`` columns."""
    rows = int(codes.max()) + 1 if len(codes) else 0
    pairs = codes.astype(np.int64) * width + other
    return np.bincount(pairs, minlength=rows * width).reshape(rows, width)


def _named(names: tuple[str, ...], counts: NDArray[np.int64]) -> dict[str, tuple[int, ...]]:
    return {names[code]: tuple(row) for code, row in enumerate(counts.tolist()) if any(row)}


def _filled(counts: NDArray[np.int64], rows: int) -> tuple[Kinds, ...]:
    """The counts with rows of nothing after the last that occurs."""
    nothing = np.zeros((rows - len(counts), counts.shape[1]), np.int64)
    return tuple(tuple(row) for row in np.concatenate((counts, nothing)).tolist())


def _counted(names: tuple[str, ...], codes: NDArray[np.integer]) -> dict[str, int]:
    counts = np.bincount(codes).tolist() if len(codes) else []
    return {names[code]: count for code, count in enumerate(counts) if count}


def _latencies(
    values: NDArray[np.float64], column: NDArray[np.integer], columns: int
) -> tuple[Latency | None, ...]:
    order = np.argsort(column.astype(np.uint8), kind="stable")  # of bytes: a pass, not a sort
    ends = np.bincount(column, minlength=columns).cumsum()[:-1]
    return tuple(latency_of(part) for part in np.split(values[order], ends))


def _latest(
    names: tuple[str, ...], slots: NDArray[np.int64], at: NDArray[np.float64]
) -> dict[tuple[str, int], float]:
    newest = np.full(int(slots.max()) + 1 if len(slots) else 0, -np.inf)
    np.maximum.at(newest, slots, at)
    return {
        (names[slot // HOURS], slot % HOURS): float(newest[slot])
        for slot in np.flatnonzero(newest > -np.inf).tolist()
    }
