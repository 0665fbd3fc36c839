"""The real parts that commands are put together from, made from the settings."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from producers.simulator_controls import Controls
from schemas.errors import ConfigurationError
from storage.images import Images, open_images
from transport.broker import EmbeddedBroker
from transport.broker.readiness import answers
from transport.clients import Cluster
from transport.health.server import serving
from transport.health.vitals import StopFlag, Vitals
from vigie.settings import Settings

BROKER_POLL_S = 0.05
"""A broker takes 1.4 s to start: noticing its readiness this late costs nothing."""


def image_store(settings: Settings) -> Images:
    """The image store that the settings name."""
    return open_images(settings.images, settings.storage.max_image_bytes)


def simulator_controls(settings: Settings) -> Controls:
    """How page and simulated cameras of the home folder speak with each other."""
    return Controls(settings.home / "producers", settings.producers.simulator)


def embedded_broker(settings: Settings) -> EmbeddedBroker:
    """The embedded broker of the home folder, running or not."""
    return EmbeddedBroker(settings.home, settings.kafka.broker)


def find_cluster(
    settings: Settings, wait_s: float = 0.0, stop: threading.Event | None = None
) -> Cluster:
    """The Kafka of the settings: the cluster they name, else the running embedded broker.

    Args:
        settings: of this process.
        wait_s: how long to wait for an embedded broker that is just being started.
        stop: ends the waiting.

    Raises:
        ConfigurationError: no cluster is named, and no embedded broker runs or it waits for room.
    """
    if settings.kafka.bootstrap_servers:
        return Cluster(settings.kafka.bootstrap_servers, settings.kafka.client)
    broker = embedded_broker(settings)
    deadline = time.monotonic() + wait_s
    while True:
        status = broker.status()
        address = status.bootstrap_servers
        if address and (answers(address) if wait_s else not status.waits_for):
            return Cluster(address, settings.kafka.client)
        is_late = time.monotonic() >= deadline and not (wait_s and status.waits_for)
        if is_late or (stop and stop.is_set()):
            if status.waits_for:
                raise ConfigurationError(f"The broker waits. {status.waits_for}")
            raise ConfigurationError(
                f"No Kafka: none is named, and no embedded broker runs on {settings.home}. Start"
                " one with `vigie up` or `vigie broker start`, or name a cluster by"
                " VIGIE_KAFKA__BOOTSTRAP_SERVERS."
            )
        time.sleep(BROKER_POLL_S)


@contextmanager
def vitals_of(process: str, job: str, settings: Settings, stop: StopFlag) -> Iterator[Vitals]:
    """What a process tells of itself, on the port that the settings name while the block lasts.

    Raises:
        ConfigurationError: the port is in use.
    """
    vitals = Vitals(process, job, stop)
    with serving(vitals, settings.metrics):
        yield vitals


def spare_imports() -> None:
    """Have the garbage collector pass over all that exists now, which is there to stay.

    Call it once everything is imported. Looking through the page's 140,000 objects stops all of its
    threads for 110 ms, and the worker's 67,000 for 45 ms.
    """
    gc.freeze()


def stop_on_signals() -> StopFlag:
    """A flag that SIGTERM, SIGHUP and SIGINT set; a second SIGINT interrupts at once."""
    stop = StopFlag()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handle)
    return stop
