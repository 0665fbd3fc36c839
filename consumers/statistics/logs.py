"""Log lines of Faust and its client, as many as a person reads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

AGAIN_S = 60.0
"""While the broker is away the client says so 50 times a second, in five ways."""


class Seldom(logging.Filter):
    """Lets each line of code speak once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._spoke: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be said."""
        place, now = (record.pathname, record.lineno), self._clock()
        may = now - self._spoke.get(place, float("-inf")) >= AGAIN_S
        if may:
            self._spoke[place] = now
        return may


def speak_seldom() -> None:
    """Bound what the standard library's loggers say in this process."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom())
