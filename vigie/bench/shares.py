"""Who uses the processor while the whole path runs: what keeps it from the bare loop's speed."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

JUDGING = "judging threads"
MAIN = "worker's main thread"
KAFKA = "worker's Kafka client"
BROKER = "broker"
MEASURING = "measuring process"
OTHERS = "other programs"
IDLE = "idle"

PARTS = (JUDGING, MAIN, KAFKA, BROKER, MEASURING, OTHERS, IDLE)

LIBRDKAFKA_PREFIX = "rdk:"
"""How librdkafka names its threads, e.g. ``rdk:broker1``."""

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Share:
    """What one part used of the processors.

    Attributes:
        part: one of ``PARTS``.
        cores: processor seconds per second.
        ms_per_image: processor milliseconds per image answered meanwhile.
    """

    part: str
    cores: float
    ms_per_image: float


@dataclass
class Load:
    """Processor time over some rounds, added up.

    Attributes:
        cores: how many there are.
        seconds: how long the rounds took, together.
        images: how many images they answered.
        used: processor seconds of each part that could be seen.
    """

    cores: int
    seconds: float = 0.0
    images: int = 0
    used: dict[str, float] = field(default_factory=dict)

    def add(self, seconds: float, images: int, used: Mapping[str, float]) -> None:
        """Count one more round."""
        self.seconds += seconds
        self.images += images
        for part, more in used.items():
            self.used[part] = self.used.get(part, 0.0) + more

    @contextmanager
    def measuring(self, meter: Meter, images: int) -> Iterator[None]:
        """Count what the block does as one more round."""
        before, began = meter.read(), time.perf_counter()
        yield
        self.add(time.perf_counter() - began, images, used_between(before, meter.read()))

    def share(self, part: str) -> Share:
        """What the part used, as it is told."""
        return Share(part, round(self.cores_of(part), 3), round(self.ms_of(part), 3))

    def cores_of(self, part: str) -> float:
        """Processor seconds per second; of ``OTHERS``, what no other part accounts for."""
        if part == OTHERS:
            # Clocks are read one after the other: their sum may be a little above the truth.
            return max(0.0, self.cores - sum(self.used.values()) / self.seconds)
        return self.used.get(part, 0.0) / self.seconds

    def ms_of(self, part: str) -> float:
        """Processor milliseconds per image."""
        return self.cores_of(part) * self.seconds / self.images * 1e3

    def shares(self) -> tuple[Share, ...]:
        """Of each part that used anything, in the order of ``PARTS``."""
        return tuple(self.share(part) for part in PARTS if part == OTHERS or self.used.get(part))


class Meter:
    """Reads how much processor time everybody has used so far.

    Args:
        workers: process ids.
        broker: its process id; ``None``: it is not ours to see, and counts as another program.
    """

    def __init__(self, workers: Sequence[int], broker: int | None) -> None:
        self._workers = [psutil.Process(pid) for pid in workers]
        self._broker = psutil.Process(broker) if broker is not None else None
        self._own = psutil.Process()
        self._cores = sorted(os.sched_getaffinity(0))

    @property
    def cores(self) -> int:
        """How many this process may use."""
        return len(self._cores)

    def read(self) -> dict[str, float]:
        """Processor seconds of each part since some moment in the past."""
        used: dict[str, float] = defaultdict(float)
        for worker in self._workers:
            for thread in worker.threads():
                kind = kind_of(worker.pid, thread.id, thread_name(worker.pid, thread.id))
                used[kind] += thread.user_time + thread.system_time
        if self._broker is not None:
            used[BROKER] = _seconds_of(self._broker)
        used[MEASURING] = _seconds_of(self._own)
        every = psutil.cpu_times(percpu=True)
        used[IDLE] = sum(_idle_of(every[core]) for core in self._cores)
        return used


def used_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Processor seconds of each part from one reading to the next."""
    return {part: max(0.0, after[part] - before.get(part, 0.0)) for part in after}


def kind_of(process: int, thread: int, name: str) -> str:
    """Which part a worker's thread belongs to.

    Besides the main thread and the Kafka client's, only those that judge use any time worth
    telling.
    """
    if thread == process:
        return MAIN
    return KAFKA if name.startswith(LIBRDKAFKA_PREFIX) else JUDGING


def thread_name(process: int, thread: int) -> str:
    """What the system calls a thread; empty where it does not say, or the thread has ended."""
    try:
        return (PROC / str(process) / "task" / str(thread) / "comm").read_text("utf-8").strip()
    except OSError:
        return ""


def _seconds_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _idle_of(core: Any) -> float:
    """Seconds in which a core had nothing to do, or waited for a disk."""
    return float(core.idle + getattr(core, "iowait", 0.0))
