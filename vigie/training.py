"""What training and cross-validation are told by a person, and what they tell back."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from model.driver.settings import TrainSettings
from model.progress import Progress
from model.registry import Version, install
from schemas.errors import ConfigurationError
from vigie.evaluate import Evaluation, check_writable

if TYPE_CHECKING:
    from model.driver.validation import Run, Validation


def check_trainer() -> None:
    """Training needs libraries that serving does not.

    Raises:
        ConfigurationError: they are not installed.
    """
    missing = [name for name in ("tensorflow", "keras") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"Training needs {missing[0]}, which serving does not: `pip install 'vigie[train]'`."
        )


def recipe(base_weights: str | None, epochs: int | None, folds: int | None) -> TrainSettings:
    """The recipe of the weights that ship, but for what a person names."""
    usual = TrainSettings()
    return replace(
        usual,
        base_weights=base_weights or usual.base_weights,
        epochs=epochs or usual.epochs,
        folds=folds or usual.folds,
    )


def add_simulated(
    data: Sequence[Path], per_class: int, seed: int, work: Path, progress: Progress
) -> list[Path]:
    """The data folders, and one of simulated pictures, drawn anew each time and always alike."""
    if not per_class:
        return list(data)
    from producers.cabin.labelled import draw_labelled  # noqa: PLC0415 - loads a drawing library

    folder = work / "simulated"
    shutil.rmtree(folder, ignore_errors=True)
    draw_labelled(
        folder,
        per_class,
        seed,
        lambda done, total: progress("drawing simulated pictures", done, total),
    )
    return [*data, folder]


def train(
    data: Sequence[Path],
    settings: TrainSettings,
    work: Path,
    *,
    out: Path | None,
    root: Path,
    unrelated: Path | None,
    progress: Progress,
) -> tuple[Version, Evaluation]:
    """Cross-validate and train.

    Args:
        data: folders of labelled images; the first decides.
        settings: the recipe.
        work: keeps what a killed run goes on from.
        out: gets the files; ``None``: a version of its own in ``root`` does.
        root: of the user's versions.
        unrelated: folder of pictures that show no cabin.
        progress: told of every step.

    Returns:
        the new version, and what the folds said of its recipe.
    """
    from model.driver.train import train as train_model  # noqa: PLC0415 - loads TensorFlow

    fresh = out or work / "fresh"
    result = train_model(data, fresh, settings, work, unrelated, progress)
    version = Version(fresh) if out else install(fresh, root)
    return version, _evaluation(result.manifest.version, result.validation, None)


def cross_validate(
    data: Sequence[Path],
    settings: TrainSettings,
    work: Path,
    *,
    page: Path | None,
    now: datetime,
    progress: Progress,
) -> Evaluation:
    """Judge a recipe on every subject, by networks that never saw them.

    Args:
        data: folders of labelled images; the first is reported.
        settings: the recipe.
        work: keeps what a killed run goes on from, and what :func:`train` need not do again.
        page: the HTML file to write.
        now: the date in the report.
        progress: told of every step.

    Raises:
        ReportError: the page cannot be written.
    """
    from model.driver.validation import prepare, validate  # noqa: PLC0415 - loads TensorFlow

    if page:
        check_writable(page)
    run = prepare(data, settings, work, progress)
    validation = validate(run, settings, progress)
    if page:
        _write_page(page, run, validation, now)
    return _evaluation(f"{settings.folds} folds", validation, page)


def _evaluation(of: str, validation: Validation, page: Path | None) -> Evaluation:
    report = next(iter(validation.reports().values()))
    return Evaluation(of, report, validation.drops, page)


def _write_page(page: Path, run: Run, validation: Validation, now: datetime) -> None:
    from model.driver.report.page import write_report  # noqa: PLC0415 - loads plotly
    from model.driver.report.study import Study, trained_with  # noqa: PLC0415

    first = run.folders[0]
    facts = {
        "Network": run.record["network"],
        "Form": validation.precision,
        **trained_with(run.record["settings"]),
        "Data": f"{first.name}, {len(first.samples)} images",
        "SHA-256 of the data": run.record["data"][0]["sha256"],
        "Drivers": ", ".join(first.subjects),
    }
    answers, folds = validation.answers(first.name), validation.folds[first.name]
    title = "Driver behaviour: cross-validation by driver"
    write_report(page, Study(title, now, facts, run.labels, answers, validation.drops, folds))
