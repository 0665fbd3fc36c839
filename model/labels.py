"""The classes of a job, as they stand in ``labels.json`` beside its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.errors import ConfigurationError

LABELS_FILE = "labels.json"


@dataclass(frozen=True, slots=True)
class Label:
    """One class.

    Attributes:
        key: its stable name in events, e.g. ``phone-left``.
        code: its name in data folders, e.g. ``c4``.
        en: its English name.
        fr: its French name.
        is_infraction: whether it is against the rules of the road.
    """

    key: str
    code: str
    en: str
    fr: str
    is_infraction: bool


def read_labels(folder: Path) -> tuple[Label, ...]:
    """The classes in the order of the network's outputs.

    Raises:
        ConfigurationError: the file is missing or not what we write.
    """
    path = folder / LABELS_FILE
    try:
        return tuple(Label(**item) for item in json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} holds no list of classes ({error}): train the model again or restore the file."
        ) from error


def write_labels(folder: Path, labels: Sequence[Label]) -> None:
    """Keep the classes beside the weights."""
    text = json.dumps([asdict(label) for label in labels], ensure_ascii=False, indent=1)
    (folder / LABELS_FILE).write_text(text + "\n", "utf-8")
