"""Two lists of ids held against each other: what went in, and what came out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest


@dataclass(frozen=True, slots=True)
class Comparison:
    """How what was seen differs from what was expected; all zero exactly if the lists are equal.

    Attributes:
        missing: expected ids that were never seen.
        doubled: sightings of an expected id beyond its first.
        out_of_order: the fewest first sightings that would have to move.
        unknown: sightings without an id, or with one that nobody expected.
        first: the first place where the lists differ, as a sentence.
    """

    missing: int
    doubled: int
    out_of_order: int
    unknown: int
    first: str | None

    @property
    def exact(self) -> bool:
        """Whether the lists are equal."""
        return self.first is None


def compare(expected: Sequence[str], seen: Sequence[str | None]) -> Comparison:
    """Hold ``seen`` against ``expected``, whose ids differ from each other."""
    place = {known: number for number, known in enumerate(expected)}
    sightings = [place[one] for one in seen if one is not None and one in place]
    firsts = list(dict.fromkeys(sightings))
    return Comparison(
        missing=len(expected) - len(firsts),
        doubled=len(sightings) - len(firsts),
        out_of_order=len(firsts) - _longest_rise(firsts),
        unknown=len(seen) - len(sightings),
        first=_first_difference(expected, seen),
    )


def _longest_rise(numbers: Sequence[int]) -> int:
    """Length of the longest increasing subsequence (patience sorting)."""
    piles: list[int] = []
    for number in numbers:
        place = bisect_left(piles, number)
        piles[place : place + 1] = [number]
    return len(piles)


def _first_difference(expected: Sequence[str], seen: Sequence[str | None]) -> str | None:
    for number, (wanted, found) in enumerate(zip_longest(expected, seen)):
        if number >= len(seen):
            return f"place {number}: {wanted} was expected, and nothing came any more"
        if number >= len(expected):
            return f"place {number}: {found or 'no id'} came behind the last that was expected"
        if wanted != found:
            return f"place {number}: {wanted} was expected, and {found or 'no id'} came"
    return None
