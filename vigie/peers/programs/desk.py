"""Where every peer has its images judged: our own reading, hashing, model, heat grids and event.

So a peer's figure differs from ours by what the peer does, and by nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter

from consumers.inference.judge import Judge, Message
from consumers.inference.pool import JudgePool
from model.classifier import Classifier
from model.decode import Limits
from storage.images import ImageStore
from vigie.lifeline import follow_parent
from vigie.peers.task import Task


class WideClassifier(Classifier):
    """All cores on one image: what remains for who hands over one image at a time."""

    threads = 1

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._interpreter = Interpreter(model_content=self.weights, num_threads=self.threads)
        self._interpreter.allocate_tensors()


class Desk:
    """Judges in memory, each with a model of its own.

    A program calls either :meth:`answer` or :meth:`answers`.

    Args:
        task: of this process; its ``ready`` file is made when all judges are in memory.
        load: reads and warms a classifier from the folder of the weights.
        judges: how many.
    """

    def __init__(self, task: Task, load: Callable[[Path, Limits], Classifier], judges: int) -> None:
        store = ImageStore(Path(task.store), task.max_image_bytes)
        limits = Limits(max_bytes=task.max_image_bytes)
        self._judges = [
            Judge(task.job, store, load(Path(task.model), limits), _now, task.max_reference_bytes)
            for _ in range(judges)
        ]
        self._topic = task.images
        Path(task.ready).touch()

    @cached_property
    def _pool(self) -> JudgePool:
        return JudgePool(self._judges)

    def message(self, offset: int, key: bytes | None, value: bytes | None, ms: int) -> Message:
        """A reference as judges take it; ``ms`` is Kafka's time of it."""
        published_at = datetime.fromtimestamp(ms / 1e3, UTC)
        return Message(self._topic, 0, offset, key, value, published_at)

    def taken(self, record: Any) -> Message:
        """The same from a message of confluent-kafka, whichever version the peer has."""
        return self.message(record.offset(), record.key(), record.value(), record.timestamp()[1])

    def answer(self, message: Message) -> bytes:
        """The encoded prediction, judged on this thread."""
        return self._judges[0].answer(message).prediction

    def answers(self, messages: Sequence[Message]) -> list[bytes]:
        """The encoded predictions in the order of the messages, by the threads of our worker."""
        futures = [self._pool.submit(message) for message in messages]
        return [future.result().prediction for future in futures]


def _now() -> datetime:
    return datetime.now(UTC)


def begin() -> Task:
    """The task of this process, which from now on ends with the one that started it."""
    follow_parent()
    return Task.from_json(sys.argv[1])
