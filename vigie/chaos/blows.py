"""What is killed, how, and who starts it again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.errors import VigieError
from transport.broker import EmbeddedBroker
from transport.broker.readiness import answers
from vigie.processes import Service

GONE_S = 15.0
"""A worker that is killed is gone at once, one that is told to end within 10 s."""

BACK_S = 60.0
"""The broker's guard has it back after 4 s; a machine under load takes longer."""

POLL_S = 0.02


class Victim(Protocol):
    """Something that is killed and comes back."""

    @property
    def name(self) -> str:
        """What it is called in the report."""

    def down(self, number: signal.Signals) -> None:
        """Send it the signal."""

    def up(self) -> None:
        """Have it started again; for a broker, return when it answers."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One signal to one victim."""

    victim: Victim
    number: signal.Signals

    def __str__(self) -> str:
        return f"{self.victim.name}, {self.number.name}"


class WorkerVictim:
    """A worker process that is started again at once."""

    name = "worker"

    def __init__(self, service: Service) -> None:
        self._service = service

    def down(self, number: signal.Signals) -> None:
        """Send the signal and wait until the process is gone."""
        if self._service.pid is not None:
            os.kill(self._service.pid, number)
        self._service.await_end(time.monotonic() + GONE_S)

    def up(self) -> None:
        """Start it."""
        self._service.start()


class BrokerVictim:
    """An embedded broker.

    After SIGKILL its own guard starts it again, whoever started it. SIGTERM is its regular end,
    after which nobody does but we: send it only to a broker that is ours.

    Args:
        broker: running.
        pause: called between two looks whether it is back.
    """

    name = "broker"

    def __init__(
        self, broker: EmbeddedBroker, pause: Callable[[], None] = lambda: time.sleep(POLL_S)
    ) -> None:
        self._broker = broker
        self._pause = pause
        self._killed: int | None = None

    def down(self, number: signal.Signals) -> None:
        """SIGKILL to Java itself; SIGTERM by way of its guard, until it is gone.

        Raises:
            VigieError: no broker runs.
        """
        pid = self._broker.status().pid
        if pid is None:
            raise VigieError("The broker to be killed does not run: somebody else has ended it.")
        if number == signal.SIGKILL:
            self._killed = pid
            os.kill(pid, number)
        else:
            self._killed = None
            self._broker.stop()

    def up(self) -> None:
        """Return when it answers again.

        Raises:
            VigieError: it does not come back.
        """
        if self._killed is None:
            self._broker.start()
            return
        deadline = time.monotonic() + BACK_S
        while not self._is_back():
            if time.monotonic() > deadline:
                raise VigieError(
                    f"The broker did not come back within {BACK_S:.0f} s of its kill: see"
                    f" {self._broker.layout.log_file}, and start it again."
                )
            self._pause()

    def _is_back(self) -> bool:
        status = self._broker.status()
        address = status.bootstrap_servers
        return status.pid != self._killed and address is not None and answers(address)
