"""A window of the statistics topic as numbers with a meaning each: what columns can hold.

The page tells how sure verdicts were per severity, and how long they took over all classes. So a
window is kept as three kinds of numbers: events that are alike, verdicts per severity and bin of
confidence, events per bin of latency. What is 0 is left out.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.events import SEVERITIES, Severity
from schemas.statistics import CONFIDENCE_BINS, LATENCY_BINS, Cell, StatisticsWindow

FAILURE = SEVERITIES.index("failure")

CONFIDENCES = LATENCY_BINS
"""Meanings below this one are bins of latency; from here on severity and bin of confidence."""

EVENTS = CONFIDENCES + len(SEVERITIES) * CONFIDENCE_BINS
"""From here on: events that are alike, by the code of their ``Kind``."""

MOST_KINDS = (1 << 16) - EVENTS
"""As many as a column of 16 bits can tell apart. Classes and reasons come from outside."""

MOST_COUNT = (1 << 32) - 1


class Kind(NamedTuple):
    """What events have in common: the page does not ask for their model."""

    severity: Severity
    behaviour: str
    reason: str


class KindCodes:
    """Kinds by small numbers; the first ones stand for those that there is no room for."""

    def __init__(self, most: int = MOST_KINDS) -> None:
        self._most = most
        self._codes = {Kind(severity, "", ""): code for code, severity in enumerate(SEVERITIES)}

    def code(self, kind: Kind) -> int:
        """The number of the kind; a new kind gets the next one."""
        if kind not in self._codes:
            if len(self._codes) >= self._most:
                return SEVERITIES.index(kind.severity)
            self._codes[kind] = len(self._codes)
        return self._codes[kind]

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind, at the position of its number."""
        return tuple(self._codes)


def facts_of(
    window: StatisticsWindow, codes: KindCodes
) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """The numbers of a window that are not 0: what each one means, and how much it is."""
    found: Counter[int] = Counter()
    for cell in window.cells:
        kind = _kind(cell)
        found[EVENTS + codes.code(kind)] += cell.count
        severity = SEVERITIES.index(kind.severity)
        if severity != FAILURE:
            first = CONFIDENCES + severity * CONFIDENCE_BINS
            for place, count in enumerate(cell.confidence[:CONFIDENCE_BINS], first):
                if count:  # one in ten
                    found[place] += count
    for place, count in window.latency:
        if 0 <= place < LATENCY_BINS:
            found[place] += count
    told = {what: min(count, MOST_COUNT) for what, count in found.items() if count > 0}
    return np.array([*told], np.uint16), np.array([*told.values()], np.uint32)


def _kind(cell: Cell) -> Kind:
    # A severity that joined after this page was made asks for a person's look, as a failure does.
    known = (severity for severity in SEVERITIES if severity == cell.severity)
    return Kind(next(known, "failure"), cell.behaviour, cell.reason)
