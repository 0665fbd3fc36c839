"""What the operations strip tells: is a worker at work, what waits, since when, what went wrong.

The pure part: facts that were read from Kafka become a verdict. ``watch.py`` gathers them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypedDict

LAG_SHOWN = 1000
"""Waiting images are counted one by one up to here: "1,000+" tells a person as much as 48,213."""

STUCK_S = 5.0
"""Images wait and none is answered for this long: no image takes a second, and a transaction ends
every 250 ms. Half the session after which a killed worker is no member any more."""

STALE_S = 5.0
"""A report older than this is no longer told: a new one comes each second, from a slow Kafka every
two or three."""

Worker = Literal["alive", "stuck", "absent", "unknown"]
"""alive: a member of the group, and no image waits in vain; stuck: a member, but nothing moves;
absent: no member, so images wait; unknown: Kafka does not answer."""


class Snapshot(TypedDict):
    """The strip's part of the pulse. Seconds; ``None`` where nothing is known or nothing waits."""

    worker: Worker
    lag: int | None
    lag_more: bool
    oldest_s: float | None
    dead_letters: int | None
    dead_letters_more: bool
    checked_s: float | None


class Backlog:
    """The images that wait for an answer, per partition, oldest first; the first ``most`` of each.

    Offsets cannot be subtracted: every transaction of a producer ends with a marker that takes an
    offset too. So what waits is read, record by record, and forgotten as it is answered.
    """

    def __init__(self, most: int = LAG_SHOWN) -> None:
        self._most = most
        self._lines: dict[int, _Line] = {}

    def answered(self, partition: int, committed: int) -> None:
        """The group has committed this offset: what stands before it no longer waits."""
        line = self._lines.get(partition)
        if line is None or committed < line.committed:  # new, or set back by hand: read anew
            self._lines[partition] = _Line(committed, committed)
            return
        line.committed = committed
        line.next = max(line.next, committed)
        while line.waiting and line.waiting[0][0] < committed:
            line.waiting.popleft()

    def take(self, partition: int, offset: int, appended_ms: int) -> None:
        """A record of the images topic. Beyond one more than is counted it is left for later."""
        line = self._lines[partition]
        if offset >= line.next and not self._is_full(line):
            line.waiting.append((offset, appended_ms))
            line.next = offset + 1

    def unread(self) -> dict[int, int]:
        """Where to go on reading, per partition in which more can be counted."""
        return {p: line.next for p, line in self._lines.items() if not self._is_full(line)}

    def _is_full(self, line: _Line) -> bool:
        return len(line.waiting) > self._most

    @property
    def lag(self) -> int:
        """How many images wait; see ``more``."""
        return min(self._total, self._most)

    @property
    def more(self) -> bool:
        """Whether more wait than ``lag`` says."""
        return self._total > self._most

    @property
    def _total(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    @property
    def oldest_ms(self) -> int | None:
        """When the image that waits longest was published, milliseconds since 1970."""
        return min(
            (line.waiting[0][1] for line in self._lines.values() if line.waiting), default=None
        )

    @property
    def heads(self) -> dict[int, int]:
        """The offset of the first waiting image, per partition that has one."""
        return {p: line.waiting[0][0] for p, line in self._lines.items() if line.waiting}


@dataclass(slots=True)
class _Line:
    """One partition: how far it is answered, how far it is read, and what lies between."""

    committed: int
    next: int
    waiting: deque[tuple[int, int]] = field(default_factory=deque)


class Pace:
    """Judges by membership and by progress: a killed worker stays a member for 10 s."""

    def __init__(self) -> None:
        self._heads: dict[int, tuple[int, float]] = {}

    def judge(self, members: int, heads: dict[int, int], now: float) -> Worker:
        """The verdict.

        Args:
            members: of the workers' group.
            heads: the first waiting image of each partition that has one.
            now: seconds, monotonic.
        """
        if not members:
            self._heads = {}  # whoever comes next gets its own time to answer
            return "absent"
        known = self._heads
        self._heads = {
            p: known[p] if p in known and known[p][0] == head else (head, now)
            for p, head in heads.items()
        }
        waited = max((now - since for _, since in self._heads.values()), default=0.0)
        return "stuck" if waited >= STUCK_S else "alive"


@dataclass(frozen=True, slots=True)
class Report:
    """What one look at Kafka found. Times in seconds since 1970."""

    at: float
    worker: Worker = "unknown"
    lag: int | None = None
    lag_more: bool = False
    oldest_at: float | None = None
    dead_letters: int | None = None
    dead_letters_more: bool = False

    def snapshot(self, now: float) -> Snapshot:
        """The report as it stands now; one that is too old says nothing any more."""
        known = self if now - self.at <= STALE_S else Report(self.at)
        oldest = None if known.oldest_at is None else round(max(0.0, now - known.oldest_at), 1)
        return {
            "worker": known.worker,
            "lag": known.lag,
            "lag_more": known.lag_more,
            "oldest_s": oldest,
            "dead_letters": known.dead_letters,
            "dead_letters_more": known.dead_letters_more,
            "checked_s": round(max(0.0, now - self.at), 1),
        }


def not_known(_: float) -> Snapshot:
    """The snapshot of a page that nobody watches Kafka for, or that has just begun to."""
    return {**Report(0.0).snapshot(0.0), "checked_s": None}
