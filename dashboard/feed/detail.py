"""Everything known about one event, as facts for the browser."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from dashboard.feed.gaze import gaze
from dashboard.feed.items import Item, card, finite, heat_name
from model.labels import Label
from schemas.codec import decode_prediction
from schemas.errors import RefusedError
from schemas.events import MOST_NOVEL, Classification, HeatGrids, Outcome, Prediction

Doubt = Literal["unsure", "unlike", "map"]

SHOWN_BYTES = 96  # of an event that cannot be read: enough to recognise what it is


def detail(item: Item, message: bytes, labels: Sequence[Label]) -> dict[str, Any]:
    """The card's facts, what to doubt, each class with its probability, facts and the raw event.

    Args:
        item: what the lists know of the event.
        message: the framed event as it stands in the topic.
        labels: the classes of the job, in the order of the model's outputs.
    """
    try:
        prediction = decode_prediction(message)
    except RefusedError:
        raw = {"bytes": message[:SHOWN_BYTES].hex(" ")}
        return {
            "card": card(item),
            "doubts": [],
            "classes": [],
            "facts": _place(item),
            "raw": raw,
        }
    return {
        "card": card(item),
        "doubts": _doubts(prediction.outcome),
        "classes": _classes(item, prediction, labels),
        "facts": _facts(item, prediction),
        "raw": plain(asdict(prediction)),
    }


def _doubts(outcome: Outcome) -> list[Doubt]:
    """Why it abstained, and ``map`` where its heat maps do not account for the verdict."""
    if not isinstance(outcome, Classification):
        return []
    found: list[Doubt] = []
    if outcome.abstained:
        found.append("unlike" if (outcome.novelty or 0.0) > MOST_NOVEL else "unsure")
    if outcome.heat.verified is False:
        found.append("map")
    return found


def _classes(item: Item, prediction: Prediction, labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Each class, most probable first; ``heat`` names its own heat map, ``gaze`` tells of it."""
    outcome = prediction.outcome
    if not isinstance(outcome, Classification):
        return []
    keys = [label.key for label in labels]
    # An event of a model with other classes: only the verdict carries its own name.
    if outcome.label >= len(keys) or keys[outcome.label] != outcome.behaviour:
        keys = [str(n) for n in range(len(outcome.probabilities))]
        keys[outcome.label : outcome.label + 1] = [outcome.behaviour]
    found = [
        {
            "label": keys[n] if n < len(keys) else str(n),
            "p": round(finite(p), 6),
            "heat": heat_name(item.place, outcome.heat.cells, n),
            "gaze": _gaze(outcome.heat, n),
        }
        for n, p in enumerate(outcome.probabilities)
    ]
    return sorted(found, key=lambda row: -row["p"])


def _gaze(heat: HeatGrids, label: int) -> dict[str, Any] | None:
    """``None`` where no part of the image speaks for the class, or the event has no map of it."""
    cells = heat.grid(label) if label < len(heat.peaks) else b""
    is_whole = cells and len(cells) == heat.rows * heat.columns
    seen = gaze(cells, heat.rows, heat.columns) if is_whole else None
    if seen is None:
        return None
    return {"where": seen.where, "share": round(seen.share, 4), "area": round(seen.area, 4)}


def _place(item: Item) -> dict[str, Any]:
    return {"at": item.at, "place": ", ".join(map(str, item.place))}


def _facts(item: Item, prediction: Prediction) -> dict[str, Any]:
    """Times in seconds since 1970, durations in milliseconds, sizes in bytes."""
    facts: dict[str, Any] = _place(item) | {
        "published_at": prediction.published_at.timestamp(),
        "latency_ms": prediction.latency_ms,
        **{part: finite(ms) for part, ms in asdict(prediction.timings).items()},
        "source_place": f"{prediction.source_partition}, {prediction.source_offset}",
        "event_id": prediction.event_id,
        "model_version": prediction.model_version,
        "model_sha256": prediction.model_sha256,
    }
    if reference := prediction.reference:
        facts |= {
            "captured_at": reference.captured_at.timestamp(),
            "source": reference.source,
            "name": reference.name,
            "size_bytes": reference.size_bytes,
            "reference_id": reference.reference_id,
            "image_sha256": reference.sha256,
        }
    return facts


def plain(value: Any) -> Any:
    """The value as JSON can hold it; bytes are told by their number."""
    match value:
        case Mapping():
            return {key: plain(part) for key, part in value.items()}
        case tuple() | list():
            return [plain(part) for part in value]
        case float():
            return round(value, 6) if math.isfinite(value) else str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return f"<{len(value)} bytes>"
        case _:
            return value
