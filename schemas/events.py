"""The events, as frozen values. They know nothing of Kafka, Avro, files or clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

MOST_NOVEL = 1.0
"""Above this novelty an image is too unlike the known ones for any verdict to count."""


Severity = Literal["infraction", "check", "normal", "failure"]
SEVERITIES: tuple[Severity, ...] = ("infraction", "check", "normal", "failure")


class FailureReason(StrEnum):
    """Why an image has no classification. A reader meets unknown words from newer writers."""

    MESSAGE_EMPTY = "message_empty"
    MESSAGE_TOO_LARGE = "message_too_large"
    MESSAGE_NOT_AVRO = "message_not_avro"
    MESSAGE_UNKNOWN_SCHEMA = "message_unknown_schema"
    MESSAGE_WRONG_TYPE = "message_wrong_type"
    PATH_REFUSED = "path_refused"
    IMAGE_MISSING = "image_missing"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_EMPTY = "image_empty"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_TRUNCATED = "image_truncated"
    IMAGE_NOT_DECODABLE = "image_not_decodable"
    HASH_MISMATCH = "hash_mismatch"
    MODEL_ERROR = "model_error"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image that waits for a prediction: where the image store keeps it, and its hash.

    ``path`` is relative to the image store's root; ``name`` is what the source called the image,
    text to show and never a path to open.
    """

    reference_id: str
    job: str
    source: str
    path: str
    sha256: str
    size_bytes: int
    name: str
    captured_at: datetime
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class HeatGrids:
    """Class activation maps of every class: negative parts cut, each scaled to its own peak.

    Attributes:
        rows: height of one grid, in cells.
        columns: width of one grid, in cells.
        peaks: per class, the largest value of the logit's map before scaling (0 where none is
            positive).
        cells: ``classes x rows x columns`` values of one byte, class after class, row after row.
        verified: whether for every class the mean of its map and the class's bias gave its logit,
            which makes the map a true account of the verdict; ``None`` where it was not checked.
    """

    rows: int
    columns: int
    peaks: tuple[float, ...]
    cells: bytes
    verified: bool | None = None

    def grid(self, label: int) -> bytes:
        """The ``rows x columns`` bytes of one class.

        Raises:
            IndexError: there is no such class.
        """
        if not 0 <= label < len(self.peaks):
            raise IndexError(f"class {label} of {len(self.peaks)}")
        size = self.rows * self.columns
        return self.cells[label * size : (label + 1) * size]


@dataclass(frozen=True, slots=True)
class Classification:
    """What the model saw.

    Attributes:
        label: index of the most probable class.
        behaviour: its stable key.
        confidence: its probability.
        is_infraction: whether it is against the rules of the road.
        abstained: too unsure or too new to be acted on: a person should look.
        probabilities: one per class; they sum to 1.
        heat: where the evidence for each class is.
        novelty: how unlike the images that the model learned from; above 1 it abstains whatever
            its confidence. ``None`` where it was not measured.
    """

    label: int
    behaviour: str
    confidence: float
    is_infraction: bool
    abstained: bool
    probabilities: tuple[float, ...]
    heat: HeatGrids
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: a stable word, and one sentence that says what to do."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class UnknownOutcome:
    """An outcome of a kind that joined after this reader was made."""

    kind: str


Outcome = Classification | Failure | UnknownOutcome

UNKNOWN_OUTCOME = "unknown_outcome"
"""The reason a reader gives for an outcome of a kind that it does not know."""

EVENT_UNREADABLE = "event_unreadable"
"""The reason a reader gives for a message that is no event."""


def severity_of(outcome: Outcome) -> Severity:
    """How much an outcome asks of a person; what cannot be read counts as a failure."""
    if not isinstance(outcome, Classification):
        return "failure"
    if outcome.abstained:
        return "check"
    return "infraction" if outcome.is_infraction else "normal"


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds that one image took, part by part."""

    read_ms: float = 0.0
    decode_ms: float = 0.0
    inference_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """The one answer to one image reference, at its place in the order.

    ``reference`` is ``None`` when the message itself could not be read. ``published_at`` is the
    broker's time of the reference, ``finished_at`` the moment the outcome was known.
    """

    event_id: str
    job: str
    source_partition: int
    source_offset: int
    published_at: datetime
    finished_at: datetime
    model_version: str
    model_sha256: str
    reference: ImageReference | None
    outcome: Outcome
    timings: Timings = Timings()

    @property
    def reference_id(self) -> str | None:
        """The id of the reference; ``None`` when the message could not be read."""
        return self.reference.reference_id if self.reference else None

    @property
    def latency_ms(self) -> float:
        """From the broker taking the reference to the outcome, in milliseconds."""
        return (self.finished_at - self.published_at).total_seconds() * 1e3


def event_id(topic: str, partition: int, offset: int) -> str:
    """The id of the prediction for the reference at this place: the same on every replay."""
    return f"{topic}-{partition}-{offset}"
