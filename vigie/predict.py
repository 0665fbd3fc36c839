"""One image file, one verdict: what ``vigie predict`` and ``main.py`` print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import RefusedError, VigieError
from schemas.events import Classification, FailureReason
from vigie.jobs import configured_loader

if TYPE_CHECKING:
    from vigie.settings import Settings


class HeatmapError(VigieError):
    """The overlay could not be written."""

    code = "heatmap_not_written"


def predict_file(
    path: Path, job: str, settings: Settings, heatmap: Path | None, model: str | None = None
) -> dict[str, Any]:
    """Judge an image file.

    Args:
        path: the file.
        job: what to look for.
        settings: the largest file taken, and the model where none is named.
        heatmap: folder to write the overlay to, as ``<name of the image>.png``; ``None``: none.
        model: version or folder of another model.

    Returns:
        What is printed as JSON.

    Raises:
        RefusedError: missing, empty, too large, truncated or no image.
        HeatmapError: the overlay cannot be written.
        ConfigurationError: the model's files are not as they must be.
        UsageError: there is no such job.
    """
    data = _read(path, settings.storage.max_image_bytes)
    classifier = configured_loader(job, settings, model)()
    outcome, timings = classifier.classify(data)
    label = classifier.labels[outcome.label]
    written = None
    if heatmap is not None:
        written = _write_overlay(heatmap / f"{path.stem}.png", data, outcome, label.fr)
    return {
        "is_infraction": outcome.is_infraction,
        "behaviour": outcome.behaviour,
        "label_fr": label.fr,
        "label_en": label.en,
        "confidence": round(outcome.confidence, 6),
        "probabilities": {
            each.key: round(share, 6)
            for each, share in zip(classifier.labels, outcome.probabilities, strict=True)
        },
        "abstained": outcome.abstained,
        "novelty": outcome.novelty,
        "map_verified": outcome.heat.verified,
        "model_version": classifier.model_version,
        "inference_ms": round(timings.inference_ms, 3),
        "heatmap": str(written) if written else None,
    }


def _read(path: Path, limit: int) -> bytes:
    try:
        if path.is_dir():
            raise RefusedError(
                FailureReason.IMAGE_UNREADABLE, f"{path} is a folder: name one image file."
            )
        with path.open("rb") as file:
            # One byte more tells a file that is too large without reading it whole.
            return file.read(limit + 1)
    except FileNotFoundError as error:
        raise RefusedError(
            FailureReason.IMAGE_MISSING, f"There is no file {path}: check the path."
        ) from error
    except OSError as error:
        raise RefusedError(
            FailureReason.IMAGE_UNREADABLE,
            f"{path} cannot be read ({error.strerror}): check its rights.",
        ) from error


def _write_overlay(path: Path, data: bytes, outcome: Classification, label: str) -> Path:
    # Drawing needs the picture at its own size, which judging does not.
    from model.decode import decode  # noqa: PLC0415
    from model.heat import overlay_png  # noqa: PLC0415

    heat = outcome.heat
    grid = heat.grid(outcome.label)
    png = overlay_png(decode(data), grid, heat.rows, heat.columns, label, outcome.confidence)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    except OSError as error:
        raise HeatmapError(
            f"The heat map {os.fspath(path)} cannot be written ({error.strerror}): run the command"
            " in a folder where this user may write."
        ) from error
    return path
