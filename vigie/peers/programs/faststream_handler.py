"""FastStream on confluent-kafka: a handler whose result is published."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from model.classifier import Classifier
from vigie.peers.programs.desk import Desk, begin
from vigie.peers.task import Task

# Installed in this peer's own environment only: nothing here can be checked against it.
faststream: Any = import_module("faststream")
confluent: Any = import_module("faststream.confluent")

MESSAGE: Any = faststream.Context("message")
"""As a handler's default: it is given the message itself, with its offset."""

BATCH = 128
"""At the end of a batch cores wait for its last image and for Kafka, some 10 ms: of so many images
that is a few hundredths of the time."""

POLLING_S = 0.02
"""A batch that is not full is waited for as long as this: by default 0.1 s."""


def run(task: Task) -> None:
    """Start the application in this process."""
    broker = confluent.KafkaBroker(
        task.bootstrap_servers, enable_idempotence=task.tuned, logger=None
    )
    (_tuned if task.tuned else _plain)(task, broker)
    asyncio.run(faststream.FastStream(broker, logger=None).run())


def _plain(task: Task, broker: Any) -> None:
    desk = Desk(task, Classifier.load, judges=1)

    async def judge(message: Any = MESSAGE) -> bytes:
        return desk.answer(desk.taken(message.raw_message))

    subscriber = broker.subscriber(task.images, group_id=task.group, auto_offset_reset="earliest")
    subscriber(broker.publisher(task.predictions)(judge))


def _tuned(task: Task, broker: Any) -> None:
    desk = Desk(task, Classifier.load, task.threads)

    async def judge(message: Any = MESSAGE) -> list[bytes]:
        messages = [desk.taken(record) for record in message.raw_message]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, desk.answers, messages)

    subscriber = broker.subscriber(
        task.images,
        group_id=task.group,
        auto_offset_reset="earliest",
        batch=True,
        max_records=BATCH,
        polling_interval=POLLING_S,
        ack_policy=faststream.AckPolicy.NACK_ON_ERROR,
    )
    subscriber(broker.publisher(task.predictions, batch=True)(judge))


if __name__ == "__main__":
    run(begin())
