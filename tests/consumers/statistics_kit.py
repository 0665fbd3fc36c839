"""Parts for tests of the statistics: their process, predictions to count, a plain recount."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from consumers.statistics.aggregator import Aggregator, Record
from schemas.codec import decode_prediction, decode_window, encode_prediction
from schemas.events import Prediction, severity_of
from schemas.statistics import DAY_S, WINDOW_SIZES, StatisticsWindow
from tests.consumers.kit import ROOT
from tests.dashboard.kit import FAILED, prediction, seen
from tests.vigie.cli import environment
from tests.waiting import wait_until
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_statistics, ensure_topics

PATIENCE_S = 90
"""For a start on a machine that does three other things; on an idle one it takes three seconds."""

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""Before any broker's time: what is counted at its own time."""

OUTCOMES = (seen(0), seen(4), seen(7, 0.4, abstained=True), FAILED)

Windows = dict[bytes, StatisticsWindow]


def event(number: int, second: float = 0, *, source: str | None = None) -> Prediction:
    """One of every outcome in turn, of two cameras, so many seconds after noon."""
    return prediction(
        number,
        OUTCOMES[number % 4],
        source=source if source is not None else f"cabin-{number % 2}",
        at=NOON + timedelta(seconds=second),
    )


def recount(values: Iterable[bytes]) -> Counter[tuple[int, int, str, str]]:
    """What a person would count: events per size, start, camera and severity."""
    counts: Counter[tuple[int, int, str, str]] = Counter()
    for value in values:
        told = decode_prediction(value)
        at = int(told.finished_at.timestamp())
        source = told.reference.source if told.reference else ""
        counts.update((s, at - at % s, source, severity_of(told.outcome)) for s in WINDOW_SIZES)
    return counts


def counted(windows: Iterable[StatisticsWindow]) -> Counter[tuple[int, int, str, str]]:
    """What windows say, in the form of ``recount``."""
    counts: Counter[tuple[int, int, str, str]] = Counter()
    for window in windows:
        start = int(window.start.timestamp())
        for cell in window.cells:
            counts[window.size_s, start, window.source, cell.severity] += cell.count
    return counts


def totals(windows: Iterable[StatisticsWindow]) -> dict[int, int]:
    """Events and late ones per size."""
    found = dict.fromkeys(WINDOW_SIZES, 0)
    for window in windows:
        found[window.size_s] += window.events + window.late
    return found


@dataclass(frozen=True)
class Counted:
    """A job whose predictions the test writes, and whose statistics it reads."""

    cluster: Cluster
    topics: JobTopics
    home: Path
    settings: TopicSettings

    def write(self, values: Iterable[bytes | None], *, partition: int = 0) -> None:
        """One committed record after the other."""
        producer = self.cluster.producer("statistics-test")
        for value in values:
            producer.produce(self.topics.predictions, value, key=b"k", partition=partition)
            producer.poll(0)
        assert producer.flush(30) == 0

    def write_events(self, numbers: Iterable[int], *, every_s: float = 1.0) -> list[bytes]:
        """Events so many seconds apart; gives what was written."""
        written = [encode_prediction(event(number, number * every_s)) for number in numbers]
        self.write(written)
        return written

    def windows(self, topics: JobTopics | None = None) -> Windows:
        """The newest message of each window."""
        topic = (topics or self.topics).statistics
        told = [decode_window(m.value()) for m in read_to_end(self.cluster, topic, "test-windows")]
        return {window.key: window for window in told}

    def events_said(self, topics: JobTopics | None = None) -> int:
        """How many records the windows of a day count."""
        return totals(self.windows(topics).values())[DAY_S]

    def changelog(self) -> list[bytes | None]:
        """Every state that was kept and is not compacted away."""
        topic = f"vigie.{self.topics.job}.statistics-state-changelog"
        return [m.value() for m in read_to_end(self.cluster, topic, "test-changelog")]

    def expected(self, grace_s: int = 600) -> Windows:
        """What all committed records of the predictions topic come to, folded in one go."""
        counting = {
            partition: Aggregator(self.topics.job, partition, grace_s)
            for partition in range(self.settings.partitions)
        }
        for message in read_to_end(self.cluster, self.topics.predictions, "test-log"):
            at_s = message.timestamp()[1] // 1000
            record = Record(message.offset(), at_s, message.value())
            counting[message.partition()].fold(record)
        said = [each for one in counting.values() for each in one.take().said]
        return {key: decode_window(message) for key, message in said}


def make_counted(bootstrap_servers: str, job: str, home: Path, partitions: int = 1) -> Counted:
    made = Counted(
        Cluster(bootstrap_servers), JobTopics(job), home, TopicSettings(partitions=partitions)
    )
    ensure_topics(made.cluster.admin(), made.topics, made.settings)
    ensure_statistics(made.cluster.admin(), made.topics, made.settings)
    return made


class StatisticsProcess:
    """``vigie statistics`` as a process of its own; or a command line that stands in for it."""

    def __init__(self, place: Counted, *words: str, command: Sequence[str] | None = None) -> None:
        settings = {
            "VIGIE_KAFKA__BOOTSTRAP_SERVERS": place.cluster.bootstrap_servers,
            "VIGIE_KAFKA__TOPICS__PARTITIONS": str(place.settings.partitions),
            "VIGIE_METRICS__PORT": "0",
        }
        # A file: a process that says much would wait for somebody to read from a pipe.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see kill
        self.process = subprocess.Popen(
            [sys.executable, "-m", *(command or ("vigie", "statistics", place.topics.job)), *words],
            env=environment(place.home, settings),
            cwd=ROOT,
            stderr=self._errors,
            stdin=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout: float = PATIENCE_S) -> tuple[int, str]:
        """SIGTERM; the exit code and what stood on stderr."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float = PATIENCE_S) -> tuple[int, str]:
        """The exit code and stderr of a process that leaves by itself."""
        return self.process.wait(timeout), self.said()

    def said(self) -> str:
        """What stands on stderr so far."""
        self._errors.seek(0)
        return self._errors.read()

    def ask(self, path: str) -> str:
        """What its health server answers; fails for any status but 200."""
        (address,) = re.findall(r'"address": "([^"]+)"', self.said())
        answer = requests.get(address + path, timeout=10)
        assert answer.ok, answer.text
        return answer.text

    def close(self) -> None:
        self.kill()
        self._errors.close()


@contextmanager
def counting(
    place: Counted, *words: str, command: Sequence[str] | None = None
) -> Iterator[StatisticsProcess]:
    process = StatisticsProcess(place, *words, command=command)
    try:
        yield process
    finally:
        process.close()


def await_said(place: Counted, count: int, process: StatisticsProcess) -> None:
    """Wait until the windows count so many records; fails with what the process said."""

    def is_there() -> bool:
        assert process.process.poll() is None, process.said()
        return place.events_said() >= count

    wait_until(is_there, PATIENCE_S, f"{count} records counted")
