"""Events as rows: pure, and such that both databases take whatever an event may hold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from schemas.events import (
    EVENT_UNREADABLE,
    UNKNOWN_OUTCOME,
    Classification,
    Failure,
    ImageReference,
    Outcome,
    Prediction,
    UnknownOutcome,
    severity_of,
)
from schemas.reviews import MOST_REVIEWED, Review
from schemas.statistics import DAY_S, HOUR_S

MOST_TEXT = 500
"""Characters kept of any text. Names have tens, the longest sentence of ours some 300."""

MOST_NOTE = 4000
"""Of what people write themselves: twice what the page takes."""

MOST_KEY = 100
"""Of a text that events are counted by: four of them, at four bytes a character, fit into the 2,704
bytes that an entry of a PostgreSQL index may have."""

WINDOWS_S = (HOUR_S, DAY_S)
"""Lengths of the windows that events are counted in."""

Row = dict[str, Any]


def kept(text: str, most: int = MOST_TEXT) -> str:
    """The text as the database has it: of bounded size, without the one sign PostgreSQL refuses."""
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")


def event_row(prediction: Prediction) -> Row:
    """The columns of ``Event`` that a prediction fills."""
    outcome = prediction.outcome
    return {
        "source_partition": prediction.source_partition,
        "source_offset": prediction.source_offset,
        **_NO_REFERENCE,
        **(_of_reference(prediction.reference) if prediction.reference else {}),
        "published_at": prediction.published_at,
        "finished_at": prediction.finished_at,
        "severity": severity_of(outcome),
        "model_version": kept(prediction.model_version, MOST_KEY),
        "latency_ms": prediction.latency_ms,
        **_NO_ANSWER,
        **_answer(outcome),
    }


_NO_REFERENCE: Row = {
    "reference_id": None,
    "source": "",
    "subject": None,
    "name": None,
    "image_sha256": None,
    "captured_at": None,
}


def _of_reference(reference: ImageReference) -> Row:
    return {
        "reference_id": kept(reference.reference_id),
        "source": kept(reference.source, MOST_KEY),
        "subject": _maybe(reference.subject),
        "name": kept(reference.name),
        "image_sha256": kept(reference.sha256),
        "captured_at": reference.captured_at,
    }


_NO_ANSWER: Row = {
    "behaviour": None,
    "confidence": None,
    "abstained": False,
    "novelty": None,
    "reason": None,
    "detail": None,
}


def _answer(outcome: Outcome) -> Row:
    match outcome:
        case Classification():
            return {
                "behaviour": kept(outcome.behaviour, MOST_KEY),
                "confidence": _finite(outcome.confidence),
                "abstained": outcome.abstained,
                "novelty": _finite(outcome.novelty),
            }
        case Failure(reason, detail):
            return {"reason": kept(reason, MOST_KEY), "detail": kept(detail)}
        case UnknownOutcome(kind):
            return {"reason": UNKNOWN_OUTCOME, "detail": kept(f"An outcome of the kind {kind!r}.")}


def unreadable_event(appended_at: datetime, detail: str) -> Row:
    """The same columns for a message that is no prediction, which the broker took at this time."""
    return {
        "source_partition": None,
        "source_offset": None,
        **_NO_REFERENCE,
        "published_at": None,
        "finished_at": appended_at,
        "severity": "failure",
        "model_version": "",
        "latency_ms": None,
        **_NO_ANSWER,
        "reason": EVENT_UNREADABLE,
        "detail": kept(detail),
    }


def review_row(review: Review) -> tuple[Row, list[Row]]:
    """The columns of ``ReviewRow`` that a review fills, and of its ``ReviewedEvent``."""
    row = {
        "review_id": kept(review.review_id),
        "reviewed_at": review.reviewed_at,
        "reviewer": kept(review.reviewer),
        "action": kept(review.action),
        "source": kept(review.source),
        "behaviour": kept(review.behaviour),
        "severity": kept(review.severity),
        "model_version": kept(review.model_version),
        "corrected_to": _maybe(review.corrected_to),
        "note": _maybe(review.note, MOST_NOTE),
        "undoes": _maybe(review.undoes),
    }
    offsets = sorted(set(review.source_offsets))[:MOST_REVIEWED]
    partition = review.source_partition
    return row, [{"source_partition": partition, "source_offset": each} for each in offsets]


def unreadable_review(appended_at: datetime, detail: str) -> tuple[Row, list[Row]]:
    """The same for a message that is no review."""
    texts = ("review_id", "reviewer", "source", "behaviour", "severity", "model_version")
    row = dict.fromkeys(texts, "") | {
        "reviewed_at": appended_at,
        "action": EVENT_UNREADABLE,
        "corrected_to": None,
        "note": kept(detail),
        "undoes": None,
    }
    return row, []


def window_rows(events: Iterable[Row], sign: int = 1) -> list[Row]:
    """The rows of ``WindowCount`` that count these events; ``sign`` -1 takes them off again.

    In one order for everybody, so that two transactions never wait for each other.
    """
    cells = Counter(
        (
            event["job"],
            size_s,
            window_of(event["finished_at"], size_s),
            event["source"],
            event["severity"],
            event["behaviour"] or "",
            event["reason"] or "",
            event["model_version"],
        )
        for event in events
        for size_s in WINDOWS_S
    )
    names = ("job", "size_s", "start", "source", "severity", "behaviour", "reason", "model_version")
    return [
        {**dict(zip(names, cell, strict=True)), "events": sign * number}
        for cell, number in sorted(cells.items())
    ]


def window_of(moment: datetime, size_s: int) -> datetime:
    """The beginning of the hour or day of UTC that a moment lies in."""
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if size_s == DAY_S else whole


def _maybe(text: str | None, most: int = MOST_TEXT) -> str | None:
    return None if text is None else kept(text, most)


def _finite(value: float | None) -> float | None:
    """The number; neither database keeps what is none in the same way."""
    return value if value is not None and math.isfinite(value) else None
