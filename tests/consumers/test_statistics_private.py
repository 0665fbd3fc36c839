"""What the statistics rest on that Faust and aiokafka do not promise, and what they import."""

from __future__ import annotations

import subprocess
import sys

from tests.consumers.kit import ROOT

SERVES = """
import sys, consumers.statistics.service
loaded = {"tensorflow", "keras", "faust", "cv2", "numpy"} & set(sys.modules)
sys.exit(f"loaded without need: {loaded}" if loaded else 0)
"""


def test_names_that_are_not_promised_are_there_and_do_what_they_did():
    """All in one process: the import takes longer than looking at all of them."""
    done = run("-m", "tests.consumers.statistics_guards")
    changed = f"consumers/statistics/hosting.py rests on what changed: {done.stdout}{done.stderr}"

    assert (done.returncode, done.stdout) == (0, ""), changed


def test_who_only_configures_waits_for_no_library():
    done = run("-c", SERVES)

    assert (done.returncode, done.stderr) == (0, "")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
