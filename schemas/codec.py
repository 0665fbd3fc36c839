"""Events to bytes and back: Avro in Confluent's frame.

The frame is a zero byte, a schema id of four bytes (big-endian) and the datum.

The schemas and their ids travel with the project, so that no registry is needed. The ids start
high: an id from somebody's registry is recognised as foreign instead of being read as ours.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Literal, cast

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from schemas.errors import RefusedError
from schemas.events import (
    Classification,
    Failure,
    FailureReason,
    HeatGrids,
    ImageReference,
    Outcome,
    Prediction,
    Timings,
    UnknownOutcome,
)
from schemas.reviews import Review
from schemas.statistics import Cell, StatisticsWindow

Subject = Literal["image-reference", "prediction", "review", "statistics-window"]

_FRAME = struct.Struct(">bI")
_MAGIC = 0


@dataclass(frozen=True, slots=True)
class PackagedSchema:
    """One version of one subject: its global id, the text as shipped and the parsed form."""

    subject: Subject
    version: int
    schema_id: int
    text: str
    parsed: Any


@cache
def packaged_schemas() -> tuple[PackagedSchema, ...]:
    """Every schema that travels with the project, oldest version first within a subject."""
    folder = files("schemas") / "avro"
    ids = json.loads((folder / "ids.json").read_text("utf-8"))
    return tuple(
        _load(cast("Subject", subject), int(version), int(schema_id))
        for subject, versions in ids.items()
        for version, schema_id in sorted(versions.items(), key=lambda item: int(item[0]))
    )


def _load(subject: Subject, version: int, schema_id: int) -> PackagedSchema:
    text = (files("schemas") / "avro" / f"{subject}.v{version}.avsc").read_text("utf-8")
    return PackagedSchema(subject, version, schema_id, text, parse_schema(json.loads(text)))


@cache
def _by_id() -> dict[int, PackagedSchema]:
    return {schema.schema_id: schema for schema in packaged_schemas()}


@cache
def latest(subject: Subject) -> PackagedSchema:
    """The version that this release writes."""
    return [schema for schema in packaged_schemas() if schema.subject == subject][-1]


def encode_reference(reference: ImageReference) -> bytes:
    """One framed message."""
    return _encode("image-reference", _reference_record(reference))


def encode_prediction(prediction: Prediction) -> bytes:
    """One framed message."""
    return _encode("prediction", _prediction_record(prediction))


def encode_review(review: Review) -> bytes:
    """One framed message."""
    return _encode("review", _fields(review) | {"source_offsets": list(review.source_offsets)})


def encode_window(window: StatisticsWindow) -> bytes:
    """One framed message."""
    cells = [_fields(cell) | {"confidence": list(cell.confidence)} for cell in window.cells]
    latency = [{"bin": found, "count": count} for found, count in window.latency]
    record = _fields(window) | {"cells": cells, "latency": latency}
    return _encode("statistics-window", record)


def decode_reference(message: bytes | None) -> ImageReference:
    """The image reference in a framed message.

    Raises:
        RefusedError: the bytes are not one, for the reason it names.
    """
    return _reference(_decode("image-reference", message))


def decode_prediction(message: bytes | None) -> Prediction:
    """The prediction in a framed message.

    Raises:
        RefusedError: the bytes are not one, for the reason it names.
    """
    return _prediction(_decode("prediction", message))


def decode_review(message: bytes | None) -> Review:
    """The review in a framed message.

    Raises:
        RefusedError: the bytes are not one, for the reason it names.
    """
    record = _decode("review", message)
    return Review(**record | {"source_offsets": tuple(record["source_offsets"])})


def decode_window(message: bytes | None) -> StatisticsWindow:
    """The statistics window in a framed message.

    Raises:
        RefusedError: the bytes are not one, for the reason it names.
    """
    record = _decode("statistics-window", message)
    cells = tuple(Cell(**c | {"confidence": tuple(c["confidence"])}) for c in record["cells"])
    latency = tuple((pair["bin"], pair["count"]) for pair in record["latency"])
    return StatisticsWindow(**record | {"cells": cells, "latency": latency})


def _fields(event: Review | StatisticsWindow | Cell) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)}


def _encode(subject: Subject, record: dict[str, Any]) -> bytes:
    schema = latest(subject)
    out = BytesIO()
    out.write(_FRAME.pack(_MAGIC, schema.schema_id))
    schemaless_writer(out, schema.parsed, record)
    return out.getvalue()


def _decode(subject: Subject, message: bytes | None) -> dict[str, Any]:
    writer = _writer_schema(subject, message or b"")
    stream = BytesIO(message or b"")
    stream.seek(_FRAME.size)
    reader = latest(subject)
    resolved = None if reader is writer else reader.parsed
    try:
        record = schemaless_reader(stream, writer.parsed, resolved)
    # fastavro tells rubbish by whatever its reading happens to trip over: any error means "no Avro"
    except Exception as error:
        raise RefusedError(
            FailureReason.MESSAGE_NOT_AVRO,
            f"The message names schema {writer.schema_id} ({subject} v{writer.version}) but its"
            f" bytes do not follow it ({type(error).__name__}). Write it with the packaged schema.",
        ) from error
    if stream.read(1):
        raise RefusedError(
            FailureReason.MESSAGE_NOT_AVRO,
            f"The message holds bytes after its {subject}. Write exactly one event per message.",
        )
    return cast("dict[str, Any]", record)


def _writer_schema(subject: Subject, message: bytes) -> PackagedSchema:
    if not message:
        raise RefusedError(
            FailureReason.MESSAGE_EMPTY, f"The message is empty. Send one framed {subject}."
        )
    if len(message) < _FRAME.size or message[0] != _MAGIC:
        raise RefusedError(
            FailureReason.MESSAGE_NOT_AVRO,
            f"The message of {len(message)} bytes does not begin with Confluent's frame (a zero"
            " byte and a schema id of four bytes). Write it with the packaged codec.",
        )
    schema_id = _FRAME.unpack_from(message)[1]
    schema = _by_id().get(schema_id)
    if schema is None:
        raise RefusedError(
            FailureReason.MESSAGE_UNKNOWN_SCHEMA,
            f"Schema id {schema_id} is none of the packaged {sorted(_by_id())}. Write with a"
            " packaged schema, or update the reader.",
        )
    if schema.subject != subject:
        raise RefusedError(
            FailureReason.MESSAGE_WRONG_TYPE,
            f"The message is a {schema.subject}; this topic carries {subject}s. Send it there.",
        )
    return schema


def _reference_record(reference: ImageReference) -> dict[str, Any]:
    return {
        "reference_id": reference.reference_id,
        "job": reference.job,
        "source": reference.source,
        "subject": reference.subject,
        "path": reference.path,
        "sha256": reference.sha256,
        "size_bytes": reference.size_bytes,
        "name": reference.name,
        "captured_at": reference.captured_at,
    }


def _prediction_record(prediction: Prediction) -> dict[str, Any]:
    reference = prediction.reference
    timings = prediction.timings
    return {
        "event_id": prediction.event_id,
        "reference_id": prediction.reference_id,
        "job": prediction.job,
        "source_partition": prediction.source_partition,
        "source_offset": prediction.source_offset,
        "published_at": prediction.published_at,
        "finished_at": prediction.finished_at,
        "model_version": prediction.model_version,
        "model_sha256": prediction.model_sha256,
        "reference": _reference_record(reference) if reference else None,
        "timings": {
            "read_ms": timings.read_ms,
            "decode_ms": timings.decode_ms,
            "inference_ms": timings.inference_ms,
        },
        "outcome": _outcome_record(prediction.outcome),
    }


def _outcome_record(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Failure(reason, detail):
            return {"kind": "failure", "failure": {"reason": str(reason), "detail": detail}}
        case Classification():
            return {"kind": "classification", "classification": _classification_record(outcome)}
        case UnknownOutcome(kind):
            raise ValueError(f"an outcome of the unknown kind {kind!r} cannot be written")


def _classification_record(outcome: Classification) -> dict[str, Any]:
    heat = outcome.heat
    return {
        "label": outcome.label,
        "behaviour": outcome.behaviour,
        "confidence": outcome.confidence,
        "is_infraction": outcome.is_infraction,
        "abstained": outcome.abstained,
        "probabilities": list(outcome.probabilities),
        "heat": {
            "rows": heat.rows,
            "columns": heat.columns,
            "peaks": list(heat.peaks),
            "cells": heat.cells,
            "verified": heat.verified,
        },
        "novelty": outcome.novelty,
    }


def _reference(record: dict[str, Any]) -> ImageReference:
    return ImageReference(**record)


def _prediction(record: dict[str, Any]) -> Prediction:
    reference = record.pop("reference")
    record.pop("reference_id")  # the reference holds it
    return Prediction(
        **record
        | {
            "reference": _reference(reference) if reference else None,
            "timings": Timings(**record["timings"]),
            "outcome": _outcome(record["outcome"]),
        }
    )


def _outcome(record: dict[str, Any]) -> Outcome:
    if found := record["classification"]:
        heat = HeatGrids(**found["heat"] | {"peaks": tuple(found["heat"]["peaks"])})
        probabilities = tuple(found["probabilities"])
        return Classification(**found | {"heat": heat, "probabilities": probabilities})
    if found := record["failure"]:
        return Failure(**found)
    return UnknownOutcome(record["kind"])
