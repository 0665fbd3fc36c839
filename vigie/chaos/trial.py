"""References flow, one thing after the other is killed, and a reader looks on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.errors import VigieError
from vigie.chaos.blows import Blow
from vigie.chaos.feeder import Feeder
from vigie.chaos.offsets import Offsets
from vigie.chaos.witness import Witness

PROGRESS = 0.05
"""Share of the references that is answered between a recovery and the next blow."""

AHEAD = 0.02
AHEAD_LEAST = 10
"""References that wait while something is killed: a moment's work, so that there always is some."""

DURING = 0.01
DURING_LEAST = 5
"""References that are published while it is down: producers live through it too."""

SILENCE_S = 60.0
"""Nothing takes so long to come back, on any machine: what is not there by now is lost."""

POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Recovery:
    """One blow, and the seconds until the first prediction committed after it was made good."""

    victim: str
    signal: str
    seconds: float


class StalledError(VigieError):
    """No prediction came any more."""


@dataclass
class Trial:
    """What one run is made of.

    Attributes:
        feeder: what is published.
        witness: what is seen.
        end: the end of what is committed, where the witness reads.
        look: called all the time; raises what ends the run.
        recoveries: so far.
    """

    feeder: Feeder
    witness: Witness
    end: Callable[[], int]
    look: Callable[[], None] = lambda: None
    recoveries: list[Recovery] = field(default_factory=list)

    def endure(self, blows: Sequence[Blow]) -> None:
        """Strike each blow under load, at even distances, and then have everything answered.

        Raises:
            StalledError: no prediction came any more.
            VigieError: a reference could not be published, or what was killed not be started.
        """
        total = self.feeder.total
        for number, blow in enumerate(blows, 1):
            evenly = number * total // (len(blows) + 1)
            self._until_seen(max(evenly, self.witness.count + round(PROGRESS * total)))
            self._survive(blow)
        self._until_seen(total)
        self.feeder.finish()

    def _until_seen(self, number: int) -> None:
        self.until(lambda: self.witness.count >= number, f"prediction {number}")

    def _survive(self, blow: Blow) -> None:
        began = time.monotonic()
        blow.victim.down(blow.number)
        during = max(DURING_LEAST, round(DURING * self.feeder.total))
        self.feeder.up_to(self.feeder.published + during)
        blow.victim.up()
        before = self.end()  # what was committed until now may yet have to be read
        self.until(lambda: self.witness.saw(before), f"a prediction after {blow}")
        seconds = round(time.monotonic() - began, 2)
        self.recoveries.append(Recovery(blow.victim.name, blow.number.name, seconds))

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Keep references flowing until something is so; ``what`` stands in the error.

        Raises:
            StalledError: no prediction came any more.
            VigieError: a reference could not be published.
        """
        ahead = max(AHEAD_LEAST, round(AHEAD * self.feeder.total))
        seen, since = -1, 0.0
        while not reached():
            self.look()
            self.feeder.up_to(self.witness.count + ahead)
            now = time.monotonic()
            if self.witness.count != seen:
                seen, since = self.witness.count, now
            elif now - since > SILENCE_S:
                raise StalledError(
                    f"No prediction for {SILENCE_S:.0f} s: {seen} were seen of"
                    f" {self.feeder.published} references. {what} was waited for."
                )
            time.sleep(POLL_S)


def settled(offsets: Offsets, witness: Witness) -> bool:
    """Whether every reference is committed, and the witness has read all that there is."""
    return offsets.committed() >= offsets.references() and witness.reached(offsets.predictions())
