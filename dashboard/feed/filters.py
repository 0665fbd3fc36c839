"""What a page wants to see, and its one spelling: the query string of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.rows import Rows
from dashboard.reviews.ledger import STATES
from schemas.events import SEVERITIES

MOST_WORDS = 64  # of one filter, and their length: an address is text from outside
LONGEST_SOURCE = 200
OPEN, DONE = "open", "done"
REVIEWS = (OPEN, DONE, *STATES[1:])

ASKING = [SEVERITIES.index("infraction"), SEVERITIES.index("check")]
"""Severities that ask for a person's verdict."""

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
        review: one of ``REVIEWS``. ``open``: asks for a verdict and has none; ``done``: has one.
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
    review: str = ""

    @classmethod
    def from_query(cls, query: str | None) -> FeedFilter:
        """Read a query string; what is unknown is ignored, so that an old link still opens."""
        values = parse_qs((query or "")[:4096].lstrip("?"))
        severity, review = (values.get(name, [""])[0] for name in ("severity", "review"))
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
            review=review if review in REVIEWS else "",
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
            ("review", self.review),
        ]
        kept = [(key, value) for key, value in pairs if value]
        return f"?{urlencode(kept)}" if kept else ""

    def of_any_severity(self) -> FeedFilter:
        """The same filter without its severity: what the tabs count."""
        return replace(self, severity="")

    def of_any_review(self) -> FeedFilter:
        """The same filter without its review: what there is to be reviewed."""
        return replace(self, review="")

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
        reviewed: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Which rows are wanted, as long as the columns.

        Args:
            rows: the events, or the first event of each group.
            now: seconds since 1970, for ``last``.
            until: of groups: when the newest event was known. A group is wanted when any part of
                it lies in the period.
            best: of groups: their largest confidence.
            reviewed: of groups: whether ``accepts_review`` any event of it.
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
        if self.review:
            wanted &= self.accepts_review(rows) if reviewed is None else reviewed
        return wanted

    def accepts_review(self, rows: Rows) -> NDArray[np.bool_]:
        """Which events the filter's review lets through, whatever its other parts say."""
        if self.review == OPEN:
            return is_open(rows)
        done = self.review == DONE
        code = STATES.index("confirmed" if done else self.review)
        found: NDArray[np.bool_] = rows.review >= code if done else rows.review == code
        return found


def asks(rows: Rows) -> NDArray[np.bool_]:
    """Which events ask for a verdict of a person."""
    found: NDArray[np.bool_] = np.isin(rows.severity, ASKING)
    return found


def is_open(rows: Rows) -> NDArray[np.bool_]:
    """Which events ask for a verdict and have none yet."""
    found: NDArray[np.bool_] = asks(rows) & (rows.review == 0)
    return found


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
