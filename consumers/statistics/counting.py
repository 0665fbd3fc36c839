"""Counts partitions and says what changed, so that nothing is counted twice or left out.

Why it is exact, wherever the process is killed:

1. The state of a partition is one record of the changelog: counts, watermark and the offset that
   they go ``through``. So each record is the exact fold of the log up to that offset, and there is
   no half-written one.
2. Reading goes on behind the offset of the last record, never where the group has committed: what
   is committed too early or too late is of no consequence. Records that were counted are skipped.
3. Within one life of the process a partition is read in one go, from one seek, before which nothing
   is fetched. Kafka taking it back ends the process: nothing can slip in from before, and no
   record can be missing in between.
4. A flush first keeps the state, then says what changed. The state holds what became final since
   the one before, and a new start says all that its state holds. So what is said was kept, and what
   was kept is said: a window's newest message never goes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from consumers.statistics.aggregator import Aggregator, Record, State
from consumers.statistics.errors import PartitionLostError
from consumers.statistics.metrics import StatisticsMetrics
from consumers.statistics.state import read_state, state_record

SAY_EVERY_S = 1.0
"""At most once a second: a person sees no difference, and a day's window is not sent 20 times."""

Recall = Callable[[int], dict[str, Any] | None]
Keep = Callable[[int, dict[str, Any]], Awaitable[None]]
Say = Callable[[Sequence[tuple[bytes, bytes]]], Awaitable[None]]

log = structlog.get_logger()


class Counting:
    """The counting of all partitions of a job.

    Args:
        job: whose predictions are counted.
        grace_s: see ``StatisticsSettings``.
        recall: gives the state that was kept last for a partition.
        keep: keeps a state; returns when it cannot be lost any more.
        say: publishes keys and encoded windows; returns when they cannot be lost any more.
        metrics: told what was counted.
    """

    def __init__(
        self,
        job: str,
        grace_s: int,
        recall: Recall,
        keep: Keep,
        say: Say,
        metrics: StatisticsMetrics,
    ) -> None:
        self._job = job
        self._grace_s = grace_s
        self._recall = recall
        self._keep = keep
        self._say = say
        self._metrics = metrics
        self._partitions: dict[int, Aggregator] = {}
        self._news = asyncio.Event()
        self._flushing = asyncio.Lock()

    def begin(self, ends: Mapping[int, int]) -> dict[int, int]:
        """Take partitions over.

        Args:
            ends: per partition the offset behind its last record.

        Returns:
            Per partition the offset to read from.

        Raises:
            PartitionLostError: they were taken over before, so Kafka took them back in between.
        """
        if self._partitions:
            raise PartitionLostError(self._job)
        self._partitions = {each: self._aggregator(each, end) for each, end in ends.items()}
        self._metrics.begins(self._partitions.values())
        self._news.set()
        return {partition: through + 1 for partition, through in self.throughs().items()}

    def count(self, partition: int, record: Record) -> None:
        """Count a record; one that was counted is skipped."""
        if self._partitions[partition].fold(record):
            self._news.set()

    def throughs(self) -> dict[int, int]:
        """Per partition the offset of the newest record counted; -1 before the first."""
        return {partition: found.through for partition, found in self._partitions.items()}

    async def run(self) -> None:
        """Flush whenever something changed, at once when the last time is long ago; never ends."""
        while True:
            await self._news.wait()
            pause = asyncio.create_task(asyncio.sleep(SAY_EVERY_S))
            await self.flush()
            await pause

    async def flush(self) -> None:
        """Keep the state and say what changed."""
        async with self._flushing:
            self._news.clear()
            for partition, aggregator in self._partitions.items():
                taken = aggregator.take()
                if not taken.said:
                    continue
                await self._keep(partition, state_record(taken.state, self._grace_s))
                await self._say(taken.said)
                self._metrics.flushed(taken)

    def _aggregator(self, partition: int, end: int) -> Aggregator:
        state = read_state(self._recall(partition), self._grace_s) or State()
        if state.through >= end:
            log.warning(
                "the predictions topic is another one: counting anew",
                partition=partition,
                counted_through=state.through,
                end=end,
            )
            state = State()
        return Aggregator(self._job, partition, self._grace_s, state)
