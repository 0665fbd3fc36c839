"""What ``vigie models`` tells: the versions of a job's model, whole or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.manifest import Manifest
from model.registry import Version, packaged_root, versions
from schemas.errors import ConfigurationError
from vigie.jobs import find_model, model_roots


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One version, as it is shown.

    Attributes:
        version: what events call it.
        serves: whether a worker that is started now takes it.
        origin: ``package``, ``home``, or ``folder`` for one that the setting names.
        folder: where it lies.
        size_bytes: of the weights.
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        precision: ``int8`` or ``float32``.
        accuracy: share of right verdicts on held-out drivers of the first data folder, as the
            training run wrote it down; ``None`` where it did not.
        written_at: when the weights were written to this machine, ISO 8601.
        damage: why it cannot serve; all that a damaged version's files say is left out.
    """

    version: str
    serves: bool
    origin: str
    folder: str
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    precision: str | None = None
    accuracy: float | None = None
    written_at: str | None = None
    damage: str | None = None


def list_models(job: str, model: str | None, home: Path) -> list[ListedModel]:
    """Every version of a job's model that there is.

    Args:
        job: what to look for.
        model: the setting that says which one serves; a folder elsewhere is listed too.
        home: holds a person's own versions.

    Raises:
        UsageError: there is no such job.
    """
    serving = None
    # What is wrong with the setting is told by whoever serves; here one wants to see the choice.
    with suppress(ConfigurationError):
        serving = find_model(job, model, home)
    found = versions(model_roots(job, home))
    if serving and serving not in found:
        found.append(serving)
    return [_listed(job, version, serves=version == serving) for version in found]


def _listed(job: str, version: Version, *, serves: bool) -> ListedModel:
    origin = "folder"
    if version.root:
        origin = "package" if version.root == packaged_root(job) else "home"
    named, folder = f"{job}-{version.name}", str(version.folder)
    try:
        manifest = version.check()
    except ConfigurationError as error:
        return ListedModel(named, serves, origin, folder, damage=str(error))
    weights = (version.folder / manifest.weights).stat()
    return ListedModel(
        manifest.version,
        serves,
        origin,
        folder,
        weights.st_size,
        manifest.width,
        manifest.height,
        manifest.precision,
        next(_accuracies(manifest), None),
        datetime.fromtimestamp(weights.st_mtime, UTC).isoformat(timespec="seconds"),
    )


def _accuracies(manifest: Manifest) -> Iterator[float]:
    metrics = manifest.record.get("metrics")
    for measured in metrics.values() if isinstance(metrics, dict) else ():
        if isinstance(measured, dict) and isinstance(measured.get("accuracy"), float):
            yield measured["accuracy"]
