"""What some tests need beside Python: a missing part skips with its remedy, and fails in CI."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from schemas.errors import ConfigurationError
from vigie.bench.browser import find_chromium

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def missing(reason: str) -> NoReturn:
    """Skip on a person's machine; fail where every part is promised (the variable CI is set)."""
    if os.environ.get("CI"):
        pytest.fail(f"a part that CI promises is missing: {reason}")
    pytest.skip(reason)


def require_shared_data() -> Path:
    """The folder of real images that may not be redistributed."""
    if not (SHARED_DATA / "driver" / "drivers.csv").is_file():
        missing(
            f"no real images at {SHARED_DATA}: put State Farm's Distracted Driver Detection"
            " into driver/c0..c9 there, with its drivers.csv beside them"
        )
    return SHARED_DATA


def require_chromium() -> str:
    """The path of the system's Chromium, for tests in a real browser."""
    try:
        return find_chromium()
    except ConfigurationError as error:
        missing(str(error))


def require_program(name: str, remedy: str) -> str:
    """The path of a program of the system; ``remedy``: the command that installs it."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed: {remedy}")
    return found
