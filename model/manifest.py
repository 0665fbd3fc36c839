"""What stands beside the weights: which file they are, how to use them, how they came to be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import ConfigurationError

MANIFEST_FILE = "manifest.json"
# Twelve hexadecimal digits tell any weights of a project apart and still fit a table's column.
VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Manifest:
    """How to use one file of weights.

    Attributes:
        job: what the weights are for; the first part of the model's version.
        weights: file name beside the manifest.
        sha256: of that file.
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        precision: ``int8`` (RGB as uint8) or ``float32`` (RGB 0..255 as float).
        temperature: what logits are divided by before the softmax.
        abstain_below: the confidence under which the verdict is "to check".
        record: how the weights came to be: settings, data, split, checks, metrics.
    """

    job: str
    weights: str
    sha256: str
    width: int
    height: int
    precision: str
    temperature: float
    abstain_below: float
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What events call the model."""
        return f"{self.job}-{self.sha256[:VERSION_DIGITS]}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``.

    Raises:
        ConfigurationError: the file is missing or not what we write.
    """
    path = folder / MANIFEST_FILE
    try:
        return Manifest(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is no manifest of a model ({error}): train the model again or restore the"
            " file."
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Keep the manifest beside the weights."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    (folder / MANIFEST_FILE).write_text(text + "\n", "utf-8")


def read_weights(folder: Path, manifest: Manifest) -> bytes:
    """The weights that the manifest speaks of, and no others.

    Raises:
        ConfigurationError: the file is missing, or its SHA-256 is not the manifest's.
    """
    path = folder / manifest.weights
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the weights {path} cannot be read ({error.strerror}): restore the file or train the"
            " model again."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        raise ConfigurationError(
            f"the weights {path} have the SHA-256 {found}, but {MANIFEST_FILE} promises"
            f" {manifest.sha256}: restore both files from one place, or train the model again."
        )
    return content
