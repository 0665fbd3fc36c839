"""What is told of a period, counted from windows of the statistics topic.

The same numbers as from single events for a period of whole windows, but for what a window keeps in
bins: quantiles of the latency are right to within half a bin, 5 %, and the median confidence is
told by the beginning of its bin. An hour of day is that in which the window begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.latency import Latency
from dashboard.statistics.counts import FAILURE, HOURS, INFRACTION, KINDS, Kinds, Summary
from dashboard.statistics.local_time import hours_of_day
from dashboard.windows.columns import Windows
from dashboard.windows.facts import CONFIDENCES, EVENTS, Kind
from schemas.events import SEVERITIES
from schemas.statistics import CONFIDENCE_BINS, DAY_S, LATENCY_BINS, latency_of

Counts = NDArray[np.int64]

MIDDLE_MS = np.array([latency_of(found) for found in range(LATENCY_BINS)])


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of one meaning: whose window, what exactly, how many."""

    window: NDArray[np.int32]
    code: NDArray[np.uint16]
    count: NDArray[np.uint32]

    @classmethod
    def of(cls, windows: Windows, first: int, end: int) -> Self:
        # Of the ones below the first, 16 bits without a sign make the largest.
        code = windows.what - np.uint16(first)
        wanted = np.flatnonzero(code < end - first)
        return cls(windows.window[wanted], code[wanted], windows.count[wanted])

    def summed(self, width: int, row: NDArray[np.integer] | None = None, rows: int = 1) -> Counts:
        """One line per row, by default one in all, with the sum per code."""
        pairs = self.code if row is None else row[self.window] * width + self.code
        return _sums(pairs, self.count, (rows, width))


def _sums(
    places: NDArray[np.integer], counts: NDArray[np.uint32], shape: tuple[int, int]
) -> Counts:
    # Sums of counts are exact in floats: there are no 2**53 events.
    found = np.bincount(places, weights=counts, minlength=shape[0] * shape[1])
    return found.astype(np.int64).reshape(shape)


def summarise_windows(windows: Windows, edges: tuple[int, ...], zone: dt.tzinfo) -> Summary:
    """Count the windows from the first edge to before the last one; edges lie between windows."""
    within = windows.between(edges[0], edges[-1])
    column = np.searchsorted(np.asarray(edges), within.start, side="right") - 1
    columns = len(edges) - 1
    alike = _Numbers.of(within, EVENTS, EVENTS + len(within.kinds))
    latencies = _Numbers.of(within, 0, CONFIDENCES).summed(LATENCY_BINS, column, columns)
    shares = _Numbers.of(within, CONFIDENCES, EVENTS).summed(EVENTS - CONFIDENCES)
    confidence = shares.reshape(KINDS, CONFIDENCE_BINS).T
    severity = np.array([SEVERITIES.index(kind.severity) for kind in within.kinds])
    per_kind = alike.summed(len(within.kinds))[0].tolist()
    by_source = _per_severity(alike, severity, within.source.astype(np.int64), len(within.sources))
    hours = _Hours.of(within, alike, zone)
    return Summary(
        kinds=_kinds(within.kinds, per_kind),
        behaviours=_behaviours(within.kinds, per_kind),
        sources=_named(within.sources, by_source),
        reasons=_reasons(within.kinds, per_kind),
        confidence=tuple(map(tuple, confidence.tolist())),
        median_confidence=_median(confidence.sum(axis=1)),
        columns=tuple(map(tuple, _per_severity(alike, severity, column, columns).tolist())),
        latency=_latency(latencies.sum(axis=0)),
        latencies=tuple(map(_latency, latencies)),
        hours=hours.behaviours(),
        infractions=hours.infractions(),
        latest=hours.latest(),
    )


def _per_severity(
    alike: _Numbers, severity: NDArray[np.integer], row: NDArray[np.integer], rows: int
) -> Counts:
    places = row[alike.window] * KINDS + severity[alike.code]
    return _sums(places, alike.count, (rows, KINDS))


def _named(names: Sequence[str], counts: Counts) -> dict[str, Kinds]:
    return {name: tuple(row) for name, row in zip(names, counts.tolist(), strict=True) if any(row)}


def _kinds(kinds: Sequence[Kind], counts: Sequence[int]) -> Kinds:
    found = dict.fromkeys(SEVERITIES, 0)
    for kind, count in zip(kinds, counts, strict=True):
        found[kind.severity] += count
    return tuple(found.values())


def _behaviours(kinds: Sequence[Kind], counts: Sequence[int]) -> dict[str, Kinds]:
    found: dict[str, list[int]] = {}
    for kind, count in zip(kinds, counts, strict=True):
        if count and kind.severity != "failure":
            per_severity = found.setdefault(kind.behaviour, [0] * KINDS)
            per_severity[SEVERITIES.index(kind.severity)] += count
    return {behaviour: tuple(row) for behaviour, row in found.items()}


def _reasons(kinds: Sequence[Kind], counts: Sequence[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind, count in zip(kinds, counts, strict=True):
        if count and kind.severity == "failure":
            found[kind.reason] = found.get(kind.reason, 0) + count
    return found


def _median(counts: Counts) -> float | None:
    """Where the bar begins that holds the middle one: at least half are as sure as that."""
    events = int(counts.sum())
    if not events:
        return None
    return int(np.searchsorted(counts.cumsum(), events // 2, side="right")) / CONFIDENCE_BINS


def _latency(counts: Counts) -> Latency | None:
    """Quantiles by the middle of the bin that each lies in."""
    events = int(counts.sum())
    if not events:
        return None
    places = np.array((0.5, 0.95)) * (events - 1)
    p50, p95 = MIDDLE_MS[np.searchsorted(counts.cumsum(), places, side="right")].tolist()
    return Latency(p50, p95, events)


@dataclass(frozen=True, slots=True)
class _Hours:
    """Verdicts per kind and hour of the reader's day, and when each pair was met last."""

    kinds: Sequence[Kind]
    counts: Counts
    newest: NDArray[np.int64]

    @classmethod
    def of(cls, windows: Windows, alike: _Numbers, zone: dt.tzinfo) -> Self:
        shape = len(windows.kinds), HOURS
        if windows.size_s >= DAY_S:  # nothing is known of the hours within it
            return cls(windows.kinds, np.zeros(shape, np.int64), np.zeros(shape, np.int64))
        hour = hours_of_day(windows.start.astype(np.float64), zone)
        places = alike.code.astype(np.int64) * HOURS + hour[alike.window]
        newest = np.zeros(shape[0] * HOURS, np.int64)
        np.maximum.at(newest, places, windows.start[alike.window])
        return cls(windows.kinds, _sums(places, alike.count, shape), newest.reshape(shape))

    def behaviours(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, Counts] = {}
        for kind, row in zip(self.kinds, self.counts, strict=True):
            if kind.severity != "failure" and row.any():
                found[kind.behaviour] = found.get(kind.behaviour, 0) + row
        return {behaviour: tuple(row.tolist()) for behaviour, row in found.items()}

    def infractions(self) -> tuple[int, ...]:
        rows = [kind.severity == SEVERITIES[INFRACTION] for kind in self.kinds]
        return tuple(self.counts[rows].sum(axis=0).tolist())

    def latest(self) -> dict[tuple[str, int], float]:
        found: dict[tuple[str, int], float] = {}
        for code, hour in np.argwhere(self.counts).tolist():
            kind = self.kinds[code]
            if kind.severity != SEVERITIES[FAILURE]:
                pair = kind.behaviour, hour
                found[pair] = max(found.get(pair, 0.0), float(self.newest[code, hour]))
        return found
