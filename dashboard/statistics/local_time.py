"""Hours of day by a reader's clock, for many moments at once."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

DAY = 86_400
QUARTER = 900
"""No clock of today is set at another moment than a quarter of an hour."""

LAST_DAY = 2_900_000
"""Days since 1970, in the year 9909: beyond, dates end."""


def hours_of_day(at: NDArray[np.float64], zone: dt.tzinfo) -> NDArray[np.int64]:
    """The hour, 0 to 23, that the clock of ``zone`` showed at each moment (seconds since 1970)."""
    moments, offsets = _offsets(np.unique((at // DAY).clip(0, LAST_DAY)), zone)
    return ((at + offsets[np.searchsorted(moments, at, side="right") - 1]) // 3600 % 24).astype(
        np.int64
    )


def utc_offset(at: float, zone: dt.tzinfo) -> int:
    """How far the clock of ``zone`` was ahead of UTC at this moment, in whole seconds."""
    shift = dt.datetime.fromtimestamp(at, dt.UTC).astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0


def _offsets(
    days: NDArray[np.float64], zone: dt.tzinfo
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From when on which offset to UTC holds, over these days, in seconds; the first from ever."""
    found: dict[float, float] = {}
    for day in (days * DAY).tolist():
        changes = utc_offset(day, zone) != utc_offset(day + DAY, zone)
        for start in range(int(day), int(day) + DAY, QUARTER if changes else DAY):
            found[start] = utc_offset(start, zone)
    moments = np.array([*found], np.float64)
    moments[:1] = -np.inf
    return moments, np.array([*found.values()], np.float64)
