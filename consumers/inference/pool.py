"""Threads that judge: several waiting images at a time, because that is quicker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from consumers.inference.judge import Answer, Judge, Message, Opened

MOST_AT_ONCE = 8
"""Images that a thread takes when that many wait for it. Between two images a network drives all
else out of the processor's cache; step by step for eight, what is beside the inference costs 0.1 ms
per image instead of 0.6. More gain nothing, and their pixels would not fit there."""

AT_ONCE_S = 0.05
"""What a thread takes is judged in about this time: the answers of a slow model do not wait for
each other, and a stop does not wait for them."""

TICK_S = 1e-6
"""Nothing is quicker; a coarse clock may say 0."""


@dataclass(frozen=True, slots=True)
class _Task:
    message: Message | Opened
    result: Future[Answer] = field(default_factory=Future)


class JudgePool:
    """One thread per judge: each holds a model of its own, loaded before the first message.

    Args:
        judges: as many as images are judged at the same time.
        clock: seconds, steady.
    """

    def __init__(
        self, judges: Sequence[Judge], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._waiting = SimpleQueue[_Task | None]()
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(judge,), name=f"judge-{number}", daemon=True)
            for number, judge in enumerate(judges)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, message: Message | Opened) -> Future[Answer]:
        """Judge a message on the next free thread."""
        task = _Task(message)
        self._waiting.put(task)
        return task.result

    def close(self) -> None:
        """Let go of what has not begun, and wait for what has."""
        self._closed.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        while not self._waiting.empty():
            if task := self._waiting.get():
                task.result.cancel()

    def _work(self, judge: Judge) -> None:
        most = 1  # until it is known how long one takes
        while tasks := self._take(most):
            began = self._clock()
            _answer(judge, [one for one in tasks if one.result.set_running_or_notify_cancel()])
            each_s = (self._clock() - began) / len(tasks)
            most = int(min(MOST_AT_ONCE, max(1.0, AT_ONCE_S / max(each_s, TICK_S))))

    def _take(self, most: int) -> list[_Task]:
        """Wait for work, and take this thread's share of what is there; nothing: it is over."""
        first = self._waiting.get()
        if first is None:
            return []
        if self._closed.is_set():
            first.result.cancel()
            return []
        tasks = [first]
        share = 1 + self._waiting.qsize() // len(self._threads)
        while len(tasks) < min(share, most):
            try:
                task = self._waiting.get_nowait()
            except Empty:
                break
            if task is None:  # another thread's end
                self._waiting.put(None)
                break
            tasks.append(task)
        return tasks


def _answer(judge: Judge, tasks: Sequence[_Task]) -> None:
    try:
        answers = judge.answer_all([one.message for one in tasks])
    except BaseException as error:  # noqa: BLE001 - whoever waits for the answers is told
        for one in tasks:
            one.result.set_exception(error)
        return
    # The oldest last: whoever waits for it wakes once, and finds the others done.
    for one, answer in zip(reversed(tasks), reversed(answers), strict=True):
        one.result.set_result(answer)
