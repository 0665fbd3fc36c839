"""A whole installation, started as a newcomer starts it: ``vigie up``."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from schemas.codec import decode_prediction
from schemas.events import Classification
from tests.vigie.cli import environment
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.reading import read_to_end
from transport.topics import JobTopics

PATIENCE_S = 60.0


@dataclass
class Up:
    """A running ``vigie up``."""

    home: Path
    process: subprocess.Popen[str]
    link: str

    def predictions(self) -> list[Classification]:
        address = EmbeddedBroker(self.home, BrokerSettings()).status().bootstrap_servers
        assert address is not None
        topic = JobTopics("driver").predictions
        return [
            decode_prediction(message.value()).outcome
            for message in read_to_end(Cluster(address), topic, "test-up")
        ]

    def family(self) -> list[psutil.Process]:
        """Everything that lives through this process: ours, the guard, Java."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def member(self, words: str) -> psutil.Process:
        [found] = [one for one in self.family() if words in " ".join(one.cmdline())]
        return found


def start_up(home: Path, *words: str, **settings: str) -> Up:
    """Return when it has said its link; ``settings`` go to the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "up", "--port", "0", *words],
        cwd=home,
        env=environment(home, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        said = output.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, f"no link in {said!r}"
    return Up(home, process, found[0])


@contextmanager
def running_up(home: Path, *words: str, **settings: str) -> Iterator[Up]:
    """As `start_up`; on leaving it is told to end, and has ended in order."""
    up = start_up(home, *words, **settings)
    try:
        yield up
    finally:
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(15) == 0
