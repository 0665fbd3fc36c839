"""The folder producer killed with -9, as a real process, on the real Kafka."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from producers.folder import Place
from tests.producers.support import Bench, jpeg
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
KILLED = -9
FILES = 50


def start(bench: Bench, mark: str = "-") -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.producers.watching",
        bench.cluster.bootstrap_servers,
        bench.job,
        str(bench.folder),
        mark,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def await_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout
    for found in process.stdout:
        if found.strip() == line:
            return
    pytest.fail(f"ended before {line!r}")


def finish(bench: Bench, expected: Sequence[str]) -> None:
    """Let an unharmed process do the rest, then stop it politely."""
    process = start(bench)
    await_line(process, Place.READ_BACK)
    try:
        wait_until(lambda: len(bench.names()) >= len(expected))
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.timeout(120)
def test_killed_ten_times_between_any_two_steps_each_file_is_published_once(bench: Bench) -> None:
    expected = [f"{number:02d}.jpg" for number in range(FILES)]
    places = [place for place in Place for _ in range(2)][:10]
    for turn, place in enumerate(places):
        for name in expected[5 * turn : 5 * turn + 5]:
            bench.put(f"cam/{name}", jpeg(int(name[:2])))
        process = start(bench, f"{place}:1")
        process.communicate(timeout=30)
        assert process.returncode == KILLED
    finish(bench, expected)
    assert bench.names() == expected


@pytest.mark.timeout(120)
def test_killed_ten_times_at_any_moment_each_file_is_published_once(bench: Bench) -> None:
    chance = random.Random(20)
    expected = [f"{number:02d}.jpg" for number in range(FILES)]

    def drop(names: Sequence[str]) -> None:
        for name in names:
            bench.put(f"cam/{name}", jpeg(int(name[:2])))
            time.sleep(chance.uniform(0, 0.05))

    for turn in range(10):
        process = start(bench)
        await_line(process, chance.choice([Place.FENCED, Place.READ_BACK]))
        dropping = threading.Thread(target=drop, args=(expected[5 * turn : 5 * turn + 5],))
        dropping.start()
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.communicate()
        dropping.join()
    finish(bench, expected)
    assert bench.names() == expected
