"""The wire: round trips, golden bytes, refusals, and readers of other versions."""

from __future__ import annotations

import copy
import json
import struct
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import RefusedError
from schemas.events import Classification, Failure, ImageReference, Prediction, UnknownOutcome
from tests.schemas.samples import (
    CLASSIFICATION,
    FAILURE,
    PREDICTION,
    REFERENCE,
    REVIEW,
    WINDOW,
    predictions,
    references,
)

GOLDEN_REFERENCE = (
    "00563f77c14837623063326135322d336139652d356630652d396233362d3063386630663561316331310c6472"
    "6976657210636162696e2d303100860161622f6162616261626162616261626162616261626162616261626162"
    "616261626162616261626162616261626162616261626162616261626162616261626162616280016162616261"
    "626162616261626162616261626162616261626162616261626162616261626162616261626162616261626162"
    "6162616261626162616261626162a48405143030303034322e6a7067a08a84aaa5b1b006"
)
GOLDEN_PREDICTION = (
    "00563f78263076696769652e6472697665722e696d616765732d302d3431024837623063326135322d336139"
    "652d356630652d396233362d3063386630663561316331310c647269766572005280d1dfaaa5b1b006c08ce1"
    "aaa5b1b006266472697665722d30313233343536373839616280013031303130313031303130313031303130"
    "3130313031303130313031303130313031303130313031303130313031303130313031303130313031303130"
    "313031024837623063326135322d336139652d356630652d396233362d3063386630663561316331310c6472"
    "6976657210636162696e2d303100860161622f61626162616261626162616261626162616261626162616261"
    "6261626162616261626162616261626162616261626162616261626162616261626162616261628001616261"
    "6261626162616261626162616261626162616261626162616261626162616261626162616261626162616261"
    "6261626162616261626162616261626162a48405143030303034322e6a7067a08a84aaa5b1b0060000003f00"
    "00803f000050401c636c617373696669636174696f6e020214746578742d72696768740000403f0100040000"
    "803e0000403f0002040400000000000060400008000080ff0201020000003f00"
)
GOLDEN_PREDICTION_V1 = (
    "00563f78253076696769652e6472697665722e696d616765732d302d3431024837623063326135322d33613965"
    "2d356630652d396233362d3063386630663561316331310c647269766572005280d1dfaaa5b1b006c08ce1aaa5"
    "b1b006266472697665722d30313233343536373839616280013031303130313031303130313031303130313031"
    "303130313031303130313031303130313031303130313031303130313031303130313031303130313031303102"
    "4837623063326135322d336139652d356630652d396233362d3063386630663561316331310c64726976657210"
    "636162696e2d303100860161622f61626162616261626162616261626162616261626162616261626162616261"
    "626162616261626162616261626162616261626162616261626162616261626162800161626162616261626162"
    "616261626162616261626162616261626162616261626162616261626162616261626162616261626162616261"
    "626162616261626162a48405143030303034322e6a7067a08a84aaa5b1b0060000003f0000803f000050401c63"
    "6c617373696669636174696f6e020214746578742d72696768740000403f0100040000803e0000403f00020404"
    "00000000000060400008000080ff00"
)


@given(references)
def test_any_reference_comes_back_as_it_was(reference: ImageReference) -> None:
    assert codec.decode_reference(codec.encode_reference(reference)) == reference


@given(predictions)
def test_any_prediction_comes_back_as_it_was(prediction: Prediction) -> None:
    assert codec.decode_prediction(codec.encode_prediction(prediction)) == prediction


def test_a_reference_has_the_bytes_that_were_once_written() -> None:
    assert codec.encode_reference(REFERENCE).hex() == GOLDEN_REFERENCE


def test_a_prediction_has_the_bytes_that_were_once_written() -> None:
    assert codec.encode_prediction(PREDICTION).hex() == GOLDEN_PREDICTION


def test_a_prediction_of_the_first_version_is_read_without_what_it_did_not_know() -> None:
    unchecked = replace(CLASSIFICATION.heat, verified=None)
    before = replace(CLASSIFICATION, heat=unchecked, novelty=None)
    found = codec.decode_prediction(bytes.fromhex(GOLDEN_PREDICTION_V1))
    assert found == replace(PREDICTION, outcome=before)


def test_a_reader_of_the_first_version_sees_all_that_it_knows() -> None:
    versions = [one for one in codec.packaged_schemas() if one.subject == "prediction"]
    record = codec._prediction_record(PREDICTION)
    seen = _sample(record, json.loads(versions[-1].text), json.loads(versions[0].text))
    known = seen["outcome"]["classification"]
    assert {"novelty", "verified"}.isdisjoint(known.keys() | known["heat"].keys())
    assert codec._prediction(seen).outcome == replace(
        CLASSIFICATION, heat=replace(CLASSIFICATION.heat, verified=None), novelty=None
    )


def test_the_frame_names_a_packaged_schema() -> None:
    magic, schema_id = struct.unpack_from(">bI", codec.encode_reference(REFERENCE))
    assert (magic, schema_id) == (0, codec.latest("image-reference").schema_id)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, "message_empty"),
        (b"", "message_empty"),
        (b"\x00\x01", "message_not_avro"),
        (b"hello world", "message_not_avro"),
        (b"\x00\x00\x00\x00\x07rest", "message_unknown_schema"),
        (codec.encode_prediction(PREDICTION), "message_wrong_type"),
        (codec.encode_reference(REFERENCE)[:-3], "message_not_avro"),
        (codec.encode_reference(REFERENCE) + b"\x00", "message_not_avro"),
    ],
)
def test_what_is_no_reference_is_refused_with_its_reason(
    message: bytes | None, reason: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        codec.decode_reference(message)
    assert refused.value.reason == reason


@given(st.binary(max_size=300))
def test_no_bytes_behind_our_frame_do_anything_but_decode_or_be_refused(rest: bytes) -> None:
    frame = codec.encode_prediction(PREDICTION)[:5]
    with suppress(RefusedError):
        assert isinstance(codec.decode_prediction(frame + rest), Prediction)


class OneSchema(SchemaRegistryClient):
    """A registry that holds the packaged schemas and nothing else; no server behind it."""

    def __init__(self) -> None:
        super().__init__({"url": "http://127.0.0.1:1"})

    def get_schema(self, schema_id: int, *_: Any, **__: Any) -> Schema:
        [found] = [one for one in codec.packaged_schemas() if one.schema_id == schema_id]
        return Schema(found.text, "AVRO")


def test_confluents_own_deserializer_reads_our_bytes() -> None:
    # Without this it asks the registry which subject the topic has.
    read = AvroDeserializer(OneSchema(), conf={"subject.name.strategy.type": "TOPIC"})
    record = read(
        codec.encode_prediction(PREDICTION),
        SerializationContext("vigie.driver.predictions", MessageField.VALUE),
    )
    assert record["reference_id"] == REFERENCE.reference_id
    assert record["source_offset"] == 41
    assert record["outcome"]["classification"]["behaviour"] == CLASSIFICATION.behaviour


def _next_version(schema: Any) -> Any:
    """The prediction's schema with one more kind of outcome, as a later release would add it."""
    changed = copy.deepcopy(schema)
    [outcome] = [field for field in changed["fields"] if field["name"] == "outcome"]
    profile = {
        "type": "record",
        "name": "FaceProfile",
        "fields": [{"name": "faces", "type": "int"}],
    }
    outcome["type"]["fields"].append(
        {"name": "face_profile", "default": None, "type": ["null", profile]}
    )
    return changed


def _sample(record: Any, writer: Any, reader: Any) -> Any:
    out = BytesIO()
    schemaless_writer(out, parse_schema(writer), record)
    out.seek(0)
    return schemaless_reader(out, parse_schema(writer), parse_schema(reader))


def test_an_older_reader_knows_the_kind_of_an_outcome_that_joined_later() -> None:
    old = json.loads(codec.latest("prediction").text)
    record = codec._prediction_record(PREDICTION)
    record["outcome"] = {"kind": "face_profile", "face_profile": {"faces": 2}}
    seen = _sample(record, _next_version(old), old)
    assert codec._prediction(seen).outcome == UnknownOutcome("face_profile")


@pytest.mark.parametrize("outcome", [CLASSIFICATION, FAILURE])
def test_a_newer_reader_reads_what_was_written_before(outcome: Classification | Failure) -> None:
    old = json.loads(codec.latest("prediction").text)
    record = codec._prediction_record(PREDICTION) | {"outcome": codec._outcome_record(outcome)}
    seen = _sample(record, old, _next_version(old))
    assert seen["outcome"].pop("face_profile") is None
    assert codec._outcome(seen["outcome"]) == outcome


def test_a_review_comes_back_as_it_was() -> None:
    assert codec.decode_review(codec.encode_review(REVIEW)) == REVIEW


def test_a_statistics_window_comes_back_as_it_was() -> None:
    assert codec.decode_window(codec.encode_window(WINDOW)) == WINDOW


@pytest.mark.parametrize("subject", ["image-reference", "prediction"])
def test_every_version_is_read_by_every_other(subject: Any) -> None:
    versions = [one for one in codec.packaged_schemas() if one.subject == subject]
    make = codec._reference_record if subject == "image-reference" else codec._prediction_record
    record = make(REFERENCE if subject == "image-reference" else PREDICTION)  # type: ignore[operator]
    for writer in versions:
        for reader in versions:
            assert _sample(record, json.loads(writer.text), json.loads(reader.text))


def test_an_unknown_outcome_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="face_profile"):
        codec._outcome_record(UnknownOutcome("face_profile"))
