"""Simulated cameras that do what the controls say: what ``vigie simulate`` runs for the page."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import structlog

from producers.errors import PublishError
from producers.settings import SimulatorSettings
from producers.simulator import Truth, simulate
from producers.simulator_controls import HEARTBEAT_S, Controls, Status, Wish
from schemas.errors import ConfigurationError

FOLLOW_POLL_S = 0.25
"""How late a change of the controls is noticed: a person sees it as at once."""

RETRY_S = 1.0
"""Wait before images are drawn again that could not be written."""

log = structlog.get_logger(__name__)


def follow(
    folder: Path,
    controls: Controls,
    *,
    settings: SimulatorSettings,
    stop: threading.Event,
    on_written: Callable[[Truth], None] = lambda _truth: None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Simulate as the controls say, and say so there, until asked to stop.

    A wish that cannot be read stops the cameras until it can: the log says why.

    Returns:
        How many images were written.

    Raises:
        PublishError: the folder or the status cannot be written at the start. Later it is tried
            again: a disk that was full may have room.
    """
    # One seed: after a change of speed the same drivers sit in the same cars.
    seed = int(np.random.default_rng().integers(2**63))
    watch = _Watch(clock, on_written)
    run: _Run | None = None
    before: Wish | None = None
    with controls.held(stop) as ours:
        try:
            while ours and not stop.is_set():
                wish = _wanted(controls, before)
                if wish != before:
                    before = wish
                    if run:
                        run.end()
                    run = _Run(folder, settings, wish, seed, watch) if wish.running else None
                try:
                    watch.tell(controls, running=run is not None)
                    stop.wait(FOLLOW_POLL_S)
                    if run:
                        run.check()
                except PublishError as error:
                    if not watch.written:
                        raise
                    log.warning("waiting until images can be written", reason=str(error))
                    before = None  # which begins anew
                    stop.wait(RETRY_S)
        finally:
            if run:
                run.end()
    return watch.written


def _wanted(controls: Controls, before: Wish | None) -> Wish:
    try:
        return controls.wish()
    except ConfigurationError as error:
        stopped = (before or controls.as_set).model_copy(update={"running": False})
        if before != stopped:
            log.warning("simulator_stopped", reason=str(error))
        return stopped


class _Watch:
    """Counts the images, and tells the controls when something changed or a heartbeat is due."""

    def __init__(self, clock: Callable[[], float], on_written: Callable[[Truth], None]) -> None:
        self.written = 0
        self._last_image_at: float | None = None
        self._told: Status | None = None
        self._clock = clock
        self._on_written = on_written

    def take(self, truth: Truth) -> None:
        self.written += 1
        self._last_image_at = self._clock()
        self._on_written(truth)

    def tell(self, controls: Controls, *, running: bool) -> None:
        now, told = self._clock(), self._told
        is_news = told is None or told.running != running
        if told is None or is_news or not 0 <= now - told.at < HEARTBEAT_S:
            self._told = Status(
                pid=os.getpid(), at=now, running=running, last_image_at=self._last_image_at
            )
            controls.tell(self._told)


class _Run:
    """The cameras drawing on a thread of their own, as one wish says."""

    def __init__(
        self, folder: Path, settings: SimulatorSettings, wish: Wish, seed: int, watch: _Watch
    ) -> None:
        self._stop = threading.Event()
        self._error: PublishError | None = None
        self._draw = partial(
            simulate,
            folder,
            settings=settings.model_copy(update={"cameras": wish.cameras, "rate": wish.rate}),
            stop=self._stop,
            behaviour=wish.behaviour,
            seed=seed,
            on_written=watch.take,
        )
        self._thread = threading.Thread(target=self._run, name="simulator")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._draw()
        except PublishError as error:
            self._error = error

    def check(self) -> None:
        """Raise what ended the cameras."""
        if self._error:
            raise self._error

    def end(self) -> None:
        """Stop after the present image."""
        self._stop.set()
        self._thread.join()
