"""Judging several images at a time says of each what judging it alone says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from consumers.inference.judge import HELD_BYTES, Answer, Judge, Message
from consumers.inference.pool import AT_ONCE_S, MOST_AT_ONCE, JudgePool
from schemas.codec import encode_reference
from schemas.events import Classification, Failure, ImageReference, Timings
from tests.consumers.kit import StubClassifier
from tests.schemas.samples import REFERENCE

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PATIENCE_S = 30.0


class Store:
    """Holds one image for every reference."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = iter(images)

    def read(self, reference: ImageReference) -> bytes:
        return next(self._images)


class Counting(StubClassifier):
    """Remembers how many images it was given at a time."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def classify_all(
        self, images: Sequence[bytes]
    ) -> list[tuple[Classification | Failure, Timings]]:
        self.given.append(len(images))
        return super().classify_all(images)


def message(offset: int, value: bytes | None = None) -> Message:
    reference = encode_reference(REFERENCE) if value is None else value
    return Message("vigie.driver.images", 0, offset, None, reference, NOW)


def judge_of(images: Sequence[bytes], classifier: StubClassifier | None = None) -> Judge:
    return Judge("driver", Store(images), classifier or StubClassifier(), lambda: NOW, 65_536)


@given(st.lists(st.sampled_from([b"image", b"broken", b"refused", b"no reference"]), max_size=12))
def test_each_of_several_messages_gets_the_answer_it_gets_alone(kinds: list[bytes]) -> None:
    messages = [
        message(n, kind if kind == b"no reference" else None) for n, kind in enumerate(kinds)
    ]
    images = [kind for kind in kinds if kind != b"no reference"]
    alone = judge_of(images)
    with capture_logs():
        together = judge_of(images).answer_all(messages)
        expected = [alone.answer(one) for one in messages]
    assert [(one.message, one.failure) for one in together] == [
        (one.message, one.failure) for one in expected
    ]


def test_large_images_are_not_held_together() -> None:
    classifier = Counting()
    images = [bytes(HELD_BYTES + 1)] * 3 + [b"image"] * 3
    judge_of(images, classifier).answer_all([message(n) for n in range(6)])
    assert classifier.given == [1, 1, 1, 3]


class HeldJudge:
    """Answers with the messages it was given together, when it is let go on."""

    def __init__(self, seconds: Callable[[float], None] = lambda _each: None) -> None:
        self.given: list[list[int]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self._spend = seconds

    def answer_all(self, messages: Sequence[Message]) -> list[Answer]:
        self.given.append([one.offset for one in messages])
        self.began.set()
        assert self.go_on.wait(PATIENCE_S)
        self._spend(len(messages))
        return [Answer(one, b"", None, None, False, Timings()) for one in messages]


@contextmanager
def pool_of(judge: HeldJudge, clock: Callable[[], float] = lambda: 0.0) -> Iterator[JudgePool]:
    pool = JudgePool([cast("Judge", judge)], clock)
    try:
        yield pool
    finally:
        judge.go_on.set()
        pool.close()


def test_what_waits_is_judged_together_and_answered_in_order() -> None:
    judge = HeldJudge()
    with pool_of(judge) as pool:
        waiting = [pool.submit(message(n)) for n in range(20)]
        assert judge.began.wait(PATIENCE_S)
        judge.go_on.set()
        answers = [one.result(PATIENCE_S).message.offset for one in waiting]
    assert answers == list(range(20))
    assert [len(one) for one in judge.given] == [1, MOST_AT_ONCE, MOST_AT_ONCE, 3]


def test_images_of_a_slow_model_do_not_wait_for_each_other() -> None:
    now = 0.0

    def slow(images: float) -> None:
        nonlocal now
        now += images * AT_ONCE_S

    judge = HeldJudge(slow)
    with pool_of(judge, lambda: now) as pool:
        waiting = [pool.submit(message(n)) for n in range(5)]
        judge.go_on.set()
        for one in waiting:
            one.result(PATIENCE_S)
    assert judge.given == [[0], [1], [2], [3], [4]]


def test_what_has_not_begun_when_it_closes_is_let_go() -> None:
    judge = HeldJudge()
    with pool_of(judge) as pool:
        begun, waiting = pool.submit(message(0)), pool.submit(message(1))
        assert judge.began.wait(PATIENCE_S)
        closing = threading.Thread(target=pool.close)
        closing.start()
        while not pool._closed.is_set():  # only then is it certain that the second has not begun
            closing.join(0.01)
    assert begun.result(PATIENCE_S).message.offset == 0
    with pytest.raises(CancelledError):
        waiting.result(PATIENCE_S)


def test_an_answer_that_nobody_wants_any_more_is_not_made() -> None:
    judge = HeldJudge()
    with pool_of(judge) as pool:
        pool.submit(message(0))
        assert judge.began.wait(PATIENCE_S)
        unwanted, wanted = pool.submit(message(1)), pool.submit(message(2))
        unwanted.cancel()
        judge.go_on.set()
        wanted.result(PATIENCE_S)
    assert judge.given == [[0], [2]]


def test_a_fault_reaches_whoever_waits() -> None:
    class Faulty(HeldJudge):
        def answer_all(self, messages: Sequence[Message]) -> list[Answer]:
            raise MemoryError("no room")

    with pool_of(Faulty()) as pool:
        waiting = [pool.submit(message(n)) for n in range(3)]
        for one in waiting:
            with pytest.raises(MemoryError):
                one.result(PATIENCE_S)
