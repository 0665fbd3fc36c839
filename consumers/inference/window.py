"""The ordering window: work runs in any order, only its head comes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InFlight(Generic[T]):
    """One message being worked on."""

    partition: int
    offset: int
    result: Future[T]


class OrderingWindow(Generic[T]):
    """A FIFO of futures: what goes in first comes out first, whichever is done first."""

    def __init__(self) -> None:
        self._fifo: deque[InFlight[T]] = deque()

    def __len__(self) -> int:
        return len(self._fifo)

    def put(self, partition: int, offset: int, result: Future[T]) -> None:
        """Add the youngest."""
        self._fifo.append(InFlight(partition, offset, result))

    def pop(self) -> InFlight[T]:
        """Take the oldest out; its result may still be awaited.

        Raises:
            IndexError: the window is empty.
        """
        return self._fifo.popleft()

    def holds(self, partition: int) -> bool:
        """Whether anything of this partition is in flight."""
        return any(item.partition == partition for item in self._fifo)

    def discard(self, forget: Callable[[int], bool]) -> None:
        """Drop what is in flight of the partitions ``forget`` names; the rest keeps its order."""
        kept: deque[InFlight[T]] = deque()
        for item in self._fifo:
            if forget(item.partition):
                item.result.cancel()
            else:
                kept.append(item)
        self._fifo = kept
