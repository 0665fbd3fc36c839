"""The figures beside every feed, from the rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.latency import latency_of
from dashboard.feed.rows import Rows
from schemas.events import EVENT_UNREADABLE, SEVERITIES

RECENT = 500  # events of which the latency is told: stable at 20 a second, still of this hour at 1
RATE_S = 10  # seconds over which images per second are averaged
BUCKET_S = 10  # width of one column of the ribbon over the feed, in seconds
BUCKETS = 60  # ten minutes: what a person who was away for a coffee has missed

SLACK_MS = 60_000
"""How much the time of a verdict may be off the broker's and the event still be in the ribbon: a
transaction lasts half a second; the clocks of two machines differ by more."""


def figures(rows: Rows, now: float) -> dict[str, Any]:
    """Counts over all rows, and what happened of late.

    Returns:
        ``newest`` and ``oldest`` in seconds since 1970, ``rate`` in images per second,
        ``latency`` in milliseconds, ``ribbon``: ``BUCKETS`` columns of ten seconds, oldest first,
        each with one count per severity.
    """
    words = rows.words
    sources = np.flatnonzero(np.bincount(rows.source, minlength=1))
    unreadable = words.reasons.index(EVENT_UNREADABLE) if EVENT_UNREADABLE in words.reasons else 0
    return {
        "events": len(rows),
        "newest": round(float(rows.at[-1]), 3) if len(rows) else None,
        "oldest": round(float(rows.at.min()), 3) if len(rows) else None,
        "unreadable": int(np.count_nonzero(rows.reason == unreadable)) if unreadable else 0,
        "sources": sorted(words.sources[code] for code in sources if code),
        "ribbon": _ribbon(rows, now),
        "rate": int(np.count_nonzero(_since(rows, now - RATE_S))) / RATE_S,
        "latency": _latency(rows),
    }


def _latency(rows: Rows) -> dict[str, float] | None:
    found = latency_of(rows.latency_ms[-RECENT:])
    return {"p50": round(found.p50, 1), "p95": round(found.p95, 1)} if found else None


def _since(rows: Rows, moment: float) -> NDArray[np.bool_]:
    """Which of the newest rows were known at this moment or later."""
    first = int(np.searchsorted(rows.appended_ms, int(moment * 1000) - SLACK_MS))
    found: NDArray[np.bool_] = rows.at[first:] >= moment
    return found


def _ribbon(rows: Rows, now: float) -> list[list[int]]:
    first = int(now // BUCKET_S) - BUCKETS + 1
    low = int(np.searchsorted(rows.appended_ms, first * BUCKET_S * 1000 - SLACK_MS))
    bucket = (rows.at[low:] // BUCKET_S).astype(np.int64) - first
    shown = (bucket >= 0) & (bucket < BUCKETS)
    kinds = len(SEVERITIES)
    cells = bucket[shown] * kinds + rows.severity[low:][shown]
    return np.bincount(cells, minlength=BUCKETS * kinds).reshape(BUCKETS, kinds).tolist()
