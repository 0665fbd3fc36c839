"""Windows of the statistics topic, counted one event at a time in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dashboard.feed.items import Item
from dashboard.windows.store import WindowStore
from schemas.statistics import (
    CONFIDENCE_BINS,
    WINDOW_SIZES,
    Cell,
    StatisticsWindow,
    confidence_bin,
    latency_bin,
)


def windows_of(
    found: Iterable[Item], sizes: Sequence[int] = WINDOW_SIZES
) -> list[StatisticsWindow]:
    """Every window of these sizes that has an event, smaller and older ones first."""
    held = defaultdict(list)
    for one in found:
        for size in sizes:
            start = int(one.at // size) * size
            held[size, start, one.place.partition, one.source].append(one)
    return [_window(*key, events) for key, events in sorted(held.items())]


def _window(
    size: int, start: int, partition: int, source: str, events: Sequence[Item]
) -> StatisticsWindow:
    latencies = Counter(latency_bin(one.latency_ms) for one in events if one.latency_ms > 0)
    return StatisticsWindow(
        job="driver",
        partition=partition,
        size_s=size,
        start=datetime.fromtimestamp(start, UTC),
        source=source,
        cells=_cells(events),
        latency=tuple(sorted(latencies.items())),
        late=0,
        through=max(one.place.offset for one in events),
        is_final=True,
    )


def _cells(events: Sequence[Item]) -> tuple[Cell, ...]:
    alike = Counter((one.severity, one.behaviour, one.reason, one.model) for one in events)
    return tuple(
        Cell(*kind, count, _confidence([one for one in events if _kind(one) == kind]))
        for kind, count in sorted(alike.items())
    )


def _kind(one: Item) -> tuple[str, str, str, str]:
    return one.severity, one.behaviour, one.reason, one.model


def _confidence(events: Sequence[Item]) -> tuple[int, ...]:
    seen = [one for one in events if one.severity != "failure"]
    counted = Counter(confidence_bin(one.confidence) for one in seen)
    return tuple(counted[place] for place in range(CONFIDENCE_BINS))


def store_of(
    windows: Iterable[StatisticsWindow], now: float, minutes_kept_s: int = 1 << 40
) -> WindowStore:
    """A store that has read these to the end, as of this moment."""
    store = WindowStore(lambda: now, minutes_kept_s)
    for window in windows:
        store.add(window)
    store.complete()
    return store
