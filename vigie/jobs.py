"""What can be judged: the jobs this installation has a model for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from model.labels import Label, read_labels
from model.manifest import read_manifest
from model.registry import LISTED, Version, find, packaged_root
from schemas.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from model.classifier import Classifier
    from vigie.settings import Settings

JOBS = ("driver",)


def check_job(job: str) -> str:
    """The job itself, when there is one of this name.

    Raises:
        UsageError: there is none.
    """
    if job not in JOBS:
        raise UsageError(f"There is no job {job!r}; the jobs are: {', '.join(JOBS)}.")
    return job


def model_roots(job: str, home: Path | None = None) -> list[Path]:
    """Where a job's versions lie: in the package, and in the home folder.

    Raises:
        UsageError: there is no such job.
    """
    packaged = packaged_root(check_job(job))
    return [packaged, home / "model" / job] if home else [packaged]


def find_model(job: str, model: str | None = None, home: Path | None = None) -> Version:
    """The version of a job's model that is meant.

    Args:
        job: what to look for.
        model: a version, the first digits of one, or a folder; ``None``: the one that ships.
        home: whose versions count too.

    Raises:
        UsageError: there is no such job.
        ConfigurationError: there is no such model, or it is another job's.
    """
    found = find(model, model_roots(job, home))
    made_for = read_manifest(found.folder).job
    if made_for != job:
        raise ConfigurationError(
            f"The model in {found.folder} is for the job {made_for!r}, not for {job!r}: {LISTED}"
        )
    return found


def job_labels(job: str, model: str | None = None, home: Path | None = None) -> tuple[Label, ...]:
    """A job's classes, in the order of its model's outputs; arguments as :func:`find_model`."""
    return read_labels(find_model(job, model, home).folder)


def classifier_loader(
    job: str,
    max_bytes: int,
    model: str | None = None,
    home: Path | None = None,
    sure: float | None = None,
) -> Callable[[], Classifier]:
    """Loads one classifier of a job; image files above ``max_bytes`` are refused.

    ``model`` and ``home`` are those of :func:`find_model`, ``sure`` that of the settings. What is
    wrong with the model is told at once, before anybody waits for a broker.

    Raises:
        UsageError: there is no such job.
        ConfigurationError: there is no such model, it is another job's, or it is damaged.
    """
    # The libraries behind it take 0.3 s to import, which commands that judge nothing do not pay.
    from model.classifier import Classifier  # noqa: PLC0415
    from model.decode import Limits  # noqa: PLC0415

    found = find_model(job, model, home)
    manifest = found.check()
    if sure is not None:
        manifest.as_sure_as(sure)
    return lambda: Classifier.load(found.folder, Limits(max_bytes=max_bytes), sure)


def configured_loader(
    job: str, settings: Settings, model: str | None = None
) -> Callable[[], Classifier]:
    """:func:`classifier_loader` with what the settings say; a ``model`` that is named wins."""
    limit, inference = settings.storage.max_image_bytes, settings.inference
    return classifier_loader(job, limit, model or inference.model, settings.home, inference.sure)
