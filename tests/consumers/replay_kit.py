"""Parts for replay tests: another model that costs nothing, a replay as a process, its readers."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog
from confluent_kafka import Message, TopicPartition

from consumers.inference.settings import InferenceSettings
from consumers.replay.service import Summary, run_replay
from schemas.errors import VigieError
from storage.images import ImageStore
from tests.consumers.kit import ROOT, Place, StubClassifier
from tests.consumers.kit_forked import SERVER, ForkedWorker, Mark, MarkedCluster
from tests.waiting import wait_until
from transport import transactions
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.replays import Period
from transport.settings import TopicSettings
from transport.topics import JobTopics

SETTINGS = {"threads": 2, "transaction_images": 20}


class OtherClassifier(StubClassifier):
    """Says what the stub says, under the version of another model."""

    model_version = "other-111111111111"
    model_sha256 = "1" * 64


def replay(
    place: Place,
    period: Period | None = None,
    *,
    again: bool = False,
    stop: threading.Event | None = None,
) -> Summary:
    """One replay in this process, to its end."""
    return run_replay(
        place.cluster,
        place.store,
        place.topics,
        OtherClassifier,
        period or Period(),
        InferenceSettings(**SETTINGS),
        place.settings,
        stop or threading.Event(),
        again=again,
    )


def replayed(place: Place) -> list[Message]:
    """What a read_committed reader finds in the replays topic."""
    return list(read_to_end(place.cluster, place.topics.replays, "test-replays"))


def all_replayed(place: Place) -> list[Message]:
    """The same, after the end of the last transaction: a commit is answered before it is there."""
    wait_until(
        lambda: _ends(place, "read_committed") == _ends(place, "read_uncommitted"),
        30,
        "its end",
    )
    return replayed(place)


def _ends(place: Place, isolation: str) -> list[int]:
    reader = place.cluster.reader("test-ends", {"isolation.level": isolation})
    try:
        return [
            reader.get_watermark_offsets(TopicPartition(place.topics.replays, number), 10)[1]
            for number in range(place.settings.partitions)
        ]
    finally:
        reader.close()


def ends(place: Place) -> dict[str, int]:
    """The end offset of each live topic."""
    reader = place.cluster.reader("test-ends")
    try:
        return {
            name: reader.get_watermark_offsets(TopicPartition(name, 0), 10)[1]
            for name in place.topics.all()
        }
    finally:
        reader.close()


@contextmanager
def replaying(place: Place, period: Period | None = None) -> Iterator[subprocess.Popen[str]]:
    """A replay in a process of its own, to be killed."""
    arguments = {
        "bootstrap_servers": place.cluster.bootstrap_servers,
        "job": place.topics.job,
        "root": str(place.store.root),
        "until": str(period.until) if period and period.until else None,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.consumers.replay_kit", json.dumps(arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class ForkedReplay(ForkedWorker):
    """A replay in a process of its own, with a marked place."""

    def __init__(self, place: Place, mark: Mark | None, hanging_s: float | None) -> None:
        self.process = SERVER.Process(target=_work, args=(place, mark, hanging_s))
        self.process.start()


def _work(place: Place, mark: Mark | None, hanging_s: float | None) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if hanging_s is not None:
        transactions.HANGING_S = hanging_s
    cluster = MarkedCluster(place.cluster.bootstrap_servers, mark=mark)
    end(lambda: replay(dataclasses.replace(place, cluster=cluster)))


@contextmanager
def forked_replay(
    place: Place, mark: Mark | None = None, hanging_s: float | None = None
) -> Iterator[ForkedReplay]:
    made = ForkedReplay(place, mark, hanging_s)
    try:
        yield made
    finally:
        made.kill()


def end(act: Callable[[], Summary]) -> None:
    """Act, and leave as the command does.

    Not by sys.exit: like a killed replay, the interpreter need not tidy up for the test to hold.
    """
    try:
        code = 0 if act().finished else 130
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """The replay process itself."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = json.loads(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    until = datetime.fromisoformat(given["until"]) if given["until"] else None
    place = Place(
        Cluster(given["bootstrap_servers"]),
        JobTopics(given["job"]),
        ImageStore(Path(given["root"]), 20_000_000),
        TopicSettings(),
    )
    end(lambda: replay(place, Period(until=until), stop=stop))


if __name__ == "__main__":
    main()
