"""Processes that are kept alive: when they start again, when not, and that none is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import (
    EXIT_CONFIGURATION,
    EXIT_FATAL,
    EXIT_POISON_STORM,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
)
from tests.waiting import wait_until
from vigie.processes import LOG_BYTES, ROOT, RestartPolicy, Service, end_all


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def service(tmp_path):
    made = []

    def make(code: str) -> Service:
        made.append(Service("child", python(code), tmp_path))
        return made[-1]

    yield make
    end_all(made, 0.0)


@pytest.mark.parametrize("code", [1, EXIT_FATAL, -signal.SIGKILL])
def test_a_process_that_died_is_started_again(code):
    assert RestartPolicy().restarts(code, 0.0)


@pytest.mark.parametrize("code", [EXIT_USAGE, EXIT_CONFIGURATION, EXIT_POISON_STORM])
def test_a_process_that_a_person_must_mend_is_not_started_again(code):
    assert not RestartPolicy().restarts(code, 0.0)


def test_a_process_that_finds_kafka_away_is_started_again_as_often_as_it_takes():
    policy = RestartPolicy(restarts=1, window_s=10.0)

    assert all(policy.restarts(EXIT_UNAVAILABLE, now) for now in range(20))
    assert policy.restarts(1, 20.0)


def test_a_process_that_dies_again_and_again_is_given_up():
    policy = RestartPolicy(restarts=3, window_s=10.0)

    assert [policy.restarts(1, now) for now in (0, 1, 2, 3)] == [True, True, True, False]


@given(st.lists(st.floats(20.1, 1000), min_size=1, max_size=20))
def test_rare_deaths_are_always_forgiven(gaps):
    policy = RestartPolicy(restarts=1, window_s=20.0)
    moments = [sum(gaps[:index]) for index in range(len(gaps))]

    assert all(policy.restarts(1, now) for now in moments)


def test_a_killed_process_is_replaced_at_once(service):
    child = service("import time; time.sleep(60)")
    child.start()
    first = child.pid
    os.kill(first, signal.SIGKILL)

    seen = []
    wait_until(lambda: seen.append(ended) or True if (ended := child.watch()) else False)

    assert (seen[0].exit_code, seen[0].restarted) == (-signal.SIGKILL, True)
    assert child.pid not in (None, first)


def test_the_sentence_of_a_process_that_gave_up_is_told(service):
    child = service("import sys; sys.exit(print('vigie: Port 1 is in use.') or 4)")
    child.start()

    seen = []
    wait_until(lambda: seen.append(ended) or True if (ended := child.watch()) else False)

    assert (seen[0].sentence, child.gave_up) == ("Port 1 is in use.", True)
    assert "Port 1 is in use." in str(seen[0])


def test_a_process_that_does_not_end_is_killed_after_the_grace(service, tmp_path):
    ready = tmp_path / "ready"
    child = service(
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    child.start()
    wait_until(ready.exists)
    child.ask_to_end()

    assert child.await_end(time.monotonic() + 0.1) == -signal.SIGKILL


def test_logs_are_bounded(service, tmp_path):
    child = service(f"[print('x' * 999) for _ in range({3 * LOG_BYTES // 1000})]")
    child.start()
    child.await_end(time.monotonic() + 20)

    sizes = [path.stat().st_size for path in tmp_path.glob("child.log*")]
    assert len(sizes) == 2
    assert max(sizes) <= LOG_BYTES


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    """The parent starts a `vigie watch` that waits for a broker, and is killed with -9."""
    note = tmp_path / "pid"
    code = (
        "import pathlib, sys, time; from vigie.processes import Service;"
        f"child = Service('child', [sys.executable, '-m', 'vigie', '--home', {str(tmp_path)!r},"
        f"'watch', '--wait'], pathlib.Path({str(tmp_path)!r})); child.start();"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    with subprocess.Popen(python(code), cwd=ROOT) as parent:
        wait_until(lambda: note.exists() and note.read_text())
        child = psutil.Process(int(note.read_text()))
        # Its handlers are there once it listens for the broker.
        wait_until((tmp_path / "cameras").is_dir)
        parent.kill()

        child.wait(timeout=10)


def test_a_child_that_ignores_the_signal_ends_too(tmp_path):
    note = tmp_path / "pid"
    child = (
        "import signal, time; import vigie.lifeline as line; line.ORPHAN_GRACE_S = 0.2;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); line.follow_parent(); print(flush=True);"
        "time.sleep(60)"
    )
    parent = (
        "import pathlib, subprocess, sys, time; from vigie.lifeline import parent_environment;"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], env=parent_environment(),"
        "stdout=subprocess.PIPE); child.stdout.readline();"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    with subprocess.Popen(python(parent), cwd=ROOT) as process:
        wait_until(lambda: note.exists() and note.read_text())
        orphan = psutil.Process(int(note.read_text()))
        process.kill()

        orphan.wait(timeout=10)


def test_children_find_our_packages_in_any_folder(service, tmp_path):
    child = service("import vigie.lifeline, pathlib; print(pathlib.Path(vigie.__file__).parent)")
    child.start()
    child.await_end(time.monotonic() + 20)

    assert (tmp_path / "child.log").read_text().strip() == str(Path(ROOT) / "vigie")
