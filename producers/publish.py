"""The one way an image gets in: its bytes to the image store, its reference to Kafka."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException, Message

from producers.errors import PublishError, StoreError
from producers.files import printable
from schemas.codec import encode_reference
from schemas.errors import UsageError
from schemas.events import ImageReference
from storage.images import Images
from transport.clients import Cluster
from transport.topics import JobTopics

MAX_SOURCE_CHARACTERS = 200
"""A source is shown on every line of the page; no camera needs a longer name."""

MAX_UNACKNOWLEDGED = 1000
"""References on their way. Enough to hide the broker's answer time at any rate the image store
keeps up with; few enough that a broker in trouble is noticed after a second of sending."""

FLUSH_SLICE_S = 0.5
"""A flush is done in slices, so that a signal is handled in between."""


def make_reference(
    store: Images,
    job: str,
    data: bytes,
    *,
    source: str,
    name: str,
    captured_at: datetime,
    reference_id: str,
) -> ImageReference:
    """Keep the image in the store and make the reference to it.

    Args:
        store: where the worker will look for it.
        job: who is to judge it.
        data: the image file, undecoded.
        source: the camera, folder or program it comes from.
        name: what the source calls it; cut and cleaned to be shown.
        captured_at: when it was taken, with a time zone.
        reference_id: unique per image sent.

    Raises:
        RefusedError: the image is empty or larger than the store takes.
        UsageError: the source has no name or too long a one.
        StoreError: the store cannot be written.
        ValueError: ``captured_at`` has no time zone.
    """
    if captured_at.tzinfo is None:
        raise ValueError(f"captured_at {captured_at} has no time zone")
    if not 0 < len(source) <= MAX_SOURCE_CHARACTERS:
        raise UsageError(
            f"The source {printable(source, 60)!r} has {len(source)} characters; it must have 1 to"
            f" {MAX_SOURCE_CHARACTERS}. Give the camera a shorter name."
        )
    try:
        stored = store.put(data)
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise StoreError(store.write_trouble(error), is_full=is_full) from error
    return ImageReference(
        reference_id=reference_id,
        job=job,
        source=printable(source),
        path=stored.path,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        name=printable(name),
        captured_at=captured_at,
    )


class Publisher:
    """Publishes images one after the other; their references keep that order.

    A ``with`` block that ends without an error has every reference acknowledged by Kafka;
    ``on_acknowledged`` is called for each, from the thread that publishes.
    """

    def __init__(
        self,
        cluster: Cluster,
        job: str,
        store: Images,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        on_acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        self._producer = cluster.producer(f"vigie-{job}-publisher")
        self._topic = JobTopics(job).images
        self._job = job
        self._store = store
        self._new_id = new_id
        self._on_acknowledged = on_acknowledged
        self._error: KafkaError | None = None

    @property
    def max_bytes(self) -> int:
        """The largest image file taken."""
        return self._store.max_bytes

    def publish(
        self, data: bytes, *, source: str, name: str, captured_at: datetime
    ) -> ImageReference:
        """Store an image and hand its reference to Kafka; waits while too many are on their way.

        Raises:
            RefusedError, UsageError: see `make_reference`.
            StoreError: the image store did not take this image; it may be published again.
            PublishError: Kafka did not take this image or an earlier one.
        """
        reference = make_reference(
            self._store,
            self._job,
            data,
            source=source,
            name=name,
            captured_at=captured_at,
            reference_id=self._new_id(),
        )
        while len(self._producer) >= MAX_UNACKNOWLEDGED:
            self._producer.poll(FLUSH_SLICE_S)
        self._producer.poll(0)
        self._check()
        try:
            self._producer.produce(
                self._topic,
                encode_reference(reference),
                reference.source.encode(),
                on_delivery=self._delivered,
            )
        except KafkaException as error:
            self._error = error.args[0]
            self._check()
        return reference

    def flush(self, within_s: float = math.inf) -> None:
        """Return when Kafka has acknowledged every reference.

        Args:
            within_s: how long to wait. What is on its way then stays so until this publisher ends.

        Raises:
            PublishError: it did not take one of them, or not in time.
        """
        deadline = time.monotonic() + within_s
        # Ends in any case: librdkafka gives each message up after its time-out.
        while self._producer.flush(FLUSH_SLICE_S):
            if time.monotonic() >= deadline:
                raise self._not_taken(f"no acknowledgement within {within_s:.0f} s")
        self._check()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._error = self._error or error
        if error is None:
            self._on_acknowledged()

    def _check(self) -> None:
        if self._error:
            raise self._not_taken(self._error.str())

    def _not_taken(self, why: str) -> PublishError:
        return PublishError(
            f"Kafka did not take a reference for {self._topic}: {why}. Is the broker running"
            " (`vigie broker status`)? What was acknowledged before stays; send the rest again."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            self._producer.purge()  # nothing, or what an error left: closing must not wait for it
            self._producer.close()
