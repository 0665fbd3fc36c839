"""The state of a partition's counting, as the changelog keeps it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from consumers.statistics.aggregator import State

RULES = 1
"""Raise it when the same log would be counted otherwise: then all of it is counted anew."""


def state_record(state: State, grace_s: int) -> dict[str, Any]:
    """The state as a JSON object. The producer compresses it; windows are Avro within."""
    return {
        "rules": RULES,
        "grace_s": grace_s,
        "through": state.through,
        "watermark": state.watermark,
        "windows": [b64encode(window).decode("ascii") for window in state.windows],
    }


def read_state(record: dict[str, Any] | None, grace_s: int) -> State | None:
    """The state in a record; ``None`` when there is none, or other rules or grace made it."""
    if record is None or (record["rules"], record["grace_s"]) != (RULES, grace_s):
        return None
    windows = tuple(map(b64decode, record["windows"]))
    return State(record["through"], record["watermark"], windows)
