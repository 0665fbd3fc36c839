"""``vigie predict``, ``evaluate``: the model on its own, without Kafka."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import RefusedError, UsageError, VigieError
from vigie.commands.train import BaseWeightsOption, EpochsOption, SimulatedOption, UnrelatedOption
from vigie.invocation import (
    DataOption,
    JobArgument,
    JobOption,
    JsonOption,
    ModelOption,
    invocation,
)
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
    for command in (predict, evaluate):
        app.command()(command)


def predict(
    context: typer.Context,
    path: Annotated[Path, typer.Option(help="The image file.", metavar="PATH_IMAGE")],
    heatmap: Annotated[
        Truth, typer.Option(case_sensitive=False, help="Also write heatmap/NAME.png.")
    ] = Truth.FALSE,
    job: JobOption = "driver",
    model: ModelOption = None,
) -> None:
    """Judge one image file and print the verdict as one JSON object."""
    from vigie.predict import predict_file  # noqa: PLC0415

    try:
        settings = invocation(context).settings
        folder = Path("heatmap") if heatmap else None
        say_json(predict_file(path, job, settings, folder, model))
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
    model: ModelOption = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Also test the heat maps, and write a page with figures and the worst images.",
        ),
    ] = None,
    unrelated: UnrelatedOption = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Judge the recipe, not the weights: train this many networks, each on other"
            " drivers than it is judged on; needs the extra `train`.",
        ),
    ] = None,
    simulated: SimulatedOption = 0,
    epochs: EpochsOption = None,
    base_weights: BaseWeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the images of a folder with one sub-folder per class; say how many are right."""
    from vigie.evaluate import evaluate_folder  # noqa: PLC0415
    from vigie.jobs import check_job, configured_loader  # noqa: PLC0415
    from vigie.training import (  # noqa: PLC0415
        add_simulated,
        check_trainer,
        cross_validate,
        recipe,
    )

    settings = invocation(context).settings
    check_job(job)
    if folds and (held_out or model):
        raise UsageError("--folds trains networks of its own: leave out --held-out and --model.")
    if unrelated and not report:
        raise UsageError("--unrelated is told of in the report: name one by --report FILE.html.")
    now = datetime.now(UTC)
    with progress("judging images") as bar:
        if folds:
            check_trainer()
            how, work = recipe(base_weights, epochs, folds), settings.home / "training"
            folders = add_simulated([data], simulated, how.seed, work, bar.stage)
            found = cross_validate(folders, how, work, page=report, now=now, progress=bar.stage)
        else:
            load = configured_loader(job, settings, model)
            found = evaluate_folder(
                load(),
                data,
                held_out=held_out,
                page=report,
                unrelated=unrelated,
                now=now,
                progress=bar.stage,
            )
    if json:
        say_json(found.as_json())
        return
    for line in found.lines():
        say(line)
    scores = found.report
    table(
        "per class",
        ("behaviour", "precision", "recall", "F1"),
        (
            (key, *(f"{of.get(key, 0):.3f}" for of in (scores.precision, scores.recall, scores.f1)))
            for key in scores.f1
        ),
    )
