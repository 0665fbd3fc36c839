"""What is said when everything was killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from vigie.chaos.comparison import Comparison
from vigie.chaos.trial import Recovery


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """What went in, what came out, and how long each recovery took.

    Attributes:
        exact: predictions equal references as lists, for both readers, and everything is committed.
        references: published.
        predictions: as the reader saw them that looked on the whole time.
        failures: how many of them are Failures.
        found: how they differ from the references.
        later: the same for a reader that came when all was over.
        committed_offset: where the workers' group goes on.
        end_offset: the end of the images topic.
        longest_pause_s: between two predictions.
        recoveries: from each signal to the first prediction committed after the new start.
        own_ends: what the worker itself ended with, without being killed.
        broker: whether it was killed too, and why not.
        stalled: why it was given up, if so.
    """

    exact: bool
    references: int
    predictions: int
    failures: int
    found: Comparison
    later: Comparison
    committed_offset: int
    end_offset: int
    longest_pause_s: float
    recoveries: tuple[Recovery, ...]
    own_ends: tuple[str, ...]
    broker: str
    stalled: str | None

    def lines(self) -> list[tuple[str, str]]:
        """What is shown to a person."""
        found = self.found
        shown = [
            ("references", str(self.references)),
            ("predictions", f"{self.predictions} ({self.failures} failures)"),
            ("missing, doubled", f"{found.missing}, {found.doubled}"),
            ("out of order, unknown", f"{found.out_of_order}, {found.unknown}"),
            ("read again afterwards", self.later.first or "the same list"),
            ("committed offset, end", f"{self.committed_offset}, {self.end_offset}"),
            ("broker", self.broker),
            *recovery_lines(self.recoveries),
            ("longest pause", f"{self.longest_pause_s:.1f} s"),
        ]
        shown += [("ended by itself", one) for one in self.own_ends]
        return [*shown, ("verdict", self.verdict)]

    @property
    def verdict(self) -> str:
        """In one sentence."""
        if self.exact:
            return "one prediction per reference, in order"
        return self.stalled or self.found.first or self.later.first or "not everything is committed"


def recovery_lines(recoveries: Sequence[Recovery]) -> list[tuple[str, str]]:
    """Victim and signal, and the seconds of each recovery."""

    def blow(one: Recovery) -> tuple[str, str]:
        return one.victim, one.signal

    # Sorting is stable: within one kind they stay in the order in which they happened.
    kinds = groupby(sorted(recoveries, key=blow), key=blow)
    return [
        (f"{victim}, {signal}: back after", f"{', '.join(f'{one.seconds:.1f}' for one in all_)} s")
        for (victim, signal), all_ in kinds
    ]
