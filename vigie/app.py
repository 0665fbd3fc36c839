"""The command line: its commands by group, and the options before their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vigie.commands import (
    archive,
    audit,
    broker,
    chaos,
    feed,
    judge,
    measure,
    metrics,
    models,
    replay,
    serve,
    settings,
    statistics,
    train,
)
from vigie.invocation import Invocation

app = typer.Typer(
    name="vigie",
    no_args_is_help=True,
    # Tracebacks with local variables would show a person's paths; ours go to a file.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    serve,
    feed,
    judge,
    statistics,
    archive,
    train,
    models,
    replay,
    audit,
    measure,
    chaos,
    metrics,
    settings,
):
    group.register(app)
app.add_typer(broker.app, name="broker")
app.add_typer(audit.dead_letters, name="dead-letters")


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="The one folder of all that is kept (VIGIE_HOME).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; default: vigie.toml in the home folder.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Any setting, such as dashboard.port=8060."
        ),
    ] = None,
) -> None:
    """Driver behaviour from camera images: in order, exactly once, live on a page."""
    if home is not None:
        os.environ["VIGIE_HOME"] = str(home)  # where a crash is written, whatever it was
    context.obj = Invocation(home, config, tuple(option or ()))
