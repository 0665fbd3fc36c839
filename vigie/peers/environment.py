"""A peer's own Python environment: built once from its lock, kept in the home folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import VigieError
from vigie.peers.catalogue import Peer
from vigie.processes import ROOT

BUILD_TIMEOUT_S = 1800.0
"""TensorFlow is 300 MB: half an hour lets a line of 2 Mbit/s finish, and ends what hangs."""

MARK = "built-from"
"""Written last: without it the environment is half built."""

LINKED = ("schemas", "storage", "model", "consumers", "vigie")
"""Packages of ours that judging an image needs. Linked one by one into the environment: on a path
of its own their folder would bring along whatever else is installed beside them."""

PIP = (
    *("-m", "pip", "--disable-pip-version-check", "install"),
    # Two tries: whoever has no network is told so in seconds. Nothing is compiled, or run, to
    # install: wheels only, each with its hash.
    *("--retries", "1", "--timeout", "15", "--require-hashes", "--only-binary", ":all:"),
)

_NETWORK = re.compile(r"connection|name resolution|timed out|unreachable|proxy|ssl", re.IGNORECASE)
_DISK = re.compile(r"no space left", re.IGNORECASE)


class Environments:
    """The environments under ``root``, one folder per peer."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def built(self, peer: Peer) -> bool:
        """Whether it is there, and from the lock as it is now."""
        mark = self._folder(peer) / MARK
        return mark.is_file() and mark.read_text("utf-8") == _fingerprint(peer)

    def ensure(self, peer: Peer) -> Path:
        """The peer's Python; what is missing is downloaded and installed first.

        Raises:
            VigieError: it cannot be built, for the reason it names.
        """
        folder = self._folder(peer)
        if not self.built(peer):
            self._build(peer, folder)
        _link(folder)
        return _python(folder)

    def _folder(self, peer: Peer) -> Path:
        return self._root / peer.name

    def _build(self, peer: Peer, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        log = self._root / f"{peer.name}.log"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise VigieError(
                f"The environment {folder} cannot be made: {error.strerror}. Give this user the"
                " right to write there, or set VIGIE_HOME to another folder."
            ) from error
        _run([sys.executable, "-I", "-m", "venv", str(folder)], peer, log)
        install = [str(_python(folder)), "-I", *PIP, "-r", str(peer.lock_file)]
        _run(install, peer, log)
        (folder / MARK).write_text(_fingerprint(peer), "utf-8")


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _fingerprint(peer: Peer) -> str:
    return hashlib.sha256(f"{sys.version}\n{peer.lock}".encode()).hexdigest()


def _link(folder: Path) -> None:
    """Let the environment find our packages where they are now."""
    [packages] = folder.glob("lib/python*/site-packages")
    for name in LINKED:
        link = packages / name
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / name, target_is_directory=True)


def _run(command: Sequence[str], peer: Peer, log: Path) -> None:
    with log.open("wb") as output:
        try:
            finished = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PIP_NO_INPUT": "1"},
                timeout=BUILD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise VigieError(
                f"The packages of {peer.title} were not installed within"
                f" {BUILD_TIMEOUT_S / 60:.0f} minutes. Try again on a faster line; what was"
                " downloaded is kept."
            ) from error
    if finished.returncode:
        raise VigieError(explain(peer, log.read_text("utf-8", errors="replace"), log))


def explain(peer: Peer, output: str, log: Path) -> str:
    """One sentence for what usually goes wrong; for the rest, the last error that was printed."""
    if "ensurepip" in output:
        why = "Python's venv is missing: install it (on Debian and Ubuntu: python3-venv)."
    elif _DISK.search(output):
        why = "the disk is full: free 3 GB and try again."
    elif _NETWORK.search(output):
        why = (
            "they cannot be downloaded: check the network (or pip's own settings, such as"
            " PIP_INDEX_URL) and try again; what was fetched is kept."
        )
    else:
        said = [line.strip() for line in output.splitlines() if "error" in line.lower()]
        why = said[-1] if said else "pip does not say why."
    return f"The packages of {peer.title} could not be installed: {why} All of it is in {log}."
