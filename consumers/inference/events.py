"""What a worker tells those who want to know how it goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.events import Timings


@dataclass(frozen=True, slots=True)
class Judged:
    """What is counted of one image: without its message, which may be megabytes.

    Attributes:
        published_at: the broker's time of the reference.
        reason: of the Failure; ``None`` when there is a verdict.
        abstained: whether the model abstained from it.
        timings: of its parts; zeros for a Failure.
    """

    published_at: datetime
    reason: str | None
    abstained: bool
    timings: Timings


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction that counts.

    Attributes:
        partition: of the images topic.
        position: offset behind its last image.
        images: its own, in their order.
    """

    partition: int
    position: int
    images: Sequence[Judged]


@dataclass(frozen=True, slots=True)
class WorkerEvents:
    """Who wants to know what happens; each is called from the worker's thread."""

    assigned: Callable[[Mapping[int, int]], None] = lambda _positions: None
    """Partitions were taken over, each with the offset of its first image that is not committed."""
    released: Callable[[Collection[int]], None] = lambda _partitions: None
    committed: Callable[[Committed], None] = lambda _transaction: None
    """Also when this became known late, after a commit that was in doubt."""
    aborted: Callable[[], None] = lambda: None
    """A transaction was given up; its images are judged again."""
    undecided: Callable[[], None] = lambda: None
    """A commit did not end in time; `committed` or `aborted` follows when Kafka has said which."""
