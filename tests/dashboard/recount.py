"""The statistics once more, one event at a time, in plain Python: what the page must agree with."""

from __future__ import annotations

import statistics as plain
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Any

from dashboard.feed.items import Item
from schemas.codec import decode_prediction
from schemas.events import Classification, Failure

SEVERITIES = ("infraction", "check", "normal", "failure")


@dataclass(frozen=True)
class Fact:
    """What statistics need of one event."""

    at: float
    severity: str
    behaviour: str
    source: str
    reason: str
    confidence: float
    latency_ms: float

    @classmethod
    def of_message(cls, message: bytes) -> Fact:
        """Read from the topic, by the codec alone."""
        made = decode_prediction(message)
        outcome = made.outcome
        source = made.reference.source if made.reference else ""
        at, latency = made.finished_at.timestamp(), made.latency_ms
        if isinstance(outcome, Classification):
            kind = "infraction" if outcome.is_infraction else "normal"
            kind = "check" if outcome.abstained else kind
            return cls(at, kind, outcome.behaviour, source, "", outcome.confidence, latency)
        assert isinstance(outcome, Failure)
        return cls(at, "failure", "", source, outcome.reason, 0.0, latency)

    @classmethod
    def of_item(cls, item: Item) -> Fact:
        return cls(*(getattr(item, name) for name in cls.__dataclass_fields__))


def recount(facts: Iterable[Fact], edges: Sequence[int], zone: tzinfo) -> dict[str, Any]:
    """Every number of ``dashboard.statistics.counts.Summary``, by its name."""
    within = [fact for fact in facts if edges[0] <= fact.at < edges[-1]]
    seen = [fact for fact in within if fact.severity != "failure"]
    hours = [datetime.fromtimestamp(fact.at, UTC).astimezone(zone).hour for fact in seen]
    cells = Counter((fact.behaviour, hour) for fact, hour in zip(seen, hours, strict=True))
    columns = [
        [fact for fact in within if start <= fact.at < end] for start, end in pairwise(edges)
    ]
    bars = [
        [
            f
            for f in seen
            if low / 100 <= f.confidence and (f.confidence < (low + 5) / 100 or low == 95)
        ]
        for low in range(0, 100, 5)
    ]
    return {
        "kinds": kinds(within),
        "behaviours": {
            key: kinds(fact for fact in seen if fact.behaviour == key)
            for key in {fact.behaviour for fact in seen}
        },
        "sources": {
            key: kinds(fact for fact in within if fact.source == key)
            for key in {fact.source for fact in within}
        },
        "reasons": dict(Counter(fact.reason for fact in within if fact.severity == "failure")),
        "confidence": tuple(kinds(bar) for bar in bars),
        "median_confidence": plain.median(f.confidence for f in seen) if seen else None,
        "columns": tuple(kinds(column) for column in columns),
        "latency": latency(within),
        "latencies": tuple(latency(column) for column in columns),
        "hours": {key: tuple(cells[key, hour] for hour in range(24)) for key, _ in cells},
        "infractions": tuple(
            sum(
                1
                for f, h in zip(seen, hours, strict=True)
                if h == hour and f.severity == "infraction"
            )
            for hour in range(24)
        ),
        "latest": {
            cell: max(f.at for f, h in zip(seen, hours, strict=True) if (f.behaviour, h) == cell)
            for cell in cells
        },
    }


def kinds(facts: Iterable[Fact]) -> tuple[int, ...]:
    counted = Counter(fact.severity for fact in facts)
    return tuple(counted[severity] for severity in SEVERITIES)


def latency(facts: Sequence[Fact]) -> tuple[float, float, int] | None:
    """Median and 95th percentile in milliseconds, and of how many."""
    known = [fact.latency_ms for fact in facts if fact.latency_ms > 0]
    if not known:
        return None
    cuts = plain.quantiles(known, n=20, method="inclusive") if len(known) > 1 else [known[0]] * 19
    return round(cuts[9], 6), round(cuts[18], 6), len(known)
