"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 60.0
"""What takes a second alone takes many beside a training run on the same machine."""

POLL_S = 0.01


def wait_until(
    condition: Callable[[], object], timeout_s: float = LONGEST_S, what: str = "the condition"
) -> float:
    """Return as soon as the condition holds, with the seconds that it took; fail after a while."""
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        assert waited_s < timeout_s, f"not within {timeout_s:g} s: {what}"
        time.sleep(POLL_S)
    return time.monotonic() - began
