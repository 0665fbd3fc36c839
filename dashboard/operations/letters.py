"""Which dead letters there are: the newest, in the topic's order, with those sent again."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboard.feed.items import Order, Place

KEPT = 50_000
"""Newest dead letters that are counted and can be paged through: some 10 MB. A worker stops long
before (see its poison gate); whoever has more reads them with ``vigie dead-letters list``."""

PAGE_LENGTH = 20  # a few screens: each is read from the topic by its place


class Known(NamedTuple):
    """What is remembered of a dead letter; its sort order is the topic's."""

    appended_ms: int
    partition: int
    offset: int
    reason: str

    @property
    def place(self) -> Place:
        """Where it stands in the topic."""
        return Place(self.partition, self.offset)


class Letters:
    """The newest dead letters, oldest first. Safe to use from several threads."""

    def __init__(self, most: int = KEPT) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._known: list[Known] = []
        self._counts: Counter[str] = Counter()
        self._replayed: dict[Place, float] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, letters: Iterable[Known]) -> None:
        """Take letters of one partition in its order; beyond ``most`` the oldest are let go of."""
        with self._lock:
            for letter in letters:
                if not self._known or self._known[-1] < letter:
                    self._known.append(letter)
                else:
                    insort(self._known, letter)
                self._counts[letter.reason] += 1
            self._drop(self._known[: max(0, len(self._known) - self.most)])

    def restart(self) -> None:
        """Forget everything: the topic was made anew."""
        with self._lock:
            self._drop(list(self._known))

    def expire(self, partition: int, low: int) -> None:
        """Forget what Kafka no longer keeps: the offsets below ``low``."""
        with self._lock:
            self._drop(
                [one for one in self._known if one.partition == partition and one.offset < low]
            )

    def _drop(self, gone: Sequence[Known]) -> None:
        if not gone:
            return
        for letter in gone:
            self._replayed.pop(letter.place, None)
        self._counts -= Counter(letter.reason for letter in gone)
        lost = set(gone)
        self._known = [letter for letter in self._known if letter not in lost]

    def counts(self) -> dict[str, int]:
        """How many there are per reason, the most frequent first."""
        with self._lock:
            return dict(self._counts.most_common())

    def page(
        self,
        reason: str = "",
        before: Order | None = None,
        length: int = PAGE_LENGTH,
    ) -> tuple[list[Known], bool]:
        """The newest before a place in the order, newest first, and whether older ones follow."""
        found: list[Known] = []
        with self._lock:
            end = len(self._known) if before is None else bisect_left(self._known, (*before, ""))
            for at in range(end - 1, -1, -1):
                if reason in ("", self._known[at].reason):
                    if len(found) == length:
                        return found, True
                    found.append(self._known[at])
        return found, False

    def unsent(self, reason: str) -> list[Place]:
        """Those with this reason that nobody sent again while this page has been served."""
        with self._lock:
            return [
                one.place
                for one in self._known
                if one.reason == reason and one.place not in self._replayed
            ]

    def mark(self, place: Place, at: float) -> None:
        """Kafka has taken this one again."""
        with self._lock:
            self._replayed[place] = at

    def replayed_at(self, place: Place) -> float | None:
        """When it was last sent again while this page has been served."""
        with self._lock:
            return self._replayed.get(place)
