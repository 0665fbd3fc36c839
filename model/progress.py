"""How long work tells what it is doing, without knowing who shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many units are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress for callers that show none."""
