"""Quix Streams with its own exactly-once: a dataframe that maps each reference to its prediction.

A dataframe hands over one message at a time and commits the offset of what it has handed over. So
images cannot be judged side by side without giving up exactly-once: what is still in flight would
count as done. At its best, all cores work on one image instead.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from model.classifier import Classifier
from vigie.peers.programs.desk import Desk, WideClassifier, begin
from vigie.peers.task import Task

# Installed in this peer's own environment only: nothing here can be checked against it.
quixstreams: Any = import_module("quixstreams")

# The settings that our own worker has, for the same reasons: see consumers/inference/settings.py
# and transport/clients.py.
TUNED: dict[str, Any] = {
    "commit_interval": 0.25,
    "commit_every": 512,
    "consumer_poll_timeout": 0.05,
    "producer_extra_config": {"linger.ms": 1000, "retry.backoff.ms": 10},
    "consumer_extra_config": {"fetch.wait.max.ms": 100},
}


def run(task: Task) -> None:
    """Both forms are this program; they differ in settings and in the cores per image."""
    if task.tuned:
        WideClassifier.threads = task.threads
    desk = Desk(task, WideClassifier.load if task.tuned else Classifier.load, judges=1)
    application = quixstreams.Application(
        broker_address=task.bootstrap_servers,
        consumer_group=task.group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        auto_create_topics=False,
        state_dir=task.scratch,
        loglevel="WARNING",
        **(TUNED if task.tuned else {}),
    )
    images = application.topic(task.images, value_deserializer="bytes", key_deserializer="bytes")
    predictions = application.topic(
        task.predictions, value_serializer="bytes", key_serializer="bytes"
    )

    def judge(value: bytes, key: bytes, milliseconds: int, _headers: Any) -> bytes:
        offset = quixstreams.message_context().offset
        return desk.answer(desk.message(offset, key, value, milliseconds))

    application.dataframe(images).apply(judge, metadata=True).to_topic(predictions)
    application.run()


if __name__ == "__main__":
    run(begin())
