"""What is kept, said and told, in which order: with a changelog and a topic that are lists."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumers.statistics.aggregator import Record
from consumers.statistics.counting import Counting
from consumers.statistics.errors import PartitionLostError
from consumers.statistics.logs import Seldom
from consumers.statistics.metrics import StatisticsMetrics
from schemas.codec import decode_window, encode_prediction
from schemas.errors import EXIT_FATAL
from tests.consumers.statistics_kit import NOON, Windows, event, totals

GRACE_S = 600


class Log:
    """A changelog and a statistics topic; may lose its broker before or after the state is kept."""

    def __init__(self) -> None:
        self.states: dict[int, dict[str, Any]] = {}
        self.windows: Windows = {}
        self.calls: list[str] = []
        self.broken: str | None = None
        self.registry = CollectorRegistry()

    def counting(self) -> Counting:
        metrics = StatisticsMetrics(self.registry)
        return Counting("driver", GRACE_S, self.states.get, self._keep, self._say, metrics)

    def metric(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"vigie_statistics_{name}")

    async def _keep(self, partition: int, record: dict[str, Any]) -> None:
        self._call("keep")
        self.states[partition] = record

    async def _say(self, said: Sequence[tuple[bytes, bytes]]) -> None:
        self._call("say")
        self.windows |= {key: decode_window(message) for key, message in said}

    def _call(self, name: str) -> None:
        if self.broken == name:
            raise ConnectionError(name)
        self.calls.append(name)


def feed(counting: Counting, offsets: range) -> None:
    for offset in offsets:
        value = encode_prediction(event(offset, 10 * offset))
        counting.count(0, Record(offset, int(NOON.timestamp()) + 10 * offset, value))


def run(log: Log, upto: int, *, broken: str | None = None) -> None:
    """One life: from where the state ends to the record ``upto``, flushed every ten records."""

    async def life() -> None:
        counting = log.counting()
        first = counting.begin({0: 1000})[0]
        log.broken = None
        await counting.flush()
        for start in range(first, upto, 10):
            feed(counting, range(start, min(start + 10, upto)))
            log.broken = broken if start + 10 >= upto else None
            await counting.flush()

    log.registry = CollectorRegistry()
    try:
        asyncio.run(life())
    except ConnectionError:
        assert broken


def test_the_state_is_kept_before_anything_is_said():
    log = Log()
    run(log, 10)

    assert log.calls == ["keep", "say"]


@pytest.mark.parametrize("broken", ["keep", "say"])
def test_a_broker_lost_in_a_flush_loses_and_doubles_nothing(broken):
    """Windows of a minute become final in the very flush that fails."""
    straight, broken_once = Log(), Log()
    run(straight, 200)
    run(broken_once, 150, broken=broken)
    run(broken_once, 200)

    assert broken_once.windows == straight.windows
    assert set(totals(straight.windows.values()).values()) == {200}


def test_a_new_start_says_all_that_its_state_holds():
    log = Log()
    run(log, 100)
    said = dict(log.windows)
    log.windows.clear()
    run(log, 100)

    assert log.windows
    assert log.windows.items() <= said.items()


def test_nothing_new_keeps_and_says_nothing():
    log = Log()

    async def life() -> None:
        counting = log.counting()
        counting.begin({0: 1000})
        feed(counting, range(3))
        await counting.flush()
        await counting.flush()

    asyncio.run(life())
    assert log.calls == ["keep", "say"]


def test_a_topic_that_was_made_anew_is_counted_from_its_beginning():
    log = Log()
    run(log, 100)

    async def begin() -> dict[int, int]:
        return log.counting().begin({0: 40})

    log.registry = CollectorRegistry()
    assert asyncio.run(begin()) == {0: 0}


def test_partitions_that_were_taken_back_end_the_process():
    async def lives() -> None:
        counting = Log().counting()
        counting.begin({0: 0})
        counting.begin({0: 0})

    with pytest.raises(PartitionLostError, match="Run one, and start it again") as raised:
        asyncio.run(lives())
    assert raised.value.exit_code == EXIT_FATAL


def test_metrics_count_what_is_kept():
    log = Log()

    async def life() -> None:
        counting = log.counting()
        counting.begin({0: 1000})
        feed(counting, range(5))
        counting.count(0, Record(5, int(NOON.timestamp()), b"rubbish"))
        assert log.metric("events_total") == 0
        await counting.flush()

    asyncio.run(life())
    assert log.metric("events_total") == 6
    assert log.metric("unreadable_total") == 1
    assert log.metric("windows_open") == len(log.windows) > 0
    assert log.metric("last_emission_timestamp_seconds") > 0


def test_it_waits_for_a_partition():
    async def life() -> tuple[str | None, str | None]:
        metrics = StatisticsMetrics(CollectorRegistry())
        counting = Counting("driver", GRACE_S, {}.get, Log()._keep, Log()._say, metrics)
        before = metrics.waits_for()
        counting.begin({0: 0})
        return before, metrics.waits_for()

    assert asyncio.run(life()) == ("a partition of the predictions topic", None)


def test_a_line_of_code_speaks_once_a_minute():
    seconds = iter([0, 1, 2, 61])
    seldom = Seldom(lambda: next(seconds))
    lines = [
        logging.LogRecord("aiokafka", logging.ERROR, "client.py", line, "Away.", (), None)
        for line in (7, 7, 8, 7)
    ]

    assert [seldom.filter(line) for line in lines] == [True, False, True, True]
