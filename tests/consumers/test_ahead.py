"""Images that are read before their turn: quicker, and otherwise as if they were not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from consumers.inference.ahead import ReadAhead
from consumers.inference.judge import Answer, Judge, Message
from consumers.inference.pool import JudgePool
from schemas.codec import encode_reference
from schemas.errors import RefusedError
from schemas.events import Classification, Failure, FailureReason, ImageReference, Timings
from tests.consumers.kit import StubClassifier
from tests.schemas.samples import REFERENCE
from tests.waiting import wait_until

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PATIENCE_S = 30.0
READERS = 4


def message(offset: int) -> Message:
    return Message("vigie.driver.images", 0, offset, None, encode_reference(REFERENCE), NOW)


class FarStore:
    """Lets its readers wait until as many are there as are expected, or it is let go on."""

    def __init__(self, together: int, read: Callable[[int], bytes] = lambda _: b"image") -> None:
        self.began = 0
        self.gate = threading.Barrier(together)
        self._read = read
        self._lock = threading.Lock()

    def read(self, reference: ImageReference) -> bytes:
        with self._lock:
            self.began += 1
            number = self.began
        self.gate.wait(PATIENCE_S)
        return self._read(number)


class Silent:
    """Has trouble whenever it is asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def read(self, reference: ImageReference) -> bytes:
        self.asked.set()
        raise TimeoutError("silent")


@contextmanager
def reading(
    store: FarStore | Silent, classifier: StubClassifier | None = None
) -> Iterator[ReadAhead]:
    closing = threading.Event()

    def pause(seconds: float) -> None:
        if closing.wait(PATIENCE_S):
            raise CancelledError

    judge = Judge("driver", store, classifier or StubClassifier(), lambda: NOW, 65_536, pause)
    pool = ReadAhead(JudgePool([judge]), judge.open, READERS, closing)
    try:
        yield pool
    finally:
        pool.close()


def offsets(waiting: list[Future[Answer]]) -> list[int]:
    return [one.result(PATIENCE_S).message.offset for one in waiting]


def test_images_are_read_at_the_same_time_and_answered_each_at_its_place() -> None:
    store = FarStore(READERS)  # one alone would wait for ever
    with reading(store) as pool:
        assert offsets([pool.submit(message(n)) for n in range(20)]) == list(range(20))


def test_an_image_that_is_refused_is_answered_like_any_other() -> None:
    def read(number: int) -> bytes:
        if number % 2:
            raise RefusedError(FailureReason.IMAGE_MISSING, "It is gone.")
        return b"image"

    with reading(FarStore(1, read)) as pool:
        answers = [pool.submit(message(n)).result(PATIENCE_S) for n in range(4)]
    assert [one.failure.reason if one.failure else None for one in answers] == [
        FailureReason.IMAGE_MISSING,
        None,
    ] * 2


def test_what_a_reader_trips_over_is_told_to_who_waits() -> None:
    def read(_: int) -> bytes:
        raise ZeroDivisionError("a defect")

    with reading(FarStore(1, read)) as pool, pytest.raises(ZeroDivisionError):
        pool.submit(message(0)).result(PATIENCE_S)


class Held(StubClassifier):
    """Judges nothing until it is let go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def classify_all(
        self, images: Sequence[bytes]
    ) -> list[tuple[Classification | Failure, Timings]]:
        assert self.go_on.wait(PATIENCE_S)
        return super().classify_all(images)


def test_large_images_wait_to_be_read_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.inference.ahead.AHEAD_BYTES", 10)
    store, held = FarStore(READERS, lambda _: bytes(10)), Held()
    with reading(store, held) as pool:
        waiting = [pool.submit(message(n)) for n in range(3 * READERS)]
        wait_until(
            lambda: pool._held_bytes == 10 * READERS, PATIENCE_S, "each reader has brought one"
        )
        assert store.began == READERS  # none goes for another
        store.gate.abort()
        held.go_on.set()
        for one in waiting:
            one.exception(PATIENCE_S)


def test_what_is_given_up_is_not_read() -> None:
    store = FarStore(2)
    with reading(store) as pool:
        waiting = [pool.submit(message(n)) for n in range(READERS + 2)]
        given_up = [one for one in waiting if one.cancel()]
        store.gate.abort()
    assert store.began == len(waiting) - len(given_up)


def test_a_stop_does_not_wait_for_a_store_that_is_away() -> None:
    store = Silent()
    with reading(store) as pool:
        waiting = [pool.submit(message(n)) for n in range(2 * READERS)]
        assert store.asked.wait(PATIENCE_S)
    assert all(one.cancelled() or isinstance(one.exception(), CancelledError) for one in waiting)
