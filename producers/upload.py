"""Publishes single images for a process that stays: a call returns when Kafka has its image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from producers.errors import PublishError
from producers.publish import Publisher
from schemas.events import ImageReference

ACKNOWLEDGED_WITHIN_S = 6.0
"""Somebody waits for the answer. A broker that restarts is back in 2 to 4 s; what takes longer is
better said than waited for."""

CLOSING_S = 0.5
"""The page must end within 3 s."""


class PatientPublisher:
    """One publisher for as long as the process lives; one that failed is replaced. Thread-safe.

    What was not acknowledged in time is given up and said, never sent later in silence. (Kafka may
    have written it all the same, when only its acknowledgement was lost: then it is judged.)
    """

    def __init__(
        self, make: Callable[[], Publisher], within_s: float = ACKNOWLEDGED_WITHIN_S
    ) -> None:
        """``make`` opens a publisher; it is called when the first image comes."""
        self._make = make
        self._within_s = within_s
        self._lock = threading.Lock()
        self._publisher: Publisher | None = None

    def publish(
        self, data: bytes, *, source: str, name: str, captured_at: datetime
    ) -> ImageReference:
        """Store an image, publish its reference, return when Kafka has it.

        Raises:
            RefusedError, UsageError: see `producers.publish.make_reference`.
            PublishError: the image store or Kafka did not take it.
        """
        if not self._lock.acquire(timeout=self._within_s):
            raise PublishError(
                f"Kafka has not acknowledged earlier images for {self._within_s:.0f} s. Is the"
                " broker running (`vigie broker status`)? Send this image again."
            )
        try:
            publisher = self._publisher = self._publisher or self._make()
            reference = publisher.publish(data, source=source, name=name, captured_at=captured_at)
            publisher.flush(self._within_s)
        except PublishError as error:
            self._give_up(error)
            raise
        finally:
            self._lock.release()
        return reference

    def close(self) -> None:
        """Let go of Kafka. Nothing is on its way: each call has waited for its image."""
        if not self._lock.acquire(timeout=CLOSING_S):
            return  # Kafka is away: who waits for it is told so, and the process ends meanwhile
        try:
            if self._publisher:
                self._publisher.__exit__(None, None, None)
            self._publisher = None
        finally:
            self._lock.release()

    def _give_up(self, error: PublishError) -> None:
        if self._publisher:
            self._publisher.__exit__(type(error), error, None)
        self._publisher = None
