"""A bounded window on the predictions topic, and the answers to "what comes after my cursor?".

The window is a function of the events alone: the newest ``history`` in the topic's order. Whether
they came one by one over a day or all at once after a restart makes no difference.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, TypedDict

import numpy as np

from dashboard.cursor import Cursor
from dashboard.filters import EVERYTHING, FeedFilter
from dashboard.items import SEVERITIES, Item, Place, card
from dashboard.tally import Tally

PAGE_LENGTH = 48  # cards on a page: fills rows of 2, 3, 4 or 6, and any screen more than twice
RECENT = 500  # events of which the latency is told: stable at 20 a second, still of this hour at 1
RATE_S = 10  # seconds over which images per second are averaged

SourceState = Literal["loading", "up", "down"]
"""loading: the topic is being read up to its end; up: followed; down: Kafka does not answer."""

_by_order = attrgetter("order")


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page says of itself: how far it has read, what it wants, whether it is paused."""

    cursor: Cursor | None = None
    filter: FeedFilter = EVERYTHING
    paused: bool = False

    @classmethod
    def from_store(cls, data: Mapping[str, Any] | None) -> PageState:
        """Read the page's own words; whatever is not understood counts as a new page."""
        data = data or {}
        query = data.get("query")
        return cls(
            cursor=Cursor.parse(data.get("cursor")),
            filter=FeedFilter.from_query(query if isinstance(query, str) else ""),
            paused=bool(data.get("paused")),
        )


class Batch(TypedDict):
    """The next update of a page.

    The page draws it only if ``after`` is its own cursor: a lost, repeated or late update changes
    nothing. ``reset`` says that the cards replace what is shown.
    """

    after: str | None
    cursor: str | None
    query: str
    reset: bool
    waiting: int
    cards: list[dict[str, Any]]


class Hub:
    """One per process. The reader adds; every page asks. Safe to use from several threads."""

    def __init__(self, history: int) -> None:
        self._history = history
        self._lock = threading.Lock()
        self._answers = True
        self._start("")

    def _start(self, log: str) -> None:
        self._log = log
        self._complete = False
        self._items: list[Item] = []
        self._places: dict[Place, Item] = {}
        self._newest: dict[int, Item] = {}
        self._tally = Tally()

    @property
    def state(self) -> SourceState:
        """What the topic's reader last knew."""
        if not self._answers:
            return "down"
        return "up" if self._complete else "loading"

    def kafka_answers(self, answers: bool) -> None:
        """The reader's word on whether Kafka can be reached."""
        self._answers = answers

    def complete(self) -> None:
        """The reader's word that it has come to the end of the topic for the first time."""
        self._complete = True

    def open(self, log: str) -> dict[int, int]:
        """Follow the topic with this id; another one than before empties the window.

        Returns:
            The last offset read per partition.
        """
        with self._lock:
            if log != self._log:
                self._start(log)
            return self._ends()

    def add(self, items: Iterable[Item]) -> None:
        """Take events in the order of their partition; those already taken change nothing."""
        with self._lock:
            for item in items:
                self._take(item)
            for item in islice(self._items, max(0, len(self._items) - self._history)):
                del self._places[item.place]
                self._tally.remove(item)
            del self._items[: -self._history]

    def _take(self, item: Item) -> None:
        newest = self._newest.get(item.place.partition)
        if newest and item.place.offset <= newest.place.offset:
            return
        if newest and item.appended_ms < newest.appended_ms:
            # A broker's clock may be set back; within a partition the offset is the order.
            item = replace(item, appended_ms=newest.appended_ms)
        self._newest[item.place.partition] = item
        self._places[item.place] = item
        self._tally.add(item)
        if not self._items or self._items[-1].order < item.order:
            self._items.append(item)
        else:
            insort(self._items, item, key=_by_order)

    def find(self, place: Place) -> Item | None:
        """The event at this place, as long as it is in the window."""
        with self._lock:
            return self._places.get(place)

    def items(self) -> list[Item]:
        """The whole window, oldest first."""
        with self._lock:
            return list(self._items)

    def batch(self, page: PageState) -> Batch | None:
        """The next update of a page: a pure answer to the page's own state.

        Returns:
            ``None`` while the topic is still being read for the first time: a page that knows
            more than we do yet must not be told that it is wrong.
        """
        if not self._complete:
            return None
        with self._lock:
            reset = not self._knows(page.cursor)
            fresh = self._fresh(Cursor("") if reset or not page.cursor else page.cursor, page)
            paused = page.paused and not reset
            end = str(Cursor(self._log, self._ends()))
        after = str(page.cursor) if page.cursor else None
        return {
            "after": after,
            "cursor": after if paused else end,
            "query": page.filter.to_query(),
            "reset": reset,
            "waiting": len(fresh) if paused else 0,
            "cards": [] if paused else [card(item) for item in fresh[:PAGE_LENGTH]],
        }

    def pulse(self, now: float) -> dict[str, Any]:
        """What every page shows beside its feed, the same for all; cheap enough for once a second.

        Times are in seconds since 1970, latencies in milliseconds.
        """
        with self._lock:
            tally, items = self._tally, self._items
            recent = items[-RECENT:]
            return {
                "now": now,
                "state": self.state,
                "events": len(items),
                "newest": items[-1].at if items else None,
                "unreadable": tally.unreadable,
                "counts": {severity: tally.severities[severity] for severity in SEVERITIES},
                "sources": sorted(source for source in tally.sources if source),
                "ribbon": tally.ribbon(now),
                "rate": self._since(now - RATE_S) / RATE_S,
                "latency": latency_quantiles(recent),
            }

    def _ends(self) -> dict[int, int]:
        return {partition: item.place.offset for partition, item in self._newest.items()}

    def _knows(self, cursor: Cursor | None) -> bool:
        """Whether the cursor lies in this log; one beyond its end is from a log that was lost."""
        if cursor is None or cursor.log != self._log:
            return False
        ends = self._ends()
        return all(offset <= ends.get(p, -1) for p, offset in cursor.offsets.items())

    def _fresh(self, cursor: Cursor, page: PageState) -> list[Item]:
        """What the page has not seen and wants, newest first."""
        behind = {p for p, end in self._ends().items() if cursor.is_before(Place(p, end))}
        found: list[Item] = []
        most = self._history if page.paused else PAGE_LENGTH
        for item in reversed(self._items):
            if not behind or len(found) == most:
                break
            if not cursor.is_before(item.place):
                behind.discard(item.place.partition)  # all before it in its partition is seen too
            elif page.filter.accepts(item):
                found.append(item)
        return found

    def _since(self, at: float) -> int:
        count = 0
        for item in reversed(self._items):
            if item.at < at:
                break
            count += 1
        return count


def latency_quantiles(items: Iterable[Item]) -> dict[str, float] | None:
    """Median and 95th percentile from publication to verdict, in milliseconds."""
    values = [item.latency_ms for item in items if item.latency_ms > 0]
    if not values:
        return None
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}
