"""What can be judged: the jobs this installation has a model for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from model.labels import Label, read_labels
from schemas.errors import UsageError

if TYPE_CHECKING:
    from model.classifier import Classifier

JOBS = ("driver",)


def check_job(job: str) -> str:
    """The job itself, when there is one of this name.

    Raises:
        UsageError: there is none.
    """
    if job not in JOBS:
        raise UsageError(f"There is no job {job!r}; the jobs are: {', '.join(JOBS)}.")
    return job


def job_folder(job: str) -> Path:
    """The folder of a job's weights and labels.

    Raises:
        UsageError: there is no such job.
    """
    return Path(str(resources.files("model"))) / check_job(job)


def job_labels(job: str) -> tuple[Label, ...]:
    """A job's classes, in the order of its model's outputs."""
    return read_labels(job_folder(job))


def classifier_loader(job: str, max_bytes: int) -> Callable[[], Classifier]:
    """Loads one classifier of a job; image files above ``max_bytes`` are refused."""
    # The libraries behind it take 0.3 s to import, which commands that judge nothing do not pay.
    from model.classifier import Classifier  # noqa: PLC0415
    from model.decode import Limits  # noqa: PLC0415

    folder = job_folder(job)
    return lambda: Classifier.load(folder, Limits(max_bytes=max_bytes))
