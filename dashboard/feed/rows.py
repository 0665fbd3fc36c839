"""Events as columns: what counting and filtering many of them need, and nothing that is shown.

A quarter of a million rows are counted in milliseconds; as many objects would take a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.items import Item
from schemas.events import SEVERITIES

NOTHING = ("",)  # code 0 of every list of words


@dataclass(frozen=True, slots=True)
class Words:
    """What the codes of the columns stand for: a code is a position here, 0 the empty text."""

    behaviours: tuple[str, ...] = NOTHING
    sources: tuple[str, ...] = NOTHING
    reasons: tuple[str, ...] = NOTHING
    models: tuple[str, ...] = NOTHING


@dataclass(frozen=True, slots=True)
class Rows:
    """Events, oldest first in the topic's order: one array per fact, all of equal length.

    Attributes:
        appended_ms: the broker's time of the event, milliseconds since 1970.
        partition: with ``offset``, where the event stands in its topic.
        at: when the outcome was known, seconds since 1970. Not sorted: the broker's time is.
        severity: position in ``SEVERITIES``.
        behaviour: code of the class; 0 for a failure.
        source: code of the camera; 0 when unknown.
        reason: code of why there is no answer; 0 when there is one.
        model: code of the model's version; 0 when unknown.
        confidence: from 0 to 1; 0 for a failure.
        latency_ms: from publication to outcome; 0 where unknown.
        review: what a person has said, as a position in ``dashboard.reviews.ledger.STATES``; 0
            where nobody has.
        words: what the codes stand for.
    """

    appended_ms: NDArray[np.int64]
    partition: NDArray[np.int32]
    offset: NDArray[np.int64]
    at: NDArray[np.float64]
    severity: NDArray[np.uint8]
    behaviour: NDArray[np.uint16]
    source: NDArray[np.uint32]
    reason: NDArray[np.uint16]
    model: NDArray[np.uint16]
    confidence: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    review: NDArray[np.uint8]
    words: Words

    def __len__(self) -> int:
        return len(self.at)

    def between(self, start: float, end: float) -> Rows:
        """The rows whose outcome was known from ``start`` to before ``end``: a copy."""
        return self.where((start <= self.at) & (self.at < end))

    def where(self, wanted: NDArray[np.bool_]) -> Rows:
        """The rows for which ``wanted``, as long as the columns, is true: a copy."""
        names = (field.name for field in fields(self) if field.name != "words")
        return Rows(**{name: getattr(self, name)[wanted] for name in names}, words=self.words)

    @classmethod
    def of(cls, items: Iterable[Item]) -> Rows:
        """The rows of a list of items that nobody has reviewed, in its order."""
        kept = list(items)
        behaviour, behaviours = _coded([item.behaviour for item in kept])
        source, sources = _coded([item.source for item in kept])
        reason, reasons = _coded([item.reason for item in kept])
        model, models = _coded([item.model for item in kept])
        severities = [SEVERITIES.index(item.severity) for item in kept]
        return cls(
            appended_ms=np.array([item.appended_ms for item in kept], np.int64),
            partition=np.array([item.place.partition for item in kept], np.int32),
            offset=np.array([item.place.offset for item in kept], np.int64),
            at=np.array([item.at for item in kept], np.float64),
            severity=np.array(severities, np.uint8),
            behaviour=np.array(behaviour, np.uint16),
            source=np.array(source, np.uint32),
            reason=np.array(reason, np.uint16),
            model=np.array(model, np.uint16),
            confidence=np.array([item.confidence for item in kept], np.float64),
            latency_ms=np.array([item.latency_ms for item in kept], np.float64),
            review=np.zeros(len(kept), np.uint8),
            words=Words(behaviours, sources, reasons, models),
        )


def _coded(texts: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    known = {"": 0}
    return [known.setdefault(text, len(known)) for text in texts], tuple(known)
