"""Groups: what one camera shows for a while without a change is one thing to look at.

Whether an event belongs to the group before it depends on these two events alone, so the groups
are the same however and whenever the topic is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GAP_S = 30.0
"""A camera that was silent for longer has begun something new."""

SLOT_S = 600.0
"""No group goes on past a full ten minutes of the clock: who telephones for an hour is shown
again, and a group has an end that memory can rely on."""


class Kind(NamedTuple):
    """What two neighbours must share to be one group, as codes."""

    severity: int
    behaviour: int
    reason: int


@dataclass(slots=True)
class Chain:
    """The newest group of one camera.

    Attributes:
        at: when its newest event was known, seconds since 1970.
        first: offset of its first event.
        first_ms: the broker's time of that one.
        since: when that one was known.
        n: how many events it has.
    """

    kind: Kind
    at: float
    first: int
    first_ms: int
    since: float
    n: int

    def translated(self, codes: Mapping[str, NDArray[np.int64]]) -> Chain:
        """The same group where texts have other codes: for each old code the new one."""
        severity, behaviour, reason = self.kind
        kind = Kind(severity, int(codes["behaviour"][behaviour]), int(codes["reason"][reason]))
        return replace(self, kind=kind)

    def goes_on(self, kind: Kind, at: float) -> bool:
        """Whether the camera's next event belongs to it."""
        near = abs(at - self.at) <= GAP_S
        return near and kind == self.kind and at // SLOT_S == self.at // SLOT_S
