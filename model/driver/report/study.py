"""What an evaluation's report is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from model.driver.dataset import Sample, digest
from model.driver.deletion import Drop
from model.driver.evaluate import Answer
from model.driver.unrelated import Unrelated
from model.labels import Label
from model.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Study:
    """What a report tells; the optional parts are left out where they are empty.

    Attributes:
        title: of the page.
        made_at: when it was judged.
        facts: which model, which data, which settings; shown as they are.
        labels: the classes, in the order of the probabilities.
        answers: at least one.
        drops: of :func:`model.driver.deletion.deletion_test`.
        folds: name and answers of each fold, where the answers come from several models.
        unrelated: where that was measured.
    """

    title: str
    made_at: datetime
    facts: Mapping[str, str]
    labels: Sequence[Label]
    answers: Sequence[Answer]
    drops: Sequence[Drop] = ()
    folds: Sequence[tuple[str, Sequence[Answer]]] = ()
    unrelated: Unrelated | None = None


def trained_with(settings: Mapping[str, Any]) -> dict[str, str]:
    """The fact of how the weights were trained."""
    return {"Trained with": "; ".join(f"{name} {value}" for name, value in settings.items())}


def facts_of(manifest: Manifest, folder: Path, samples: Sequence[Sample]) -> dict[str, str]:
    """Which model was judged on which images, for :class:`Study`."""
    subjects = sorted({sample.subject for sample in samples if sample.subject is not None})
    return {
        "Model": manifest.version,
        "SHA-256 of the weights": manifest.sha256,
        "Input": f"RGB {manifest.width} x {manifest.height}, {manifest.precision}",
        "Temperature": f"{manifest.temperature:.4g}",
        "Abstains where": manifest.unsure_where,
        **trained_with(manifest.record.get("settings", {})),
        "Data": f"{folder}, {len(samples)} images",
        "SHA-256 of the data": digest(samples),
        "Drivers": ", ".join(subjects) or "not known",
    }
