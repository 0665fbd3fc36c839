"""The resident Keras model behind a plain consumer and producer, as tutorials have it.

The network is the one that we train, built anew: its weights are random and in float32, because
Keras cannot run the int8 file that serves. What it costs does not depend on their values. One pass
gives logits and maps, where a tutorial would take Grad-CAM by a gradient, which costs far more.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from model.classifier import Classifier, Pass
from model.decode import Pixels
from vigie.peers.programs.desk import Desk, begin
from vigie.peers.task import Task

BATCH = 64
"""Messages between two commits: seconds of work, of which a commit of some 5 ms is nothing."""

POLL_S = 0.1
"""How long an idle consumer waits; the first message ends the wait."""


class KerasClassifier(Classifier):
    """Judges by ``model.predict``."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        # TensorFlow reads its settings when it is imported: the program sets them first.
        from model.driver.export import with_maps  # noqa: PLC0415
        from model.driver.network import build_network  # noqa: PLC0415

        size = self.manifest.height, self.manifest.width
        self._network = with_maps(build_network(*size, len(self.labels), base_weights=None))

    @property
    def model_version(self) -> str:
        """What the events name: not the weights that ship."""
        return "keras-random"

    def run(self, pixels: Pixels) -> Pass:
        """One pass over RGB of the input's size, shape (height, width, 3)."""
        scores, maps, features = self._predict(pixels[None].astype(np.float32))
        return Pass(scores[0], maps[0], features[0])

    def _predict(self, images: Any) -> Any:
        return self._network.predict(images, verbose=0)


class CompiledClassifier(KerasClassifier):
    """Judges by the compiled pass alone, without what ``predict`` builds around it per call."""

    def _predict(self, images: Any) -> Any:
        return self._network.predict_on_batch(images)


def run_plain(task: Task) -> None:
    """One image after the other; offsets are committed in the background."""
    desk = Desk(task, KerasClassifier.load, judges=1)
    consumer = Consumer(
        {
            "bootstrap.servers": task.bootstrap_servers,
            "group.id": task.group,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": task.bootstrap_servers})
    consumer.subscribe([task.images])
    while True:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if error := record.error():
            raise KafkaException(error)
        producer.produce(task.predictions, desk.answer(desk.taken(record)), record.key())
        producer.poll(0)


def run_tuned(task: Task) -> None:
    """A compiled pass on each core, answers in order, and a commit behind what was delivered."""
    # One image per thread: threads inside an operation would only wait on each other.
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    desk = Desk(task, CompiledClassifier.load, task.threads)
    consumer = Consumer(
        {
            "bootstrap.servers": task.bootstrap_servers,
            "group.id": task.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": task.bootstrap_servers, "enable.idempotence": True})
    consumer.subscribe([task.images])
    while True:
        first = consumer.poll(POLL_S)
        if first is None:
            continue
        records = [first, *consumer.consume(BATCH - 1, 0)]
        if error := next((record.error() for record in records if record.error()), None):
            raise KafkaException(error)
        answers = desk.answers([desk.taken(record) for record in records])
        for record, answer in zip(records, answers, strict=True):
            producer.produce(task.predictions, answer, record.key(), on_delivery=_confirm)
        producer.flush()
        consumer.commit(asynchronous=False)


def _confirm(error: KafkaError | None, _record: Any) -> None:
    """End the process, by ``flush``, before the offset of what was not delivered is committed."""
    if error:
        raise KafkaException(error)


if __name__ == "__main__":
    given = begin()
    (run_tuned if given.tuned else run_plain)(given)
