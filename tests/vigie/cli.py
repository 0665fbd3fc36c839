"""Calls ``vigie`` as a person does: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with no setting but the home folder and those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    return {**kept, "VIGIE_HOME": str(home), "PYTHONPATH": str(ROOT), **(more or {})}


def vigie(
    home: Path, *words: str, cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; ``settings`` go to the environment."""
    return subprocess.run(
        [sys.executable, "-m", "vigie", *words],
        cwd=cwd or home,
        env=environment(home, settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
