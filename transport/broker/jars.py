"""The broker's jars: exactly those of the lock file, verified by us before their first use."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from transport.broker.errors import FolderError, JarError

log = logging.getLogger(__name__)

LOCK_FILE = "kafka-4.3.1.lock.json"
FETCH_THREADS = 8  # 46 jars in 4 s; more threads gained nothing
FETCH_ATTEMPTS = 2  # a cut transfer is worth one more try, a wrong repository is not worth three
VERIFIED_FILE = "verified.json"


@dataclass(frozen=True)
class Jar:
    """One line of the lock file: which jar, and the bytes it must be."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """Unique among the locked jars, as a test holds."""
        return f"{self.artifact}-{self.version}.jar"


Fetch = Callable[[Jar, Path], Path]
"""Brings one jar somewhere under the given empty folder; returns where. Raises JarError."""

Progress = Callable[[int, int], None]
"""Called with (jars ready, jars in all)."""


def locked_jars() -> tuple[Jar, ...]:
    """The jars of the packaged lock file, in class path order."""
    text = resources.files("transport.broker").joinpath(LOCK_FILE).read_text(encoding="utf-8")
    return tuple(_jar(**line) for line in json.loads(text))


def _jar(coordinate: str, sha256: str, bytes: int) -> Jar:  # noqa: A002 - the lock file's word
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256, bytes)


def kafka_version(jars: tuple[Jar, ...]) -> str:
    """The version of Apache Kafka that these jars are."""
    return next(jar.version for jar in jars if jar.group == "org.apache.kafka")


def maven_fetch(repository: str | None = None) -> Fetch:
    """A fetch from a Maven repository: the public one, or the given address."""

    def fetch(jar: Jar, folder: Path) -> Path:
        # Imported here: a warm start fetches nothing and should not pay 0.2 s for it.
        import requests  # noqa: PLC0415
        from jgo.maven import MavenContext  # noqa: PLC0415

        remote = {"configured": repository.rstrip("/")} if repository else None
        context = MavenContext(repo_cache=folder, remote_repos=remote)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            return Path(component.artifact().resolve())
        except (requests.RequestException, RuntimeError) as error:
            raise JarError(_unreachable(jar, repository, error)) from error

    return fetch


def _unreachable(jar: Jar, repository: str | None, error: Exception) -> str:
    where = repository or "the public Maven repository"
    return (
        f"The broker's jar {jar.file_name} could not be fetched from {where}"
        f" ({type(error).__name__}): check the network, or set another address by"
        " VIGIE_KAFKA__BROKER__JAR_REPOSITORY. Jars that were fetched before are kept."
    )


def ensure_jars(
    folder: Path,
    fetch: Fetch,
    progress: Progress | None = None,
    jars: tuple[Jar, ...] | None = None,
) -> tuple[Path, ...]:
    """Make every jar be in `folder`, each verified once; return the paths in class path order.

    A file that was verified before and still has the same size and time is not read again.
    A file with other bytes is refused (logged by name) and fetched again once.

    Raises:
        JarError: a jar cannot be fetched, or is wrong even when fetched again.
        FolderError: `folder` cannot be written.
    """
    jars = locked_jars() if jars is None else jars
    try:
        folder.mkdir(parents=True, exist_ok=True)
        verified = _read_verified(folder)
        needed = [jar for jar in jars if not _is_verified(folder, jar, verified)]
        for done, jar in enumerate(_verify_each(folder, needed, fetch), len(jars) - len(needed)):
            verified[jar.file_name] = _stamp(folder, jar)
            if progress:
                progress(done + 1, len(jars))
        if needed:
            _write_verified(folder, verified)
    except OSError as error:
        raise FolderError(
            f"The broker's jars cannot be kept in {folder}: {error.strerror or error}."
            " Free some space, or set another folder by VIGIE_KAFKA__BROKER__JAR_FOLDER."
        ) from error
    return tuple(folder / jar.file_name for jar in jars)


def _verify_each(folder: Path, jars: list[Jar], fetch: Fetch) -> Iterator[Jar]:
    """Yield each jar when it lies verified in `folder`; the first failure ends the others."""
    pool = ThreadPoolExecutor(FETCH_THREADS, thread_name_prefix="jars")
    try:
        waiting = {pool.submit(_ensure_jar, folder, jar, fetch): jar for jar in jars}
        for future in as_completed(waiting):
            future.result()
            yield waiting[future]
    finally:
        pool.shutdown(cancel_futures=True)


def _ensure_jar(folder: Path, jar: Jar, fetch: Fetch) -> None:
    path = folder / jar.file_name
    if path.exists():
        if not (fault := _fault(path, jar)):
            return
        log.warning("refused %s in %s: %s; fetching it again", jar.file_name, folder, fault)
    for _ in range(FETCH_ATTEMPTS):
        # A folder of its own per attempt, and a rename at the end: a process that is killed
        # here, or two that fetch at once, never leave half a jar under the final name.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            fetched = fetch(jar, Path(scratch))
            if not (fault := _fault(fetched, jar)):
                fetched.replace(path)
                return
        log.warning("refused %s as fetched: %s", jar.file_name, fault)
    raise JarError(
        f"The jar {jar.file_name} is not the locked one, even fetched again: {fault}."
        " Something between here and the repository alters it; set another address by"
        " VIGIE_KAFKA__BROKER__JAR_REPOSITORY."
    )


def _fault(path: Path, jar: Jar) -> str | None:
    """Why this file is not the locked jar; None when it is."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == jar.sha256:
        return None
    size = path.stat().st_size
    return f"expected SHA-256 {jar.sha256} ({jar.size} bytes), found {found} ({size} bytes)"


def _is_verified(folder: Path, jar: Jar, verified: dict[str, list[object] | None]) -> bool:
    stamp = _stamp(folder, jar)
    return stamp is not None and verified.get(jar.file_name) == stamp


def _stamp(folder: Path, jar: Jar) -> list[object] | None:
    """What tells cheaply that a verified file was not replaced, and that the lock is the same."""
    try:
        stat = (folder / jar.file_name).stat()
    except FileNotFoundError:
        return None
    return [stat.st_size, stat.st_mtime_ns, jar.sha256]


def _read_verified(folder: Path) -> dict[str, list[object] | None]:
    try:
        remembered = json.loads((folder / VERIFIED_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return remembered if isinstance(remembered, dict) else {}


def _write_verified(folder: Path, verified: dict[str, list[object] | None]) -> None:
    fresh = folder / f".{VERIFIED_FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(verified, indent=0), encoding="utf-8")
    fresh.replace(folder / VERIFIED_FILE)
