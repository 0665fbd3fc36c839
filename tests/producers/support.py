"""What the tests of the producers share: images, topics of their own, reading the topic back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from producers.folder import FolderEvents, Place, watch_folder
from producers.readback import end_offsets, read_back
from producers.settings import FolderSettings
from schemas.codec import decode_reference
from schemas.errors import VigieError
from schemas.events import ImageReference
from storage.images import ImageStore
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

MAX_BYTES = 1_000_000


def jpeg(number: int) -> bytes:
    """A small image that no other number has."""
    pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


@dataclass
class Bench:
    """One job's topics, a store, and a folder of camera folders."""

    cluster: Cluster
    job: str
    folder: Path
    published: list[ImageReference] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ensure_topics(self.cluster.admin(), JobTopics(self.job), TopicSettings())
        self.root = self.folder / "cameras"
        self.root.mkdir()
        self.state = self.folder / "state"
        self.store = ImageStore(self.folder / "images", MAX_BYTES)

    @property
    def topic(self) -> str:
        return JobTopics(self.job).images

    def references(self) -> list[ImageReference]:
        """What a committed reader finds in the topic, in the broker's order."""
        messages = read_back(self.cluster, self.topic, {}, end_offsets(self.cluster, self.topic))
        return [decode_reference(message.value()) for message in messages]

    def names(self) -> list[str]:
        return [reference.name for reference in self.references()]

    def put(self, path: str, data: bytes) -> Path:
        """Write a file into the watched folder."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def watch(
        self,
        stop: threading.Event,
        settings: FolderSettings | None = None,
        reached: Callable[[Place], None] = lambda _place: None,
    ) -> None:
        """Watch the folder in this thread."""
        watch_folder(
            self.root,
            cluster=self.cluster,
            job=self.job,
            store=self.store,
            state=self.state,
            settings=settings or FolderSettings(),
            stop=stop,
            events=FolderEvents(
                self.published.append, lambda *skip: self.skipped.append(skip), reached
            ),
        )

    @contextmanager
    def watching(self, settings: FolderSettings | None = None) -> Iterator[None]:
        """Watch the folder in a thread, from the read-back on."""
        stop, ready = threading.Event(), threading.Event()
        errors: list[VigieError] = []

        def run() -> None:
            try:
                self.watch(stop, settings, lambda place: place == Place.READ_BACK and ready.set())
            except VigieError as error:
                errors.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert ready.wait(30)
            assert not errors, errors
            yield
        finally:
            stop.set()
            thread.join(30)
        if errors:
            raise errors[0]

    def await_published(self, count: int) -> None:
        wait_until(lambda: len(self.published) >= count)
