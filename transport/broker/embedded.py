"""A real Apache Kafka on this machine: one node, durable, for nobody but loopback clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from transport.broker import guard
from transport.broker.aot import aot_flags
from transport.broker.configuration import (
    FORMAT_CLASS,
    HOST,
    START_CLASS,
    cluster_id,
    java_command,
    server_properties,
)
from transport.broker.errors import (
    BrokerAlreadyRunningError,
    BrokerError,
    BrokerStartError,
    FolderError,
)
from transport.broker.jars import (
    Fetch,
    Progress,
    ensure_jars,
    kafka_version,
    locked_jars,
    maven_fetch,
)
from transport.broker.layout import Layout, jar_folder
from transport.broker.log import last_words
from transport.broker.ports import choose_ports
from transport.broker.readiness import answers
from transport.broker.settings import BrokerSettings
from transport.broker.state import State, is_locked, locked, read_state

# Kafka maps its index files sparsely into memory (20 MiB per partition): when the disk fills up
# under them Java crashes instead of reporting it. So there must be some space to begin with.
MINIMUM_FREE_BYTES = 256 * 1024 * 1024
# With less than this share of it left Kafka is ended in order, before a write of its fails: more
# than it writes between two looks a second apart, and so little that a start does not meet it.
RESERVE_SHARE = 4
STOP_GRACE_S = 20.0  # Kafka needs 0.3-2.4 s to close its logs; a slow disk more
STATE_PATIENCE_S = 2.0  # a guard writes its state some milliseconds after it was started
POLL_INTERVAL_S = 0.02
# Java's own environment: file names are UTF-8 whatever the terminal's language is, and what a
# person set for other Java programs (agents, heaps) is not for this one.
LOCALE = "C.UTF-8"
FOREIGN_JAVA_OPTIONS = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}


@dataclass(frozen=True)
class Running:
    """A broker that answers."""

    pid: int
    bootstrap_servers: str
    ready_s: float  # from the call of start() until it answered


@dataclass(frozen=True)
class Status:
    """What can be told about a broker from any process."""

    running: bool  # its process lives; it may still be starting, or wait
    version: str
    data_folder: Path
    pid: int | None = None
    bootstrap_servers: str | None = None
    uptime_s: float | None = None
    resident_bytes: int | None = None
    waits_for: str | None = None  # why Kafka is down until a person mends it; then it goes on


class EmbeddedBroker:
    """The broker whose data lie under one home folder.

    Any number of processes may make one of these for the same home: the first to start wins,
    and all of them can ask for its status or stop it.

    Args:
        home: the folder of all that is kept; data in `kafka/`, logs in `logs/`.
        settings: port, heap, where the jars come from.
        fetch: brings a jar; by default from the Maven repository of the settings.
        java_flags: more flags for Java; by default those that use the prepared start image.
        stop_grace_s: seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        home: Path,
        settings: BrokerSettings,
        *,
        fetch: Fetch | None = None,
        java_flags: tuple[str, ...] | None = None,
        stop_grace_s: float = STOP_GRACE_S,
    ) -> None:
        self.layout = Layout(home.absolute())
        self.settings = settings
        self._fetch = fetch or maven_fetch(settings.jar_repository)
        self._java_flags = java_flags
        self._stop_grace_s = stop_grace_s
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self, *, detached: bool = False, progress: Progress | None = None) -> Running:
        """Start the broker and return when it answers.

        Attached, it ends when this process ends, even by kill -9; detached, it lives on.
        Killed by a signal itself, it is started again by its guard, on the same port. While the
        disk is full it waits for room.

        Raises:
            BrokerError: this is not Linux.
            BrokerAlreadyRunningError: the data folder has a living broker.
            PortInUseError: the configured port is taken.
            FolderError: the home folder cannot be written or its disk is full.
            JarError: a jar cannot be had.
            BrokerStartError: Java ended, or did not answer in time.
        """
        began = time.monotonic()
        _require_linux()
        self._make_folders()
        with _folder_errors(self.layout.home), locked(self.layout.lock_file) as lock:
            if lock is None:
                raise self._already_running()
            self._reap()
            # From here on the last run's process ids could be anybody's.
            self.layout.state_file.unlink(missing_ok=True)
            jars = ensure_jars(jar_folder(self.settings), self._fetch, progress)
            port, controller_port = choose_ports(self.settings.port, self.layout.ports_file)
            self.layout.properties_file.write_text(
                server_properties(port, controller_port), encoding="ascii"
            )
            if not (self.layout.data / "meta.properties").exists():
                self._format(jars, lock)
            log_begins = _size(self.layout.log_file)
            self._spawn(jars, lock, f"{HOST}:{port}", detached=detached)
        try:
            return self._await_ready(f"{HOST}:{port}", began, log_begins)
        except BaseException:  # Ctrl-C too: nobody would know of a broker that half started
            self.stop()
            raise

    def stop(self) -> bool:
        """Stop the broker, whoever started it; return whether there was one.

        SIGTERM first, SIGKILL when it does not end within the grace.

        Raises:
            BrokerError: a broker is just being started by another process.
        """
        running = is_locked(self.layout.lock_file)
        if running:
            self._stop_guard()
        self._reap()
        return running

    def status(self) -> Status:
        """What is known about the broker now.

        Raises:
            FolderError: the folder is another user's.
        """
        version = kafka_version(locked_jars())
        with _folder_errors(self.layout.home):
            state = read_state(self.layout.state_file)
            running = is_locked(self.layout.lock_file)
        if not running or state is None:
            return Status(running=False, version=version, data_folder=self.layout.data)
        return Status(
            running=True,
            version=state.version,
            data_folder=self.layout.data,
            pid=state.pid,
            bootstrap_servers=state.bootstrap_servers,
            uptime_s=max(0.0, time.time() - state.started),
            resident_bytes=_resident_bytes(state.pid),
            waits_for=self._waits_for(state),
        )

    def _waits_for(self, state: State) -> str | None:
        """Why the guard does not start Java again."""
        if psutil.pid_exists(state.pid):
            return None
        return guard.trouble(self.layout.data, MINIMUM_FREE_BYTES)

    def _stop_guard(self) -> None:
        unlocked = partial(_is_unlocked, self.layout.lock_file)
        state_file = self.layout.state_file
        _await(lambda: unlocked() or read_state(state_file) is not None, STATE_PATIENCE_S)
        if unlocked():
            return
        state = read_state(state_file)
        if state is None:
            raise BrokerError(
                f"The broker of {self.layout.home} is just being started: try again soon."
            )
        _signal(state.guard, signal.SIGTERM)
        # The guard does the escalation; this is for a guard that is itself stuck.
        if not _await(unlocked, self._stop_grace_s + 2.0):
            _signal(state.guard, signal.SIGKILL)
            _await(unlocked, 2.0)

    def _make_folders(self) -> None:
        with _folder_errors(self.layout.home):
            for folder in (self.layout.data, self.layout.logs, self.layout.run):
                # Ours alone: the records tell of people.
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.layout.data, self.layout.logs, self.layout.run):
            if sentence := guard.trouble(folder, MINIMUM_FREE_BYTES):
                raise FolderError(sentence)

    def _already_running(self) -> BrokerAlreadyRunningError:
        state = read_state(self.layout.state_file)
        who = f"process {state.pid} at {state.bootstrap_servers}" if state else "just starting"
        return BrokerAlreadyRunningError(
            f"A broker already runs on {self.layout.data} ({who}): use it, stop it by"
            " `vigie broker stop`, or set another folder by VIGIE_HOME."
        )

    def _format(self, jars: tuple[Path, ...], lock: int) -> None:
        """Give a new data folder its cluster id."""
        cluster = cluster_id(uuid.uuid4())
        arguments = ("format", "--standalone", "--ignore-formatted", "-t", cluster)
        command = java_command(
            jars,
            aot_flags(self.settings, jars),
            self.settings.heap,
            (FORMAT_CLASS, *arguments, "-c", self._properties_argument()),
        )
        with self.layout.console_file.open("wb") as console:
            finished = subprocess.run(
                command,
                cwd=self.layout.home,
                env=_java_environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=(lock,),
                check=False,
            )
        if finished.returncode:
            raise BrokerStartError(
                f"The data folder {self.layout.data} could not be prepared:"
                f" {last_words(self.layout.console_file)}"
            )

    def _spawn(
        self,
        jars: tuple[Path, ...],
        lock: int,
        bootstrap_servers: str,
        *,
        detached: bool,
    ) -> None:
        """Start the guard, which starts Java; both inherit the lock."""
        flags = aot_flags(self.settings, jars) if self._java_flags is None else self._java_flags
        spec = {
            "command": java_command(
                jars, flags, self.settings.heap, (START_CLASS, self._properties_argument())
            ),
            "parent": None if detached else os.getpid(),
            "stop_grace_s": self._stop_grace_s,
            "folder": str(self.layout.data),
            "needed_bytes": MINIMUM_FREE_BYTES,
            "reserve_bytes": MINIMUM_FREE_BYTES // RESERVE_SHARE,
            "state_file": str(self.layout.state_file),
            "state": {
                "bootstrap_servers": bootstrap_servers,
                "version": kafka_version(locked_jars()),
            },
        }
        with self.layout.console_file.open("wb") as console:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, json.dumps(spec)],
                cwd=self.layout.home,
                env=_java_environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=(lock,),
                # Ctrl-C in a terminal reaches the whole group: we decide when the broker ends.
                start_new_session=True,
            )
        if detached:
            self._reap()  # it has forked itself away

    def _properties_argument(self) -> str:
        return str(self.layout.properties_file.relative_to(self.layout.home))

    def _await_ready(self, bootstrap_servers: str, began: float, log_begins: int) -> Running:
        limit_s = self.settings.start_timeout_s
        deadline = time.monotonic() + limit_s
        while alive := is_locked(self.layout.lock_file):
            state = read_state(self.layout.state_file)
            if answers(bootstrap_servers) and state:
                return Running(state.pid, bootstrap_servers, time.monotonic() - began)
            if state and (sentence := self._waits_for(state)):
                raise FolderError(sentence)
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_INTERVAL_S)
        what = f"did not answer within {limit_s:g} s" if alive else "ended while starting"
        words = last_words(self.layout.log_file, log_begins) or last_words(self.layout.console_file)
        raise BrokerStartError(
            f"The broker {what}: {words or 'it said nothing'}. Its log is {self.layout.log_file}."
        )

    def _reap(self) -> None:
        if self._guard is not None:
            self._guard.wait()
            self._guard = None


@contextmanager
def _folder_errors(home: Path) -> Iterator[None]:
    """Say of a file that cannot be used where it is and what to do.

    Raises:
        FolderError: instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise FolderError(guard.unwritable(error.filename or home, error)) from error


def _await(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` came to hold within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def _require_linux() -> None:
    if sys.platform != "linux":
        raise BrokerError(
            f"The embedded broker runs on Linux only, and this is {sys.platform}: start"
            " docker-compose.yml or use any other Kafka, and set its address by"
            " VIGIE_KAFKA__BOOTSTRAP_SERVERS."
        )


def _is_unlocked(path: Path) -> bool:
    return not is_locked(path)


def _java_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_JAVA_OPTIONS}
    return {**kept, "LC_ALL": LOCALE}


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself meanwhile, which is what was wanted


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _resident_bytes(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return None
