"""The poison gate: stops a worker whose images nearly all fail, before the topic is drained."""

from __future__ import annotations

from collections import deque

from schemas.errors import EXIT_POISON_STORM, VigieError


class PoisonStormError(VigieError):
    """Too many of the last outcomes were Failures."""

    code = "poison_storm"
    exit_code = EXIT_POISON_STORM


class PoisonGate:
    """Counts failures among the last ``window`` outcomes.

    A share needs a whole window to mean something: a worker that has seen fewer outcomes is judged
    as if the missing ones had been good.
    """

    def __init__(self, window: int, share: float) -> None:
        self._window = window
        self._limit = window * share
        self._last: deque[bool] = deque(maxlen=window)
        self._failures = 0

    def count(self, *, failed: bool) -> None:
        """Take one outcome into account."""
        if len(self._last) == self._window:
            self._failures -= self._last[0]
        self._last.append(failed)
        self._failures += failed

    @property
    def is_open(self) -> bool:
        """Whether work may go on."""
        return self._failures <= self._limit

    def check(self) -> None:
        """Stop the worker when the gate has closed.

        Raises:
            PoisonStormError: with the counts and the way out.
        """
        if not self.is_open:
            raise PoisonStormError(
                f"{self._failures} of the last {self._window} images failed; the limit is"
                f" {self._limit:.0f}. The image store, the producer or the model is broken, not an"
                " image: see `vigie dead-letters list`, mend it, start again, and then"
                " `vigie dead-letters replay`."
            )
