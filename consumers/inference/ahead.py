"""Reads images before their turn, so that no thread that judges waits for a store that is far."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from consumers.inference.judge import Answer, Message, Opened
from consumers.inference.pool import JudgePool

AHEAD_BYTES = 64 * 1024 * 1024
"""Images that are read and not yet judged. A whole window of usual ones has 2 MB; of the largest
ones this holds three, and each reader may bring one more."""


class ReadAhead:
    """A pool whose images are read by threads of its own, in the order of their messages.

    Args:
        pool: judges what is read.
        read: opens a message; called by several threads at a time.
        readers: as many as images are read at the same time.
        closing: set when it ends, so that who waits for a store may give up.
    """

    def __init__(
        self,
        pool: JudgePool,
        read: Callable[[Message], Opened],
        readers: int,
        closing: threading.Event,
    ) -> None:
        self._pool = pool
        self._read = read
        self._closing = closing
        self._room = threading.Condition()
        self._held_bytes = 0
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")

    def submit(self, message: Message) -> Future[Answer]:
        """Read a message's image soon, then judge it on the next free thread."""
        answer = Future[Answer]()
        self._readers.submit(self._open, message, answer)
        return answer

    def close(self) -> None:
        """Let go of what has not begun, and wait for what has."""
        self._closing.set()
        self._readers.shutdown()
        self._pool.close()

    def _open(self, message: Message, answer: Future[Answer]) -> None:
        if self._closing.is_set():
            answer.cancel()
        if not answer.set_running_or_notify_cancel():
            return
        with self._room:
            self._room.wait_for(lambda: self._held_bytes < AHEAD_BYTES)
        try:
            opened = self._read(message)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the answer is told
            answer.set_exception(error)
            return
        self._hold(opened.held_bytes)
        judged = self._pool.submit(opened)
        judged.add_done_callback(lambda done: self._judged(done, answer, opened.held_bytes))

    def _judged(self, judged: Future[Answer], answer: Future[Answer], held_bytes: int) -> None:
        self._hold(-held_bytes)
        error = CancelledError() if judged.cancelled() else judged.exception()
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(judged.result())

    def _hold(self, more_bytes: int) -> None:
        with self._room:
            self._held_bytes += more_bytes
            self._room.notify_all()
