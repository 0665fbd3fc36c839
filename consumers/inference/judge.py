"""Messages to answers, one each. Nothing that a message contains can make this fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from schemas.codec import decode_reference, encode_prediction
from schemas.errors import RefusedError
from schemas.events import (
    Classification,
    Failure,
    FailureReason,
    ImageReference,
    Prediction,
    Timings,
    event_id,
)

TRANSIENT_WAITS_S = (0.05, 0.2, 0.5)
"""A store on a network drive has hiccups of this length; three tries in under a second stay far
inside the poll budget, and the images behind wait no longer than that."""

HELD_BYTES = 1024 * 1024
"""Images that are held at a time before they are judged: about what a core's cache holds, and with
images of the largest size still only one of them per thread."""

log = structlog.get_logger()


class Classifier(Protocol):
    """A model in memory. One per thread."""

    @property
    def model_version(self) -> str:
        """What the events name."""

    @property
    def model_sha256(self) -> str:
        """Hash of the weights."""

    def classify_all(
        self, images: Sequence[bytes]
    ) -> Sequence[tuple[Classification | Failure, Timings]]:
        """The verdict on each encoded image; a Failure where it is none that can be judged."""


class Store(Protocol):
    """Where the images are."""

    def read(self, reference: ImageReference) -> bytes:
        """The bytes of an image.

        Raises:
            RefusedError: it will never be readable.
            OSError: it may be readable later.
        """


@dataclass(frozen=True, slots=True)
class Message:
    """What the worker took from the images topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back for a message: the encoded prediction, and what is counted of it."""

    message: Message
    prediction: bytes
    failure: Failure | None
    reference_id: str | None
    abstained: bool
    timings: Timings


@dataclass(frozen=True, slots=True)
class Opened:
    """A message with its reference and its image, or why there is none."""

    message: Message
    reference: ImageReference | None
    image: bytes | Failure
    read_ms: float

    @property
    def held_bytes(self) -> int:
        """What the image takes in memory."""
        return 0 if isinstance(self.image, Failure) else len(self.image)


class Judge:
    """Answers messages with a store and a classifier. Not shared between threads."""

    def __init__(
        self,
        job: str,
        store: Store,
        classifier: Classifier,
        now: Callable[[], datetime],
        max_reference_bytes: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._job = job
        self._store = store
        self._classifier = classifier
        self._now = now
        self._max_reference_bytes = max_reference_bytes
        self._sleep = sleep

    def answer(self, message: Message) -> Answer:
        """The one answer to a message: a Failure where anything about it is wrong."""
        return self.answer_all([message])[0]

    def answer_all(self, messages: Sequence[Message | Opened]) -> list[Answer]:
        """The one answer to each message, in their order; what is not opened yet, is now."""
        answers: list[Answer] = []
        opened: list[Opened] = []
        held = 0
        for message in messages:
            opened.append(message if isinstance(message, Opened) else self.open(message))
            held += opened[-1].held_bytes
            if held > HELD_BYTES:
                answers += self._judge(opened)
                opened, held = [], 0
        return answers + self._judge(opened)

    def open(self, message: Message) -> Opened:
        """Read what a message refers to; any thread may do so."""
        reference: ImageReference | None = None
        read_ms = 0.0
        try:
            reference = self._reference(message)
            self._check_job(reference)
            began = time.perf_counter()
            image: bytes | Failure = self._read(reference)
            read_ms = (time.perf_counter() - began) * 1e3
        except RefusedError as refused:
            image = Failure(refused.reason, refused.detail)
        return Opened(message, reference, image, read_ms)

    def _judge(self, opened: Sequence[Opened]) -> list[Answer]:
        images = [one.image for one in opened if not isinstance(one.image, Failure)]
        verdicts = iter(self._classify(images))
        return [
            self._answer(one, one.image, Timings())
            if isinstance(one.image, Failure)
            else self._answer(one, *next(verdicts))
            for one in opened
        ]

    def _answer(
        self, opened: Opened, outcome: Classification | Failure, timings: Timings
    ) -> Answer:
        message = opened.message
        if not isinstance(outcome, Failure):
            timings = Timings(opened.read_ms, timings.decode_ms, timings.inference_ms)
        prediction = Prediction(
            event_id=event_id(message.topic, message.partition, message.offset),
            job=self._job,
            source_partition=message.partition,
            source_offset=message.offset,
            published_at=message.published_at,
            finished_at=self._now(),
            model_version=self._classifier.model_version,
            model_sha256=self._classifier.model_sha256,
            reference=opened.reference,
            outcome=outcome,
            timings=timings,
        )
        return Answer(
            message,
            encode_prediction(prediction),
            outcome if isinstance(outcome, Failure) else None,
            prediction.reference_id,
            isinstance(outcome, Classification) and outcome.abstained,
            timings,
        )

    def _reference(self, message: Message) -> ImageReference:
        size = len(message.value or b"")
        if size > self._max_reference_bytes:
            raise RefusedError(
                FailureReason.MESSAGE_TOO_LARGE,
                f"The message has {size:,} bytes; an image reference has at most"
                f" {self._max_reference_bytes:,}. Send a reference to the image, not the image.",
            )
        return decode_reference(message.value)

    def _check_job(self, reference: ImageReference) -> None:
        if reference.job != self._job:
            raise RefusedError(
                FailureReason.MESSAGE_WRONG_TYPE,
                f"The reference is for the job {reference.job[:60]!r}; this topic is read by"
                f" {self._job!r}. Send it to vigie.{reference.job[:60]}.images.",
            )

    def _classify(
        self, images: Sequence[bytes]
    ) -> Sequence[tuple[Classification | Failure, Timings]]:
        try:
            return self._classifier.classify_all(images)
        # Whatever a library trips over, every other image must still be answered.
        except Exception as error:
            if len(images) > 1:
                return [self._classify([image])[0] for image in images]
            log.exception("the model failed")
            return [
                (
                    Failure(
                        FailureReason.MODEL_ERROR,
                        f"The model failed on this image ({type(error).__name__}:"
                        f" {str(error)[:120]}). Replay it with another model version, or report it"
                        " with the image.",
                    ),
                    Timings(),
                )
            ]

    def _read(self, reference: ImageReference) -> bytes:
        for wait in (*TRANSIENT_WAITS_S, None):
            try:
                return self._store.read(reference)
            except OSError as error:
                if wait is None:
                    raise RefusedError(
                        FailureReason.IMAGE_UNREADABLE,
                        f"The image {reference.path!r} could not be read in"
                        f" {len(TRANSIENT_WAITS_S) + 1} tries ({error.strerror or error})."
                        " Check the store and this user's rights, then replay the dead letter.",
                    ) from error
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")
