"""Predictions of one partition, folded in their order into windows of time.

A pure function of the log: what is counted, where, and when a window is final follows from the
records alone, whenever and however often they are read. No clock, no Kafka, no Faust.

1. An event's time is when its outcome was known (``finished_at``), as on the page. It is taken to
   be at most ``AHEAD_S`` behind the broker's time of its record: a wrong clock counts near the
   truth and cannot drag the watermark along.
2. The watermark is the greatest time of an event so far. It never goes back.
3. A window is final once the watermark has reached its end and the grace: it is said for the last
   time and forgotten.
4. An event whose window is final by then counts as ``late`` in the window of the same size and
   camera that holds the watermark. So over all windows of one size ``events`` and ``late`` sum to
   the records of the partition.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor
from typing import NamedTuple

from schemas.codec import decode_prediction, decode_window, encode_window
from schemas.errors import RefusedError
from schemas.events import (
    EVENT_UNREADABLE,
    UNKNOWN_OUTCOME,
    Classification,
    Failure,
    Outcome,
    severity_of,
)
from schemas.statistics import (
    CONFIDENCE_BINS,
    WINDOW_SIZES,
    Cell,
    StatisticsWindow,
    confidence_bin,
    latency_bin,
)

AHEAD_S = 60
"""How far an event's time may be ahead of its record's. The broker takes an event after its outcome
is known, so an honest one is ahead by the difference of two machines' clocks only, which is below
a second where they are set by the network. A tenth of the grace: one wrong clock in the future
cannot make the events of the others late."""

MOST_OPEN = 20_000
"""Windows kept at a time: a thousand cameras. Camera names come from outside; those beyond count
as an unknown camera, or invented names would fill the memory."""

LONGEST_SOURCE = 200
"""Characters of a camera's name that is kept; a longer one counts as an unknown camera."""


class Record(NamedTuple):
    """One message of the predictions topic; ``at_s``: the broker's time, seconds since 1970."""

    offset: int
    at_s: int
    value: bytes | None


class Key(NamedTuple):
    """Which window; ``start`` in seconds since 1970."""

    size_s: int
    start: int
    source: str


class Kind(NamedTuple):
    """What the events of a cell have in common, in the order of ``Cell``."""

    severity: str
    behaviour: str
    reason: str
    model_version: str


class Event(NamedTuple):
    """What is counted of one record; times in whole seconds since 1970."""

    at_s: int
    source: str
    kind: Kind
    confidence: int | None
    latency: int | None


@dataclass(frozen=True, slots=True)
class State:
    """All that is needed to go on behind a record.

    Attributes:
        through: offset of the newest record folded; -1 before the first.
        watermark: greatest time of an event, seconds since 1970; ``None`` before the first.
        windows: encoded: the open ones, and those that became final since the state before.
    """

    through: int = -1
    watermark: int | None = None
    windows: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call of ``Aggregator.take`` gives.

    Attributes:
        state: to be kept.
        said: keys and encoded windows, to be published.
        events: records counted since the call before.
        late: those whose window of some size was final.
        unreadable: those that are no predictions.
    """

    state: State
    said: list[tuple[bytes, bytes]]
    events: int
    late: int
    unreadable: int


@dataclass(slots=True)
class _Count:
    events: int = 0
    confidence: list[int] = field(default_factory=lambda: [0] * CONFIDENCE_BINS)


@dataclass(slots=True)
class _Window:
    cells: dict[Kind, _Count] = field(default_factory=dict)
    latency: Counter[int] = field(default_factory=Counter)
    late: int = 0
    through: int = -1
    said: tuple[bytes, bytes] | None = None  # key and message, until it changes


class Aggregator:
    """Counts one partition.

    Args:
        job: whose predictions they are.
        partition: of the predictions topic.
        grace_s: how long after its end a window waits for events that are behind.
        state: where to go on; by default at the beginning of the log.
    """

    def __init__(self, job: str, partition: int, grace_s: int, state: State | None = None) -> None:
        state = state or State()
        self._job = job
        self._partition = partition
        self._grace_s = grace_s
        self._through = state.through
        self._watermark = state.watermark
        self._open: dict[Key, _Window] = {}
        self._final: dict[Key, _Window] = {}  # since the last take
        self._changed: set[Key] = set()
        self._closes_at: float = float("inf")  # when the watermark is there, some window is final
        self._events = self._late = self._unreadable = 0  # since the last take
        for message in state.windows:
            self._restore(decode_window(message), message)

    @property
    def through(self) -> int:
        """Offset of the newest record folded; -1 before the first."""
        return self._through

    @property
    def watermark(self) -> int | None:
        """Greatest time of an event, seconds since 1970; ``None`` before the first."""
        return self._watermark

    @property
    def open_windows(self) -> int:
        """How many windows are not final."""
        return len(self._open)

    def fold(self, record: Record) -> bool:
        """Count one record; whether it was new, not one that was counted already."""
        if record.offset <= self._through:
            return False
        self._through = record.offset
        event = read_event(record)
        self._advance(event.at_s)
        late = [self._count(size_s, event) for size_s in WINDOW_SIZES]
        self._events += 1
        self._late += any(late)
        self._unreadable += event.kind.reason == EVENT_UNREADABLE
        return True

    def take(self) -> Taken:
        """The state to keep, and what changed since the last call.

        Of an aggregator that was made from a state, the first call gives all of its windows: so
        whoever was stopped between keeping a state and saying what changed says it again.
        """
        final = [self._say(*each, is_final=True) for each in self._final.items()]
        opened = {key: self._say(key, each, is_final=False) for key, each in self._open.items()}
        said = [*final, *(opened[key] for key in opened if key in self._changed)]
        windows = tuple(message for _, message in (*final, *opened.values()))
        state = State(self._through, self._watermark, windows)
        taken = Taken(state, said, self._events, self._late, self._unreadable)
        self._final.clear()
        self._changed.clear()
        self._events = self._late = self._unreadable = 0
        return taken

    def _advance(self, at_s: int) -> None:
        if self._watermark is None or at_s > self._watermark:
            self._watermark = at_s
            if at_s >= self._closes_at:
                self._close()

    def _close(self) -> None:
        for key in [key for key in self._open if self._is_final(key.start, key.size_s)]:
            window = self._final[key] = self._open.pop(key)
            window.said = None
            self._changed.discard(key)
        self._closes_at = min(map(self._end, self._open), default=float("inf"))

    def _is_final(self, start: int, size_s: int) -> bool:
        return self._watermark is not None and start + size_s + self._grace_s <= self._watermark

    def _end(self, key: Key) -> int:
        return key.start + key.size_s + self._grace_s

    def _count(self, size_s: int, event: Event) -> bool:
        """Count an event in its window of one size; whether it is late."""
        start = event.at_s - event.at_s % size_s
        if late := self._is_final(start, size_s):
            assert self._watermark is not None  # noqa: S101 - else nothing is final
            start = self._watermark - self._watermark % size_s
        window = self._window(Key(size_s, start, event.source))
        window.through = self._through
        if late:
            window.late += 1
            return True
        count = window.cells.setdefault(event.kind, _Count())
        count.events += 1
        if event.confidence is not None:
            count.confidence[event.confidence] += 1
        if event.latency is not None:
            window.latency[event.latency] += 1
        return False

    def _window(self, key: Key) -> _Window:
        found = self._open.get(key)
        if found is None and len(self._open) >= MOST_OPEN:
            key = key._replace(source="")
            found = self._open.get(key)
        if found is None:
            found = self._open[key] = _Window()
            self._closes_at = min(self._closes_at, self._end(key))
        found.said = None
        self._changed.add(key)
        return found

    def _say(self, key: Key, window: _Window, *, is_final: bool) -> tuple[bytes, bytes]:
        if window.said is None:
            told = self._told(key, window, is_final=is_final)
            window.said = told.key, encode_window(told)
        return window.said

    def _told(self, key: Key, window: _Window, *, is_final: bool) -> StatisticsWindow:
        return StatisticsWindow(
            job=self._job,
            partition=self._partition,
            size_s=key.size_s,
            start=datetime.fromtimestamp(key.start, UTC),
            source=key.source,
            cells=tuple(
                Cell(*kind, count.events, tuple(count.confidence))
                for kind, count in sorted(window.cells.items())
            ),
            latency=tuple(sorted(window.latency.items())),
            late=window.late,
            through=window.through,
            is_final=is_final,
        )

    def _restore(self, told: StatisticsWindow, message: bytes) -> None:
        key = Key(told.size_s, int(told.start.timestamp()), told.source)
        window = _Window(latency=Counter(dict(told.latency)), late=told.late, through=told.through)
        for cell in told.cells:
            kind = Kind(cell.severity, cell.behaviour, cell.reason, cell.model_version)
            window.cells[kind] = _Count(cell.count, list(cell.confidence))
        window.said = told.key, message
        if told.is_final:
            self._final[key] = window
        else:
            self._open[key] = window
            self._changed.add(key)
            self._closes_at = min(self._closes_at, self._end(key))


def read_event(record: Record) -> Event:
    """What is counted of a record; one that is no prediction counts as a failure at its place."""
    try:
        prediction = decode_prediction(record.value)
    except RefusedError:
        kind = Kind("failure", "", EVENT_UNREADABLE, "")
        return Event(record.at_s, "", kind, None, None)
    source = prediction.reference.source if prediction.reference else ""
    outcome = prediction.outcome
    seen = outcome if isinstance(outcome, Classification) else None
    return Event(
        at_s=min(floor(prediction.finished_at.timestamp()), record.at_s + AHEAD_S),
        source=source if len(source) <= LONGEST_SOURCE else "",
        kind=Kind(
            severity_of(outcome),
            seen.behaviour if seen else "",
            _reason(outcome),
            prediction.model_version,
        ),
        confidence=confidence_bin(seen.confidence) if seen else None,
        latency=latency_bin(prediction.latency_ms),
    )


def _reason(outcome: Outcome) -> str:
    match outcome:
        case Classification():
            return ""
        case Failure(reason, _):
            return reason
        case _:
            return UNKNOWN_OUTCOME
