"""What people say of predictions: events of their own, so that a rebuild loses none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_REVIEWED = 20_000
"""Predictions that one review may speak of. A group ends after ten minutes, and no camera of a
cabin sends more than thirty images a second; their offsets are 60 kB."""


class ReviewAction(StrEnum):
    """What a person did. A reader meets unknown words from newer writers and leaves them out."""

    CONFIRM = "confirm"
    FALSE_POSITIVE = "false_positive"
    CORRECT = "correct"
    NOTE = "note"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Review:
    """One action of a person on one prediction, or on all predictions of a group.

    A prediction is named by the place of its image reference, which stays the same when the
    predictions are made anew.

    Attributes:
        review_id: unique per action.
        action: one of ``ReviewAction``, or a word that joined later.
        reviewer: what the person calls themself; nobody checks it.
        source_partition: partition of the image references.
        source_offsets: their offsets, rising.
        source: the camera; empty when unknown.
        behaviour: what the model had said; empty for a failure.
        severity: how much that asked of a person.
        model_version: who had said so.
        corrected_to: the true class, for ``correct``.
        note: free text, for ``note``.
        undoes: the ``review_id`` taken back, for ``undo``.
    """

    review_id: str
    job: str
    reviewed_at: datetime
    reviewer: str
    action: str
    source_partition: int
    source_offsets: tuple[int, ...]
    source: str
    behaviour: str
    severity: str
    model_version: str
    corrected_to: str | None = None
    note: str | None = None
    undoes: str | None = None
