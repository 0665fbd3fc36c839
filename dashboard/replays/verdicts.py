"""Two models' verdicts on the same references, as columns, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.items import Place
from dashboard.feed.table import Codes, Table
from schemas.events import Classification, Outcome

CHECK = "check"
FAILURE = "failure"
"""What an event is when it names no class: the words of the feed's severities."""

PARTITION_BITS = 16
"""Of a key: the source offset stands above, so that keys sort the newest last."""

MOST_WORDS = 256
"""Classes that a job may have; more would be no table that a person reads."""


def verdict(outcome: Outcome) -> str:
    """The class that an outcome names, or that it is to check, or a failure."""
    if not isinstance(outcome, Classification):
        return FAILURE
    return CHECK if outcome.abstained else outcome.behaviour


def key_of(source: Place) -> int:
    """The place of an image reference as one number; greater is newer within a partition."""
    return source.offset << PARTITION_BITS | source.partition


def source_of(key: int) -> Place:
    """The place that a key stands for."""
    return Place(key & ((1 << PARTITION_BITS) - 1), key >> PARTITION_BITS)


class Verdicts:
    """Verdicts by the reference they answer, the newest ``most``: 28 bytes each.

    Args:
        codes: the words of the verdicts, shared by all that are compared.
        most: how many are kept.
    """

    def __init__(self, codes: Codes, most: int) -> None:
        self._codes = codes
        self._most = most
        self.seen = 0  # how many there were in all
        self._table = Table(
            {"key": (np.int64, ()), "word": (np.uint16, ()), "offset": (np.int64, ())}
        )

    def __len__(self) -> int:
        return len(self._table)

    def add(self, source: Place, word: str, offset: int) -> None:
        """Take a verdict on the reference at ``source``; ``offset`` is its own, in its topic."""
        self.seen += 1
        self._table.insert(len(self), (key_of(source), self._codes.code(word), offset))
        if len(self) > self._most:
            self._table.drop(len(self) - self._most)

    @property
    def keys(self) -> NDArray[np.int64]:
        """Which references they answer."""
        return self._table["key"]

    def column(self, name: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """``word`` or ``offset`` of some rows."""
        return self._table[name][rows].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Change:
    """One reference with two different verdicts: where it is, and where the two events are."""

    source: Place
    live: Place
    replayed: Place


@dataclass(frozen=True, slots=True)
class Compared:
    """What two models say of the references that both have judged, oldest first.

    Attributes:
        keys: of the references.
        was, now: codes of the live verdicts and of the replayed ones.
        live, replayed: offsets of the events.
        unmatched: replayed verdicts whose live one is not there.
        words: what the codes stand for.
    """

    keys: NDArray[np.int64]
    was: NDArray[np.int64]
    now: NDArray[np.int64]
    live: NDArray[np.int64]
    replayed: NDArray[np.int64]
    unmatched: int
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def changed(self) -> int:
        """How many verdicts differ."""
        return int(np.count_nonzero(self.was != self.now))

    def table(self, order: Sequence[str]) -> tuple[list[str], list[list[int]]]:
        """The words that occur and how often each live one (row) became each replayed one.

        Args:
            order: words in the order wanted; those it leaves out come last.
        """
        used = {self.words[code] for code in np.union1d(self.was, self.now)}
        names = [word for word in (*order, *sorted(used - set(order))) if word in used]
        position = {word: n for n, word in enumerate(names)}
        at = np.array([position.get(word, 0) for word in self.words], np.int64)
        counts = np.zeros((len(names), len(names)), np.int64)
        np.add.at(counts, (at[self.was], at[self.now]), 1)
        return names, counts.tolist()

    def changes(
        self, was: str, now: str, before: Place | None, length: int
    ) -> tuple[list[Change], bool]:
        """Changed verdicts, newest first, and whether older ones follow.

        Args:
            was: the live verdict; empty: any.
            now: the replayed one; empty: any.
            before: only references older than this one.
            length: how many at most.
        """
        wanted = self.was != self.now
        for word, column in ((was, self.was), (now, self.now)):
            if word:
                wanted &= column == (self.words.index(word) if word in self.words else -1)
        if before:
            wanted &= self.keys < key_of(before)
        rows = np.flatnonzero(wanted)[::-1]
        return [self._change(int(row)) for row in rows[:length]], len(rows) > length

    def _change(self, row: int) -> Change:
        source = source_of(int(self.keys[row]))
        live, replayed = int(self.live[row]), int(self.replayed[row])
        # Worker and replay write an answer to the partition of its reference.
        return Change(source, Place(source.partition, live), Place(source.partition, replayed))


def compare(live: Verdicts, replayed: Verdicts, words: Sequence[str]) -> Compared:
    """Join two models' verdicts by the reference they answer."""
    keys, was, now = np.intersect1d(live.keys, replayed.keys, return_indices=True)
    return Compared(
        keys,
        live.column("word", was),
        replayed.column("word", now),
        live.column("offset", was),
        replayed.column("offset", now),
        len(replayed) - len(keys),
        tuple(words),
    )
