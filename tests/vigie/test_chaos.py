"""``vigie chaos``: finds what is lost, doubled or moved, and harms nobody else's work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemas.errors import EXIT_USAGE, UsageError, VigieError
from tests.vigie.cli import environment
from transport.broker import BrokerSettings, EmbeddedBroker, Running
from transport.clients import Cluster
from vigie.app import app
from vigie.chaos.comparison import compare
from vigie.chaos.ground import owner_of
from vigie.chaos.plan import Owner, plan
from vigie.chaos.report import ChaosReport
from vigie.chaos.trial import Recovery, StalledError, Trial

EXPECTED = [f"r{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("seen", "missing", "doubled", "moved", "unknown", "first"),
    [
        (EXPECTED, 0, 0, 0, 0, None),
        ([*EXPECTED[:4], *EXPECTED[5:]], 1, 0, 0, 0, "place 4: r4 was expected, and r5 came"),
        ([*EXPECTED[:4], *EXPECTED[3:]], 0, 1, 0, 0, "place 4: r4 was expected, and r3 came"),
        (["r1", "r0", *EXPECTED[2:]], 0, 0, 1, 0, "place 0: r0 was expected, and r1 came"),
        (EXPECTED[:9], 1, 0, 0, 0, "place 9: r9 was expected, and nothing came any more"),
        ([*EXPECTED, "r9"], 0, 1, 0, 0, "place 10: r9 came behind the last that was expected"),
        ([*EXPECTED, None], 0, 0, 0, 1, "place 10: no id came behind the last that was expected"),
        (["x", *EXPECTED], 0, 0, 0, 1, "place 0: r0 was expected, and x came"),
    ],
    ids=["equal", "lost", "doubled", "swapped", "cut", "doubled at the end", "no id", "foreign"],
)
def test_each_difference_is_found(seen, missing, doubled, moved, unknown, first):
    found = compare(EXPECTED, seen)

    assert (found.missing, found.doubled, found.out_of_order) == (missing, doubled, moved)
    assert (found.unknown, found.first) == (unknown, first)


@given(st.lists(st.sampled_from([*EXPECTED, "x", None]), max_size=14) | st.permutations(EXPECTED))
def test_nothing_is_found_exactly_if_the_lists_are_equal(seen):
    found = compare(EXPECTED, seen)

    counts = (found.missing, found.doubled, found.out_of_order, found.unknown)
    assert found.exact == (seen == EXPECTED) == (counts == (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("owner", "allowed", "signals"),
    [
        (Owner.OURS, False, (SIGKILL, SIGTERM)),
        (Owner.HOME, False, ()),
        (Owner.HOME, True, (SIGKILL,)),
        (Owner.FOREIGN, False, ()),
    ],
)
def test_only_a_broker_that_nobody_else_uses_is_killed_unasked(owner, allowed, signals):
    assert plan(owner, allowed=allowed).signals == signals


def test_a_broker_is_ours_only_in_our_own_folder(tmp_path):
    def broker(home: Path) -> EmbeddedBroker:
        return EmbeddedBroker(home, BrokerSettings())

    scratch = tmp_path / "scratch"
    assert owner_of(broker(scratch), scratch) is Owner.OURS
    assert owner_of(broker(tmp_path / "home"), scratch) is Owner.HOME
    assert owner_of(None, scratch) is Owner.FOREIGN


def test_another_cluster_cannot_be_killed():
    with pytest.raises(UsageError, match="another cluster"):
        plan(Owner.FOREIGN, allowed=True)


def report(**changes: Any) -> ChaosReport:
    equal = compare(EXPECTED, EXPECTED)
    given = {
        "exact": True,
        "references": 10,
        "predictions": 10,
        "failures": 0,
        "found": equal,
        "later": equal,
        "committed_offset": 10,
        "end_offset": 10,
        "longest_pause_s": 2.0,
        "recoveries": (
            Recovery("worker", "SIGKILL", 1.25),
            Recovery("broker", "SIGKILL", 6.0),
            Recovery("worker", "SIGKILL", 0.5),
        ),
        "own_ends": (),
        "broker": "one of its own",
        "stalled": None,
    }
    return ChaosReport(**(given | changes))


def test_a_person_is_told_each_recovery_by_its_kind():
    lines = dict(report().lines())

    assert lines["worker, SIGKILL: back after"] == "1.2, 0.5 s"
    assert lines["broker, SIGKILL: back after"] == "6.0 s"
    assert lines["verdict"] == "one prediction per reference, in order"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"found": compare(EXPECTED, EXPECTED[1:])}, "place 0"),
        ({"later": compare(EXPECTED, EXPECTED[:9])}, "place 9"),
        ({"committed_offset": 9}, "not everything is committed"),
        ({"stalled": "No prediction for 60 s"}, "No prediction"),
    ],
)
def test_the_verdict_says_what_is_wrong(changes, said):
    assert report(exact=False, **changes).verdict.startswith(said)


def test_a_run_that_gets_no_answers_ends(monkeypatch):
    monkeypatch.setattr("vigie.chaos.trial.SILENCE_S", 0.0)
    feeder = SimpleNamespace(total=100, published=0, up_to=lambda number: None)
    trial = Trial(feeder, SimpleNamespace(count=0), lambda: 0)

    with pytest.raises(StalledError, match="0 were seen"):
        trial.endure([])


def test_what_ends_a_run_is_looked_for_all_the_time():
    def look() -> None:
        raise VigieError("ended")

    trial = Trial(SimpleNamespace(total=1), SimpleNamespace(count=0), lambda: 0, look)

    with pytest.raises(VigieError, match="ended"):
        trial.endure([])


@pytest.mark.parametrize(
    "words",
    [("--kills", "0"), ("--kills", "9"), ("--images", "3"), ("--images", "all"), ("--brocker",)],
    ids=" ".join,
)
def test_nonsense_is_a_usage_error(words):
    assert CliRunner().invoke(app, ["chaos", *words]).exit_code == EXIT_USAGE


@pytest.mark.kafka
def test_a_broker_that_runs_is_left_alone_and_nothing_stays_in_it(
    kafka: Running, tmp_path: Path
) -> None:
    home = Path(psutil.Process(kafka.pid).cwd())  # Java runs in its home folder
    admin = Cluster(kafka.bootstrap_servers).admin()
    before = set(admin.list_topics(timeout=10).topics)

    finished = subprocess.run(
        [sys.executable, "-m", "vigie", "chaos", "--images", "500", "--kills", "1", "--json"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=240,  # a dozen seconds on a quiet machine, ten of them for the group's session
        check=False,
    )

    found = json.loads(finished.stdout)
    assert (finished.returncode, found["exact"]) == (0, True), finished.stderr
    assert [(one["victim"], one["signal"]) for one in found["recoveries"]] == [
        ("worker", "SIGKILL")
    ]
    assert found["broker"].startswith("left alone")
    assert psutil.pid_exists(kafka.pid)
    assert {name for name in admin.list_topics(timeout=10).topics if "chaos" in name} <= before
    assert [one.id for one in admin.list_groups(timeout=10) if "chaos" in one.id] == []
