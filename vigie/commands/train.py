"""``vigie train``: new weights from folders of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vigie.invocation import JobArgument, JsonOption, invocation
from vigie.output import progress, say, say_json

SimulatedOption = Annotated[
    int, typer.Option(min=0, help="Also train on this many simulated pictures per class.")
]
EpochsOption = Annotated[
    int | None, typer.Option(min=1, help="Passes over the first folder; default: as shipped.")
]
BaseWeightsOption = Annotated[
    str | None, typer.Option(help="File of ImageNet weights; default: downloaded.")
]


UnrelatedOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="More pictures that show no cabin, one sub-folder per kind: tell how they are met.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)


def train(
    context: typer.Context,
    job: JobArgument,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR", help="Folder with one sub-folder per class; more folders: once more."
        ),
    ],
    simulated: SimulatedOption = 0,
    unrelated: UnrelatedOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Gets the new weights; default: a version of its own in the home."),
    ] = None,
    epochs: EpochsOption = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Groups of drivers to judge by; default: as shipped.")
    ] = None,
    base_weights: BaseWeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Train a job's model and judge its recipe on drivers never seen; needs the extra `train`."""
    from vigie.jobs import check_job  # noqa: PLC0415
    from vigie.training import add_simulated, check_trainer, recipe  # noqa: PLC0415
    from vigie.training import train as train_version  # noqa: PLC0415

    settings = invocation(context).settings
    check_job(job)
    check_trainer()
    how, work = recipe(base_weights, epochs, folds), settings.home / "training"
    with progress("training") as bar:
        version, found = train_version(
            add_simulated(data, simulated, how.seed, work, bar.stage),
            how,
            work,
            out=out,
            root=settings.home / "model" / job,
            unrelated=unrelated,
            progress=bar.stage,
        )
    if json:
        say_json({"folder": version.folder, **found.as_json()})
        return
    for line in found.lines():
        say(line)
    say(f"{found.model} is in {version.folder}; serve it by --model {version.name}")
