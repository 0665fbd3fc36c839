"""Counts over a window, kept up to date as events enter and leave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

from dashboard.items import EVENT_UNREADABLE, SEVERITIES, Item, Severity

BUCKET_S = 10  # width of one column of the ribbon over the feed, in seconds
BUCKETS = 60  # ten minutes: what a person who was away for a coffee has missed

Key = TypeVar("Key", bound=Hashable)


class Tally:
    """Adding and removing cost the same however many events are counted."""

    def __init__(self) -> None:
        self.severities: Counter[Severity] = Counter()
        self.behaviours: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.unreadable = 0
        self._buckets: Counter[tuple[int, Severity]] = Counter()

    def add(self, item: Item) -> None:
        """Count an event that entered the window."""
        self._change(item, 1)

    def remove(self, item: Item) -> None:
        """Uncount an event that left the window."""
        self._change(item, -1)

    def ribbon(self, now: float) -> list[list[int]]:
        """Events per ten seconds of the last ten minutes, oldest first.

        Returns:
            ``BUCKETS`` rows, each with one count per severity in the order of ``SEVERITIES``.
        """
        last = int(now // BUCKET_S)
        return [
            [self._buckets[bucket, severity] for severity in SEVERITIES]
            for bucket in range(last - BUCKETS + 1, last + 1)
        ]

    def _change(self, item: Item, by: int) -> None:
        _shift(self.severities, item.severity, by)
        _shift(self.sources, item.source, by)
        _shift(self._buckets, (int(item.at // BUCKET_S), item.severity), by)
        if item.behaviour:
            _shift(self.behaviours, item.behaviour, by)
        self.unreadable += by * (item.reason == EVENT_UNREADABLE)


def _shift(counter: Counter[Key], key: Key, by: int) -> None:
    counter[key] += by
    if not counter[key]:
        del counter[key]  # a camera that is gone must not be remembered for ever
