"""Predictions without a model: made up, with the time of publishing in each, at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
from confluent_kafka import Producer

from model.labels import Label
from schemas.codec import encode_prediction
from schemas.events import Classification, HeatGrids, ImageReference, Prediction, event_id
from storage.images import ImageStore, StoredImage
from transport.clients import Cluster
from transport.topics import JobTopics

SOURCES = 20
"""Cameras that take turns."""

ROWS, COLUMNS = 6, 8
"""Cells of a heat grid: as many as the driver model's."""

PATIENCE_S = 30.0
"""A transaction takes milliseconds; a broker silent for this long is broken."""

EVENTS_PER_TRANSACTION = 1000
"""Of the history: large enough to be fast, small enough for the producer's queue."""


class Stream:
    """Events of a topic set of our own, each of another behaviour than its camera's last one.

    So each begins a group of its own on the page: the most that the page can be given to draw.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: JobTopics,
        labels: Sequence[Label],
        images: Sequence[StoredImage],
    ) -> None:
        self._producer: Producer = cluster.transactional_producer(f"bench-{topics.job}")
        self._producer.init_transactions(PATIENCE_S)
        self._topics = topics
        self._labels = labels
        self._images = images
        self._heat = _drawn_heat(len(labels))
        self.published = 0

    def publish(self, finished_at: Sequence[datetime]) -> None:
        """Write one event for each of these times, in one transaction."""
        self._producer.begin_transaction()
        for at in finished_at:
            event = self._event(self.published, at)
            self._producer.produce(self._topics.predictions, encode_prediction(event))
            self.published += 1
        self._producer.commit_transaction(PATIENCE_S)

    def publish_history(self, number: int, rate: float) -> None:
        """Write so many events as if they had come at this rate until now."""
        begin = datetime.now(UTC) - timedelta(seconds=number / rate)
        times = [begin + timedelta(seconds=n / rate) for n in range(number)]
        for first in range(0, number, EVENTS_PER_TRANSACTION):
            self.publish(times[first : first + EVENTS_PER_TRANSACTION])

    def _event(self, n: int, at: datetime) -> Prediction:
        image = self._images[n % len(self._images)]
        published = at - timedelta(milliseconds=15)
        reference = ImageReference(
            reference_id=str(uuid4()),
            job=self._topics.job,
            source=f"cabin-{n % SOURCES + 1:02d}",
            path=image.path,
            sha256=image.sha256,
            size_bytes=image.size_bytes,
            name=f"{n:08d}.jpg",
            captured_at=published,
        )
        return Prediction(
            event_id=event_id(self._topics.images, 0, n),
            job=self._topics.job,
            source_partition=0,
            source_offset=n,
            published_at=published,
            finished_at=at,
            model_version="none",
            model_sha256="0" * 64,
            reference=reference,
            outcome=self._outcome(n),
        )

    def _outcome(self, n: int) -> Classification:
        label = (n + n // SOURCES) % len(self._labels)
        confidence = 0.6 + n % 40 / 100
        rest = (1 - confidence) / (len(self._labels) - 1)
        return Classification(
            label=label,
            behaviour=self._labels[label].key,
            confidence=confidence,
            is_infraction=self._labels[label].is_infraction,
            abstained=False,
            probabilities=tuple(
                confidence if k == label else rest for k in range(len(self._labels))
            ),
            heat=self._heat,
        )


def _drawn_heat(classes: int) -> HeatGrids:
    """One warm spot per class."""
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    spots = [np.hypot(row - k % ROWS, column - k % COLUMNS) for k in range(classes)]
    cells = np.stack([np.clip(255 - 70 * spot, 0, 255) for spot in spots]).astype(np.uint8)
    return HeatGrids(ROWS, COLUMNS, (1.0,) * classes, cells.tobytes())


class Flow:
    """Publishes at a steady rate, in a thread of its own, an event per transaction.

    So does the worker at such a rate: it commits at once when no other image is in flight.
    """

    def __init__(self, stream: Stream, rate: float) -> None:
        self._stream = stream
        self._rate = rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-flow", daemon=True)
        self.published = 0

    def __enter__(self) -> Flow:
        """Begin to publish."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Publish no more."""
        self._stopping.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        began = time.perf_counter()
        while not self._stopping.wait(
            max(0.0, began + self.published / self._rate - time.perf_counter())
        ):
            self._stream.publish([datetime.now(UTC)])
            self.published += 1


def store_images(store: ImageStore, images: Sequence[bytes]) -> list[StoredImage]:
    """Put these images into the store."""
    return [store.put(image) for image in images]
