"""``vigie predict``, ``evaluate``, ``train``: the model on its own, without Kafka."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import ConfigurationError, RefusedError, VigieError
from vigie.invocation import DataOption, JobArgument, JobOption, JsonOption, invocation
from vigie.output import error_object, exit_code, progress, say, say_json, table


class Truth(StrEnum):
    """How ``--heatmap`` is answered."""

    TRUE = "true"
    ONE = "1"
    FALSE = "false"
    ZERO = "0"

    def __bool__(self) -> bool:
        """Whether it means yes."""
        return self in (Truth.TRUE, Truth.ONE)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (predict, evaluate, train):
        app.command()(command)


def predict(
    context: typer.Context,
    path: Annotated[Path, typer.Option(help="The image file.", metavar="PATH_IMAGE")],
    heatmap: Annotated[
        Truth, typer.Option(case_sensitive=False, help="Also write heatmap/NAME.png.")
    ] = Truth.FALSE,
    job: JobOption = "driver",
) -> None:
    """Judge one image file and print the verdict as one JSON object."""
    from vigie.predict import predict_file  # noqa: PLC0415

    try:
        settings = invocation(context).settings
        say_json(predict_file(path, job, settings, Path("heatmap") if heatmap else None))
    except (VigieError, RefusedError) as error:
        say_json(error_object(error))
        raise typer.Exit(exit_code(error)) from error


def evaluate(
    context: typer.Context,
    job: JobArgument,
    data: DataOption,
    held_out: Annotated[
        bool, typer.Option(help="Only the drivers that the weights were never trained on.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Judge the images of a folder with one sub-folder per class; say how many are right."""
    from model.driver.evaluate import HELD_OUT  # noqa: PLC0415
    from model.driver.evaluate import evaluate as evaluate_folder  # noqa: PLC0415
    from vigie.jobs import classifier_loader  # noqa: PLC0415

    load = classifier_loader(job, invocation(context).settings.storage.max_image_bytes)
    with progress("judging images") as bar:
        report = evaluate_folder(load(), data, HELD_OUT if held_out else None, bar.stage)
    if json:
        say_json(report)
        return
    say(
        f"{report.images} images: accuracy {report.accuracy:.4f}, macro-F1 {report.macro_f1:.4f},"
        f" log loss {report.log_loss:.3f}; sure enough to answer {report.answered:.0%}, of those"
        f" {report.accuracy_answered:.4f} right"
    )
    table("per class", ("behaviour", "F1"), ((key, f"{f1:.3f}") for key, f1 in report.f1.items()))


def train(
    context: typer.Context,
    job: JobArgument,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR", help="Folder with one sub-folder per class; more folders: once more."
        ),
    ],
    simulated: Annotated[
        int, typer.Option(min=0, help="Also train on this many simulated pictures per class.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Gets the new weights; default: model/JOB in the home.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the first folder.")] = None,
    base_weights: Annotated[
        str | None, typer.Option(help="File of ImageNet weights; default: downloaded.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train a job's model on folders of images, split by driver; needs the extra `train`."""
    from vigie.jobs import check_job  # noqa: PLC0415

    settings = invocation(context).settings
    check_job(job)
    # TensorFlow is an extra: without it a person is told, not shown a traceback.
    try:
        from model.driver.train import train as train_model  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Training needs {error.name}, which serving does not: `pip install 'vigie[train]'`."
        ) from error
    from model.driver.settings import TrainSettings  # noqa: PLC0415

    usual = TrainSettings()
    recipe = replace(
        usual,
        epochs=epochs or usual.epochs,
        base_weights=base_weights or usual.base_weights,
    )
    target = out or settings.home / "model" / job
    work = settings.home / "training"
    with progress("training") as bar:
        if simulated:
            data = [*data, _draw_simulated(work, simulated, recipe.seed, bar.stage)]
        result = train_model(data, target, recipe, work, bar.stage)
    if json:
        say_json({"version": result.manifest.version, "folder": target, "reports": result.reports})
        return
    say(f"{result.manifest.version} is in {target}")
    for name, report in result.reports.items():
        say(f"{name}: accuracy {report.accuracy:.4f} on {report.images} held-out images")


def _draw_simulated(
    work: Path, per_class: int, seed: int, stage: Callable[[str, int, int], None]
) -> Path:
    """The folder of simulated pictures for a training run; drawn anew each time, always alike."""
    from producers.cabin.labelled import draw_labelled  # noqa: PLC0415

    folder = work / "simulated"
    shutil.rmtree(folder, ignore_errors=True)
    draw_labelled(
        folder,
        per_class,
        seed,
        lambda done, total: stage("drawing simulated pictures", done, total),
    )
    return folder
