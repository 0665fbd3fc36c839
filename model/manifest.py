"""What stands beside the weights: which file they are, how to use them, how they came to be."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from schemas.errors import ConfigurationError

MANIFEST_FILE = "manifest.json"
# Twelve hexadecimal digits tell any weights of a project apart and still fit a table's column.
VERSION_DIGITS = 12
# Files of a model are whole only together.
WAY_OUT = (
    "restore the whole folder from the package or a backup, train the model again, or serve another"
    " (`vigie models` lists them)."
)
# Of e, such that the power is still a float.
MOST_LOG_ODDS = 700.0


@dataclass(frozen=True, slots=True)
class Choice:
    """How sure a model may be asked to be, and what that costs; measured on people it never saw.

    Attributes:
        right: share of its answers that shall be right.
        least_margin: the manifest's, for that.
        answered: share of the images that it then answers.
        accuracy: share of those answers that were right where other people chose the margin.
    """

    right: float
    least_margin: float
    answered: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """How to use one file of weights.

    Attributes:
        job: what the weights are for; the first part of the model's version.
        weights: file name beside the manifest.
        sha256: of that file.
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        precision: ``int8`` (RGB in eight bits) or ``float32`` (RGB 0..255 as float).
        temperature: what logits are divided by before the softmax.
        least_margin: the lead of the best class over the second, in logits before the temperature,
            under which the verdict is "to check"; ``None``: any lead will do.
        abstain_below: the confidence under which it is, as weights of earlier training runs have
            it; ``None``: any confidence will do. One of both limits is there.
        choices: other margins that may be asked for, surest first.
        record: how the weights came to be: settings, data, split, checks, metrics.
        bias: per class, what the mean of its map and its logit differ by; ``None``: maps are not
            checked.
        map_tolerance: how far, in units of the logit, mean and bias may be from it.
        novelty: what tells images unlike those the weights learned from; ``None``: nothing does.
    """

    job: str
    weights: str
    sha256: str
    width: int
    height: int
    precision: str
    temperature: float
    least_margin: float | None = None
    abstain_below: float | None = None
    choices: tuple[Choice, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)
    bias: tuple[float, ...] | None = None
    map_tolerance: float | None = None
    novelty: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.least_margin is None and self.abstain_below is None:
            raise ValueError("it has neither least_margin nor abstain_below")

    @property
    def version(self) -> str:
        """What events call the model."""
        return f"{self.job}-{self.sha256[:VERSION_DIGITS]}"

    def as_sure_as(self, right: float) -> Manifest:
        """The same weights, which abstain until this share of their answers is right.

        Raises:
            ConfigurationError: that was not measured of them.
        """
        for choice in self.choices:
            if choice.right == right:
                return replace(self, least_margin=choice.least_margin, abstain_below=None)
        known = ", ".join(f"{choice.right:g}" for choice in self.choices)
        way_out = f"choose one of {known}, or none" if known else "leave it unset"
        raise ConfigurationError(
            f"VIGIE_INFERENCE__SURE is {right:g}, but how often {self.version} has to abstain for"
            f" that was not measured: {way_out}."
        )

    def is_unsure(self, margin: float, confidence: float) -> bool:
        """Whether a verdict is "to check" for its doubt; one that is no number always is.

        Args:
            margin: lead of the best class over the second, in logits before the temperature.
            confidence: probability of the best class.
        """
        told = (margin, self.least_margin), (confidence, self.abstain_below)
        return any(least is not None and not value >= least for value, least in told)

    @property
    def unsure_where(self) -> str:
        """The limits of :meth:`is_unsure`, in words."""
        limits = []
        if self.least_margin is not None:
            odds = math.exp(min(self.least_margin / self.temperature, MOST_LOG_ODDS))
            limits.append(
                f"the best class is less than {odds:.3g} times as probable as the second (a margin"
                f" below {self.least_margin:.4g} logits)"
            )
        if self.abstain_below is not None:
            limits.append(f"its confidence is below {self.abstain_below:.4g}")
        return " or ".join(limits)


def is_version(name: str) -> bool:
    """Whether a folder of this name promises weights whose SHA-256 begins with it."""
    return re.fullmatch(rf"[0-9a-f]{{{VERSION_DIGITS}}}", name) is not None


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``.

    Raises:
        ConfigurationError: the file is missing or not what we write.
    """
    path = folder / MANIFEST_FILE
    try:
        told = json.loads(path.read_text("utf-8"))
        choices = tuple(Choice(**choice) for choice in told.pop("choices", ()))
        found = Manifest(**told, choices=choices)
        if Path(found.weights).name != found.weights:
            raise ValueError(f"its weights {found.weights!r} are no file name")
        if not re.fullmatch("[0-9a-f]{64}", found.sha256):
            raise ValueError(f"its sha256 {found.sha256!r} is none")
        return found if found.bias is None else replace(found, bias=tuple(found.bias))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is no manifest of a model ({error}): {WAY_OUT}"
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Keep the manifest beside the weights."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    (folder / MANIFEST_FILE).write_text(text + "\n", "utf-8")


def read_weights(folder: Path, manifest: Manifest) -> bytes:
    """The weights that the manifest speaks of, and no others.

    Raises:
        ConfigurationError: the file is missing, or its SHA-256 is not the one that the manifest
            and, for a version's folder, the folder's name promise.
    """
    path = folder / manifest.weights
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the weights {path} cannot be read ({error.strerror}): {WAY_OUT}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    name = folder.resolve().name
    promises = {
        MANIFEST_FILE: manifest.sha256,
        "its folder's name": name if is_version(name) else "",
    }
    for by, promised in promises.items():
        if not found.startswith(promised):
            raise ConfigurationError(
                f"the weights {path} have the SHA-256 {found}, but {by} promises {promised}:"
                f" {WAY_OUT}"
            )
    return content
