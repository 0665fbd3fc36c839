"""Faust (faust-streaming): an agent that sends a prediction for each event of its stream."""

from __future__ import annotations

import asyncio
import os
import traceback
from importlib import import_module
from typing import Any

from model.classifier import Classifier
from vigie.peers.programs.desk import Desk, begin
from vigie.peers.task import Task

# Installed in this peer's own environment only: nothing here can be checked against it.
faust: Any = import_module("faust")

BATCH = 128
"""At the end of a batch cores wait for its last image and for Kafka, some 10 ms: of so many images
that is a few hundredths of the time."""

WITHIN_S = 0.05
"""How long a batch may wait for more: what an image waits at most while few arrive."""


def run(task: Task) -> None:
    """Start a worker with one agent, in this process."""
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap_servers}",
        value_serializer="raw",
        key_serializer="raw",
        datadir=task.scratch,
        # Neither is about speed: no topic is left behind, and no port is opened.
        topic_disable_leader=True,
        web_enabled=False,
    )
    predictions = app.topic(task.predictions)
    agent = _batches if task.tuned else _one_by_one
    app.agent(app.topic(task.images))(agent(task, predictions))
    faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


def _one_by_one(task: Task, predictions: Any) -> Any:
    desk = Desk(task, Classifier.load, judges=1)

    async def judge(stream: Any) -> None:
        async for event in stream.events():
            await predictions.send(key=event.message.key, value=desk.answer(_taken(desk, event)))

    return judge


def _batches(task: Task, predictions: Any) -> Any:
    desk = Desk(task, Classifier.load, task.threads)

    async def answer(events: list[Any]) -> None:
        messages = [_taken(desk, event) for event in events]
        loop = asyncio.get_running_loop()
        values = await loop.run_in_executor(None, desk.answers, messages)
        sent = [
            await predictions.send(key=event.message.key, value=value)
            for event, value in zip(events, values, strict=True)
        ]
        await asyncio.gather(*sent)

    async def judge(stream: Any) -> None:
        async for events in stream.take_events(BATCH, within=WITHIN_S):
            try:
                await answer(events)
            # An agent that raises has its events acknowledged all the same, and they are lost:
            # leaving the process is what keeps "at least once".
            except Exception:  # noqa: BLE001
                traceback.print_exc()
                os._exit(1)

    return judge


def _taken(desk: Desk, event: Any) -> Any:
    message = event.message
    milliseconds = round(message.timestamp * 1e3)
    return desk.message(message.offset, message.key, message.value, milliseconds)


if __name__ == "__main__":
    run(begin())
