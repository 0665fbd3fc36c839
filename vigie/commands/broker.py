"""``vigie broker``: the embedded Kafka on its own."""

from __future__ import annotations

import typer

from vigie.invocation import JsonOption, invocation
from vigie.output import progress, say, say_json

app = typer.Typer(help="The embedded Kafka broker.", no_args_is_help=True)


@app.command()
def start(context: typer.Context, json: JsonOption = False) -> None:
    """Start the embedded broker in the background; it lives until `vigie broker stop`."""
    from vigie.runtime import embedded_broker  # noqa: PLC0415

    broker = embedded_broker(invocation(context).settings)
    with progress("fetching and starting the broker") as bar:
        running = broker.start(detached=True, progress=bar.advance)
    if json:
        say_json(running)
    else:
        say(
            f"broker {running.bootstrap_servers} ready in {running.ready_s:.1f} s"
            f" (process {running.pid})"
        )


@app.command()
def stop(context: typer.Context, json: JsonOption = False) -> None:
    """Stop the embedded broker of the home folder, whoever started it."""
    from vigie.runtime import embedded_broker  # noqa: PLC0415

    stopped = embedded_broker(invocation(context).settings).stop()
    if json:
        say_json({"stopped": stopped})
    else:
        say("broker stopped" if stopped else "no broker runs")


@app.command()
def status(context: typer.Context, json: JsonOption = False) -> None:
    """Say whether the embedded broker runs, and where."""
    from vigie.runtime import embedded_broker  # noqa: PLC0415

    found = embedded_broker(invocation(context).settings).status()
    if json:
        say_json(found)
    elif found.waits_for:
        say(f"the broker waits, and goes on by itself: {found.waits_for}")
    elif found.running:
        say(
            f"broker {found.bootstrap_servers} runs (process {found.pid}, Kafka {found.version},"
            f" {(found.resident_bytes or 0) // 2**20} MiB, up {found.uptime_s or 0:.0f} s,"
            f" data in {found.data_folder})"
        )
    else:
        say(f"no broker runs on {found.data_folder}")


@app.command()
def prepare(context: typer.Context) -> None:
    """Fetch and verify the broker's jars and make Java's start image: what `make env` does."""
    from transport.broker.prepare import prepare as make_ready  # noqa: PLC0415

    with progress("fetching the broker") as bar:
        image = make_ready(invocation(context).settings.kafka.broker, progress=bar.advance)
    say("broker ready to start" if image else "broker ready; it starts without an image of Java")
