"""``vigie up``: the whole of Vigie on one machine, from one command to one link."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console

from schemas.errors import ConfigurationError, VigieError
from transport.broker import EmbeddedBroker, Running
from transport.broker.ports import is_free
from vigie.home import hold
from vigie.invocation import Invocation
from vigie.output import say, tell
from vigie.processes import Ended, Service, end_all
from vigie.runtime import simulator_controls
from vigie.settings import Settings

JOB = "driver"

POLL_S = 0.05
"""How late a death or the page's readiness is noticed; far below what a person sees."""

ORPHAN_PATIENCE_S = 12.0
"""What a predecessor killed with -9 left behind ends by itself within 10 s."""

PAGE_PATIENCE_S = 90.0
"""From the broker's readiness, on a slow machine under load; after this something is wrong."""

BROKER_CHECK_S = 1.0
"""The guard starts a killed broker again by itself: this is for the rare case that it gave up."""

PRODUCER_GRACE_S = 2.0
WORKER_GRACE_S = 3.0
BROKER_GRACE_S = 4.5
"""Together below 10 s, and each about three times what it takes."""


RECORDING = {"statistics", "archive"}
"""What keeps records starts when the page is there: it would cost the link a second. It reads what
it has missed."""


class Interrupted(Exception):  # noqa: N818 - it is no error: a person wants to leave
    """Ctrl-C came while the broker was being fetched."""


@dataclass
class BrokerStart:
    """The broker being started beside everything else."""

    broker: EmbeddedBroker
    stop: threading.Event
    running: Running | None = None
    error: Exception | None = None
    step: str = "starting the broker"
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._start, name="broker-start", daemon=True)
        self.thread.start()

    def _start(self) -> None:
        try:
            self.running = self.broker.start(progress=self._tell)
        # Whatever it is, it is raised in the thread that a person waits on.
        except Exception as error:  # noqa: BLE001
            self.error = error

    def _tell(self, done: int, total: int) -> None:
        if self.stop.is_set():
            raise Interrupted
        self.step = f"fetching the broker ({done} of {total} files)"

    def is_ready(self) -> bool:
        """Whether it answers.

        Raises:
            VigieError: it could not be started.
        """
        if self.error:
            raise self.error
        return self.running is not None

    def end(self) -> None:
        """Stop the broker, also one that is half started."""
        self.thread.join(BROKER_GRACE_S)
        self.broker.stop()


def run_up(
    invocation: Invocation, stop: threading.Event, *, port: int | None, simulate: bool | None
) -> None:
    """Start everything, print the link, and keep it alive until ``stop`` is set.

    ``simulate`` starts or stops the simulated cameras; ``None`` leaves them as the page did.

    1. The broker starts; meanwhile worker, watcher, page and camera import what they need.
    2. Each of these waits for the broker by itself, so that nobody waits for another.
    3. The link is printed when the page answers.

    Raises:
        ConfigurationError: another one runs on the same home, the port is in use, the home
            cannot be written, or a process found its settings wrong.
        VigieError: the broker could not be started.
    """
    settings = invocation.settings
    console = Console(stderr=True)
    with hold(settings.home) as held:
        port = choose_port(settings.dashboard.port if port is None else port)
        link = link_to(settings.dashboard.host, port)
        held.tell(link)
        if simulate is not None:
            _wish_simulated(settings, running=simulate)
        broker = _start_broker(settings, stop, unclean=held.unclean)
        services = _services(invocation, port)
        try:
            _start([service for service in services if service.name not in RECORDING])
            if _await_page(console, link, broker, services, stop):
                say(f"Vigie is at {link}  (Ctrl-C ends it)")
                tell(f"Images dropped into {settings.cameras}/NAME/ are judged too.")
                _start([service for service in services if service.name in RECORDING])
            _watch(console, broker, services, stop)
        finally:
            with console.status("ending"):
                _end(services, broker)


def _start(services: Sequence[Service]) -> None:
    for service in services:
        service.start()


def _wish_simulated(settings: Settings, *, running: bool) -> None:
    controls = simulator_controls(settings)
    controls.change(controls.wish().model_copy(update={"running": running}))


def _services(invocation: Invocation, port: int) -> list[Service]:
    """What runs beside the broker, in the order in which it is ended."""
    settings = invocation.settings
    names = {
        "camera": ("simulate", "--follow"),
        "watcher": ("watch", "--wait"),
        "worker": ("infer", JOB, "--wait"),
        "page": ("web", "--wait"),
        "statistics": ("statistics", JOB, "--wait"),
        "archive": ("archive", JOB, "--wait"),
    }
    options = {"page": f"dashboard.port={port}", **metrics_ports(settings.metrics.port)}
    return [
        Service(
            name,
            invocation.command(*words, options=(options[name],) if name in options else ()),
            settings.logs,
        )
        for name, words in names.items()
    ]


def metrics_ports(first: int | None) -> dict[str, str]:
    """A port of its own for each process without a page: the same at every start."""
    if not first:  # unset, or any free one
        return {}
    names = ("worker", "watcher", "camera", "statistics", "archive")
    return {name: f"metrics.port={first + number}" for number, name in enumerate(names)}


def _start_broker(
    settings: Settings, stop: threading.Event, *, unclean: bool
) -> BrokerStart | None:
    """Start the embedded broker, unless a cluster is set or one runs already."""
    if settings.kafka.bootstrap_servers:
        return None
    broker = EmbeddedBroker(settings.home, settings.kafka.broker, stop_grace_s=BROKER_GRACE_S)
    deadline = time.monotonic() + (ORPHAN_PATIENCE_S if unclean else 0.0)
    while broker.status().running:
        if time.monotonic() >= deadline:
            return None  # started by `vigie broker start`: it is used, and not ended
        time.sleep(POLL_S)
    return BrokerStart(broker, stop)


def _await_page(
    console: Console,
    link: str,
    broker: BrokerStart | None,
    services: Sequence[Service],
    stop: threading.Event,
) -> bool:
    """Wait until the page answers; ``False`` when told to stop before.

    Raises:
        VigieError: the broker or a process cannot start.
    """
    deadline = time.monotonic() + PAGE_PATIENCE_S
    with console.status("starting") as status:
        while not stop.wait(POLL_S):
            for ended in _deaths(console, services):
                if not ended.restarted:
                    raise ConfigurationError(ended.sentence or str(ended))
            if broker and not broker.is_ready():
                status.update(broker.step)
                deadline = time.monotonic() + PAGE_PATIENCE_S
                continue
            status.update("starting the page")
            if answers(link):
                return True
            if time.monotonic() > deadline:
                raise VigieError(
                    f"The page did not answer within {PAGE_PATIENCE_S:.0f} s: see page.log in the"
                    " log folder, and start again."
                )
    return False


def link_to(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - translated, not bound
    host = everywhere.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def answers(link: str) -> bool:
    """Whether the page says that it is well."""
    host, _, port = link.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _watch(
    console: Console,
    broker: BrokerStart | None,
    services: Sequence[Service],
    stop: threading.Event,
) -> None:
    check = time.monotonic() + BROKER_CHECK_S
    waits_for: str | None = None
    while not stop.wait(POLL_S):
        for ended in _deaths(console, services):
            if all(service.gave_up for service in services):
                raise VigieError(f"Nothing runs any more: {ended}")
        if broker and time.monotonic() > check:
            check = time.monotonic() + BROKER_CHECK_S
            waits_for = _look_after(broker, waits_for)


def _look_after(broker: BrokerStart, waited_for: str | None) -> str | None:
    """Say once what the broker waits for, and once that it goes on; return what it waits for.

    Raises:
        VigieError: it ended.
    """
    status = broker.broker.status()
    if not status.running:
        raise VigieError(
            "The broker ended and could not be started again: see broker.log in the log folder,"
            " and start again."
        )
    if status.waits_for and not waited_for:
        tell(f"The broker waits, and everything with it. {status.waits_for}")
    elif waited_for and not status.waits_for:
        tell("The broker is started again: there is room.")
    return status.waits_for


def _deaths(console: Console, services: Sequence[Service]) -> list[Ended]:
    found = [ended for service in services if (ended := service.watch())]
    for ended in found:
        console.print(str(ended), highlight=False)
    return found


def _end(services: Sequence[Service], broker: BrokerStart | None) -> None:
    """What feeds first, so that nothing new comes; what judges and shows; the broker last."""
    feeding = [service for service in services if service.name in {"camera", "watcher"}]
    end_all(feeding, PRODUCER_GRACE_S)
    end_all([service for service in services if service not in feeding], WORKER_GRACE_S)
    if broker:
        broker.end()


def choose_port(port: int) -> int:
    """The port itself, or a free one for 0.

    Raises:
        ConfigurationError: it is in use.
    """
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])
    if not is_free(port):
        raise ConfigurationError(
            f"Port {port} is in use, perhaps by another Vigie. Stop that program, or choose"
            f" another port: `vigie up --port {port + 10 if port < 65000 else 8060}`"
            " (VIGIE_DASHBOARD__PORT; 0 takes a free one)."
        )
    return port
