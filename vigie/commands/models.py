"""``vigie models``: the versions of a job's model that this installation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vigie.invocation import JsonOption, invocation
from vigie.output import say_json, table, tell

if TYPE_CHECKING:
    from vigie.models import ListedModel


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(models)


def models(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="What the images are judged for.")] = "driver",
    json: JsonOption = False,
) -> None:
    """List the versions of a job's model: which one serves, and which are damaged."""
    from vigie.models import list_models  # noqa: PLC0415

    settings = invocation(context).settings
    found = list_models(job, settings.inference.model, settings.home)
    if json:
        say_json(found)
        return
    columns = ("serves", "version", "from", "MB", "input", "accuracy", "written")
    table(f"models of the job {job}", columns, (_row(one) for one in found))
    for one in found:
        if one.damage:
            tell(f"{one.version} is damaged: {one.damage}")


def _row(model: ListedModel) -> tuple[str, ...]:
    chosen = "*" if model.serves else ""
    name = model.version.rpartition("-")[2]
    origin = model.folder if model.origin == "folder" else model.origin
    if model.size_bytes is None:
        return chosen, name, origin, "", "damaged", "", ""
    return (
        chosen,
        name,
        origin,
        f"{model.size_bytes / 1e6:.1f}",
        f"{model.width}x{model.height} {model.precision}",
        "" if model.accuracy is None else f"{model.accuracy:.4f}",
        str(model.written_at)[:10],
    )
