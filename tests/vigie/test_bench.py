"""``vigie bench``: measures side by side, on topics of its own, and leaves none behind."""

import json
from pathlib import Path

import pytest

from tests.vigie.cli import vigie
from transport.broker import Running
from transport.clients import Cluster
from vigie.bench.bare import WINDOW, bare_rate
from vigie.bench.run import Spread


@pytest.fixture(scope="module")
def report(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One small round on the run's broker."""
    finished = vigie(
        tmp_path_factory.mktemp("bench"),
        *("bench", "--images", "50", "--rounds", "1", "--json"),
        VIGIE_KAFKA__BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_the_report_has_every_measure(report):
    speeds = [report[name]["median"] for name in ("bare_one_core", "bare_all_cores", "whole")]

    assert min(*speeds, report["whole_over_bare"], report["latency_p50_ms"]) > 0
    assert report["latency_p50_ms"] <= report["latency_p95_ms"]
    assert report["heat_cost"] >= 1


def test_the_ratio_is_that_of_neighbouring_rounds(report):
    whole, bare = report["whole"]["median"], report["bare_all_cores"]["median"]

    assert report["whole_over_bare"] == pytest.approx(whole / bare, rel=0.01)


def test_the_worker_stays_small(report):
    assert report["worker_mib"] < 250


def test_its_topics_are_gone(report, kafka):
    topics = Cluster(kafka.bootstrap_servers).admin().list_topics(timeout=10).topics

    assert [name for name in topics if name.startswith("vigie.bench-")] == []


def test_the_spread_is_smallest_middle_and_largest():
    assert Spread.of([3.0, 1.0, 2.04]) == Spread(1.0, 2.0, 3.0)


def test_the_bare_loop_judges_every_image_once(tmp_path: Path):
    class Counting:
        def __init__(self) -> None:
            self.seen: list[bytes] = []

        def classify(self, data: bytes) -> None:
            self.seen.append(data)

    files = []
    for number in range(2 * WINDOW + 3):
        files.append(tmp_path / str(number))
        files[-1].write_text(str(number))
    classifiers = [Counting(), Counting()]

    assert bare_rate(classifiers, files) > 0  # type: ignore[arg-type]
    assert sorted(int(data) for one in classifiers for data in one.seen) == list(range(len(files)))
