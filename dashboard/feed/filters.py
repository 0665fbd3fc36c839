"""What a page wants to see, and its one spelling: the query string of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.rows import Rows
from schemas.events import SEVERITIES

MOST_WORDS = 64  # of one filter, and their length: an address is text from outside
LONGEST_SOURCE = 200
LATEST = 1 << 40
"""Seconds since 1970, thirty thousand years from now: a number beyond is no time."""


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """An empty part lets everything through.

    Attributes:
        reason: of failures.
        confidence: lowest and highest, in whole percent; failures, which have none, are left out.
        last: only events of so many seconds before now.
        start: only events from this moment on, in whole seconds since 1970.
        end: only events before this moment.
        flat: single events, where the feed otherwise shows groups.
    """

    severity: str = ""
    behaviours: tuple[str, ...] = ()
    source: str = ""
    reason: str = ""
    confidence: tuple[int, int] | None = None
    last: int | None = None
    start: int | None = None
    end: int | None = None
    flat: bool = False

    @classmethod
    def from_query(cls, query: str | None) -> FeedFilter:
        """Read a query string; what is unknown is ignored, so that an old link still opens."""
        values = parse_qs((query or "")[:4096].lstrip("?"))
        severity = values.get("severity", [""])[0]
        behaviours = {word[:MOST_WORDS] for word in values.get("behaviour", [])}
        last = _number(values.get("last"), LATEST)
        return cls(
            severity=severity if severity in SEVERITIES else "",
            behaviours=tuple(sorted(behaviours)[:MOST_WORDS]),
            source=values.get("source", [""])[0][:LONGEST_SOURCE],
            reason=values.get("reason", [""])[0][:MOST_WORDS],
            confidence=_span(values.get("confidence", [""])[0]),
            last=last or None,
            start=None if last else _number(values.get("from"), LATEST),
            end=None if last else _number(values.get("to"), LATEST),
            flat=values.get("flat", [""])[0] == "1",
        )

    def to_query(self) -> str:
        """The same filter as a query string, always spelt the same way."""
        span = "{}-{}".format(*self.confidence) if self.confidence else ""
        pairs = [
            ("severity", self.severity),
            *(("behaviour", word) for word in self.behaviours),
            ("source", self.source),
            ("reason", self.reason),
            ("confidence", span),
            ("last", _spelt(self.last)),
            ("from", _spelt(self.start)),
            ("to", _spelt(self.end)),
            ("flat", "1" if self.flat else ""),
        ]
        kept = [(key, value) for key, value in pairs if value]
        return f"?{urlencode(kept)}" if kept else ""

    def of_any_severity(self) -> FeedFilter:
        """The same filter without its severity: what the tabs count."""
        return replace(self, severity="")

    def of_period_alone(self) -> FeedFilter:
        """The same period, and all that happened in it: what statistics are told of."""
        return FeedFilter(last=self.last, start=self.start, end=self.end)

    def accepts(
        self,
        rows: Rows,
        now: float,
        *,
        until: NDArray[np.float64] | None = None,
        best: NDArray[np.float64] | None = None,
    ) -> NDArray[np.bool_]:
        """Which rows are wanted, as long as the columns.

        Args:
            rows: the events, or the first event of each group.
            now: seconds since 1970, for ``last``.
            until: of groups: when the newest event was known. A group is wanted when any part of
                it lies in the period.
            best: of groups: their largest confidence.
        """
        wanted = np.ones(len(rows), bool)
        if self.severity:
            wanted &= rows.severity == SEVERITIES.index(self.severity)
        if self.behaviours:
            wanted &= np.isin(rows.behaviour, _codes(rows.words.behaviours, self.behaviours))
        if self.source:
            wanted &= np.isin(rows.source, _codes(rows.words.sources, (self.source,)))
        if self.reason:
            wanted &= np.isin(rows.reason, _codes(rows.words.reasons, (self.reason,)))
        if self.confidence:
            share = rows.confidence if best is None else best
            low, high = self.confidence
            # Percentages are cut where they are shown: 84.9 % is within 50-84.
            wanted &= (rows.behaviour > 0) & (share >= low / 100) & (share < (high + 1) / 100)
        start = now - self.last if self.last else self.start
        if start is not None:
            wanted &= (rows.at if until is None else until) >= start
        if self.end is not None:
            wanted &= rows.at < self.end
        return wanted


def _codes(words: Sequence[str], texts: Sequence[str]) -> list[int]:
    return [words.index(text) for text in texts if text in words]


def _number(values: list[str] | None, most: int) -> int | None:
    text = (values or [""])[0]
    plain = text.isascii() and text.isdecimal() and len(text) < 16
    return min(int(text), most) if plain else None


def _span(text: str) -> tuple[int, int] | None:
    low, dash, high = text.partition("-")
    found = _number([low], 100), _number([high], 100)
    if not dash or found[0] is None or found[1] is None or found[0] > found[1]:
        return None
    return None if found == (0, 100) else (found[0], found[1])


def _spelt(value: int | None) -> str:
    return "" if value is None else str(value)


EVERYTHING = FeedFilter()
