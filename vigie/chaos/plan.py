"""What is killed, depending on whose broker it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from signal import SIGKILL, SIGTERM, Signals

from schemas.errors import UsageError


class Owner(StrEnum):
    """Whose Kafka the references go through."""

    OURS = "ours"
    """Started for this run: nobody else uses it."""
    HOME = "home"
    """The installation's embedded broker, which runs: it may have live work."""
    FOREIGN = "foreign"
    """A cluster that the settings name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which signals the broker is sent in each round, and what is told of it."""

    signals: tuple[Signals, ...]
    broker: str


def plan(owner: Owner, *, allowed: bool) -> Plan:
    """What may be done to the broker; ``allowed``: a person asked for it by ``--broker``.

    Raises:
        UsageError: it was asked for, and the broker is none of ours.
    """
    if owner is Owner.OURS:
        return Plan((SIGKILL, SIGTERM), "one of its own, killed and ended too")
    if owner is Owner.FOREIGN:
        if allowed:
            raise UsageError(
                "--broker needs the embedded broker, and VIGIE_KAFKA__BOOTSTRAP_SERVERS names"
                " another cluster, which Vigie cannot start again. Leave out one of the two."
            )
        return Plan((), "left alone: it is another cluster's (VIGIE_KAFKA__BOOTSTRAP_SERVERS)")
    if allowed:
        # SIGTERM is its regular end: whoever watches over it would take it for that, and end too.
        return Plan((SIGKILL,), "the one that runs, killed too; no SIGTERM, which would end it")
    return Plan((), "left alone: it runs and may have live work; --broker kills it too")
