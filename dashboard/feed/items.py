"""What the feed shows: one item per event of the predictions topic, and its card."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.codec import decode_prediction
from schemas.errors import RefusedError
from schemas.events import (
    EVENT_UNREADABLE,
    UNKNOWN_OUTCOME,
    Classification,
    Failure,
    Outcome,
    Prediction,
    Severity,
    severity_of,
)

LARGEST = 1 << 62  # of an offset or a time: columns of numbers hold no more
SHARES = 3  # the card's thin bar has room for the winner and its two nearest rivals


class Place(NamedTuple):
    """Where an event stands in its topic. Never changes, so it can be part of an address."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place written as ``partition-offset``; ``None`` for any other text."""
        partition, dash, offset = text.partition("-")
        plain = partition.isascii() and offset.isascii() and len(text) < 32
        if not (dash and plain and partition.isdecimal() and offset.isdecimal()):
            return None
        found = cls(int(partition), int(offset))
        return found if max(found) < LARGEST else None


class Order(NamedTuple):
    """What the feed is sorted by: the topic's own order, whoever reads it and when."""

    appended_ms: int
    partition: int
    offset: int

    def __str__(self) -> str:
        return "-".join(map(str, self))

    @property
    def place(self) -> Place:
        """Where the event stands in its topic."""
        return Place(self.partition, self.offset)

    @classmethod
    def parse(cls, text: str) -> Order | None:
        """The order written as ``appended_ms-partition-offset``; ``None`` for any other text."""
        parts = text.split("-") if text.isascii() and len(text) < 64 else []
        if len(parts) != 3 or not all(map(str.isdecimal, parts)):
            return None
        found = cls(*map(int, parts))
        return found if max(found) < LARGEST else None


@dataclass(frozen=True, slots=True)
class Item:
    """One event, as much of it as lists and counts need.

    Attributes:
        appended_ms: the broker's time of the event, milliseconds since 1970.
        at: when the outcome was known, seconds since 1970.
        behaviour: the stable key of the class; empty for a failure.
        shares: the largest probabilities, in falling order.
        heat: name of the winner's heat map; empty where there is none.
        model: version of the model that answered; empty when unknown.
        source_offset: where that reference stands in its topic, in the partition of the same
            number; -1 when unknown.
        reference_id: which image reference it answers; empty when unknown.
    """

    place: Place
    appended_ms: int
    at: float
    source: str
    severity: Severity
    latency_ms: float
    behaviour: str
    confidence: float
    shares: tuple[float, ...]
    image: str
    heat: str
    reason: str
    detail: str
    model: str
    source_offset: int = -1
    reference_id: str = field(default="", compare=False)  # not kept for long

    @property
    def order(self) -> Order:
        """Where it stands in the feed."""
        return Order(self.appended_ms, *self.place)


def read_item(place: Place, appended_ms: int, message: bytes | None) -> Item:
    """The item of one message; one that cannot be read becomes an item that says so."""
    try:
        prediction = decode_prediction(message)
    except RefusedError as error:
        return _unreadable(place, appended_ms, error.detail)
    return _item(place, appended_ms, prediction)


def heat_name(place: Place, cells: bytes, label: int) -> str:
    """The immutable name of one heat map: place, digest of what it shows, class."""
    return f"{place}-{hashlib.sha256(cells).hexdigest()[:8]}-{label}"


def finite(value: float) -> float:
    """The value, or 0 for what is no number: JSON has no word for it, and a page would stop."""
    return value if math.isfinite(value) else 0.0


def card(item: Item) -> dict[str, Any]:
    """The facts of one card for the browser, which puts them into words."""
    return {
        "id": str(item.place),
        "order": list(item.order),
        "at": round(item.at, 3),
        "source": item.source,
        "severity": item.severity,
        "label": item.behaviour,
        "p": round(item.confidence, 6),
        "shares": [round(share, 4) for share in item.shares],
        "image": item.image,
        "heat": item.heat,
        "reason": item.reason,
        "detail": item.detail,
        "review": None,
    }


def _item(place: Place, appended_ms: int, prediction: Prediction) -> Item:
    outcome, reference = prediction.outcome, prediction.reference
    seen = outcome if isinstance(outcome, Classification) else None
    reason, detail = _trouble(outcome)
    return Item(
        place=place,
        appended_ms=appended_ms,
        at=prediction.finished_at.timestamp(),
        source=reference.source if reference else "",
        severity=severity_of(outcome),
        latency_ms=prediction.latency_ms,
        behaviour=seen.behaviour if seen else "",
        confidence=finite(seen.confidence) if seen else 0.0,
        shares=tuple(
            sorted(map(finite, seen.probabilities), reverse=True)[:SHARES] if seen else ()
        ),
        image=reference.sha256 if reference and seen else "",
        heat=heat_name(place, seen.heat.cells, seen.label) if seen else "",
        reason=reason,
        detail=detail,
        model=prediction.model_version,
        source_offset=prediction.source_offset if prediction.source_offset < LARGEST else -1,
        reference_id=prediction.reference_id or "",
    )


def _trouble(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Classification():
            return "", ""
        case Failure(reason, detail):
            return reason, detail
        case _:
            return UNKNOWN_OUTCOME, f"Outcome of the kind {outcome.kind!r}. Update this page."


def _unreadable(place: Place, appended_ms: int, detail: str) -> Item:
    return Item(
        place=place,
        appended_ms=appended_ms,
        at=appended_ms / 1e3,
        source="",
        severity="failure",
        latency_ms=0.0,
        behaviour="",
        confidence=0.0,
        shares=(),
        image="",
        heat="",
        reason=EVENT_UNREADABLE,
        detail=detail,
        model="",
    )
