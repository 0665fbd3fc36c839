"""Where the model looked: the numbers behind one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAINLY = 0.6
"""The share of the heat from which a part is named: clearly more than half, so that the half image
that an even map fills by chance is not called a place."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of the image as it hangs before the reader, not of the driver's own sides.

    Edges and sizes are shares of the image's width and height, from its upper left corner.
    """

    name: str
    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Share of the image, 0..1."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Gaze:
    """What one heat map says.

    Attributes:
        where: name of the part that holds most of the heat; empty when no part does.
        share: of all the heat, what lies in that part, 0..1; with no part named, what lies in the
            fullest half of the image.
        area: of the image, what that part (that half) covers, 0..1.
    """

    where: str
    share: float
    area: float


def _nine(side: float) -> tuple[Part, ...]:
    """Nine parts with sides of this share: in the corners, along the edges, and in the centre."""
    middle, end = (1 - side) / 2, 1 - side
    return (
        Part("upper-left", 0, 0, side, side),
        Part("upper", middle, 0, side, side),
        Part("upper-right", end, 0, side, side),
        Part("left", 0, middle, side, side),
        Part("centre", middle, middle, side, side),
        Part("right", end, middle, side, side),
        Part("lower-left", 0, end, side, side),
        Part("lower", middle, end, side, side),
        Part("lower-right", end, end, side, side),
    )


HALVES = (
    Part("left-half", 0, 0, 0.5, 1),
    Part("right-half", 0.5, 0, 0.5, 1),
    Part("upper-half", 0, 0, 1, 0.5),
    Part("lower-half", 0, 0.5, 1, 0.5),
)
SIZES = (_nine(1 / 3), _nine(1 / 2), HALVES)
"""Parts of a ninth, a quarter and a half of the image: the smaller one tells more, so it is tried
first. The quarters overlap, so that a spot is not cut by a border between two of them."""


def gaze(grid: bytes, rows: int, columns: int) -> Gaze | None:
    """The smallest part of the image that holds most (:data:`MAINLY`) of the heat of one class.

    Each cell counts as an even tile, of which a part holds what it covers. Among parts of one size
    the one with the most heat is named, the first where several have as much.

    Args:
        grid: ``rows x columns`` bytes, row after row.
        rows: at least 1.
        columns: at least 1.

    Returns:
        ``None`` for a map without any heat: no part of the image speaks for the class.
    """
    cells = np.frombuffer(grid, np.uint8).reshape(rows, columns).astype(np.float64)
    total = float(cells.sum())
    if total == 0:
        return None
    for parts in SIZES:
        fullest, share = _fullest(cells / total, parts)
        if share >= MAINLY:
            return Gaze(fullest.name, share, fullest.area)
    return Gaze("", share, fullest.area)


def _fullest(shares: npt.NDArray[np.float64], parts: Sequence[Part]) -> tuple[Part, float]:
    held = [_held(shares, part) for part in parts]
    most = max(held)
    # Sums in another order differ in their last digits: equal parts must stay equal.
    first = next(n for n, share in enumerate(held) if share >= most - 1e-9)
    return parts[first], min(1.0, held[first])


def _held(shares: npt.NDArray[np.float64], part: Part) -> float:
    rows, columns = shares.shape
    down = _covered(rows, part.top, part.height)
    across = _covered(columns, part.left, part.width)
    return float(down @ shares @ across)


def _covered(cells: int, start: float, length: float) -> npt.NDArray[np.float64]:
    """Of each of ``cells`` equal steps from 0 to 1, the share between start and start + length."""
    edges = np.arange(cells + 1) / cells
    inside = np.clip(edges, start, start + length)
    return np.diff(inside) * cells
