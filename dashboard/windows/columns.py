"""Windows of one size as columns: what counting over a long period needs, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.windows.facts import Kind


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows, in no order, and the numbers in them.

    Attributes:
        size_s: how long each one is.
        start: per window, where it begins, seconds since 1970.
        source: per window, code of the camera.
        late: per window, events that came too late for their own one: counted nowhere else.
        window: per number, the position of the window it belongs to.
        what: per number, its meaning: see ``dashboard.windows.facts``.
        count: per number, how much it is.
        sources: what the codes of cameras stand for.
        kinds: what the codes of events that are alike stand for.
    """

    size_s: int
    start: NDArray[np.int64]
    source: NDArray[np.uint32]
    late: NDArray[np.int64]
    window: NDArray[np.int32]
    what: NDArray[np.uint16]
    count: NDArray[np.uint32]
    sources: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def between(self, start: int, end: int) -> Windows:
        """The windows that begin from ``start`` to before ``end``."""
        wanted = (start <= self.start) & (self.start < end)
        if wanted.all():
            return self
        of_wanted = wanted[self.window]
        position = np.cumsum(wanted, dtype=np.int32) - 1
        return Windows(
            size_s=self.size_s,
            start=self.start[wanted],
            source=self.source[wanted],
            late=self.late[wanted],
            window=position[self.window[of_wanted]],
            what=self.what[of_wanted],
            count=self.count[of_wanted],
            sources=self.sources,
            kinds=self.kinds,
        )
