"""Disks that are full and folders that may not be used, for real, also for root."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.requirements import missing

MEBIBYTE = 2**20
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - in a folder of our own
CONTAINERS_OWN_BYTES = 128 * MEBIBYTE
"""What containers give to /dev/shm is 64 MiB and theirs alone. A larger one is the machine's: to
fill that would hurt others."""

CAPABILITY_VERSION = 0x20080522  # <linux/capability.h>, version 3: two words of 32 bits
BEYOND_RIGHTS = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@dataclass(frozen=True)
class Disk:
    """A small file system of the test's own."""

    path: Path

    @property
    def filler(self) -> Path:
        return self.path / "filler"

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.path).free

    def fill(self, but: int = 0) -> None:
        """Take all the room there is, to the last byte, but leave so many bytes."""
        with self.filler.open("ab", buffering=0) as file:
            for size in (MEBIBYTE, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))
            file.truncate(file.tell() - but)

    def make_room(self) -> None:
        self.filler.unlink()


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Disk]:
    """A disk of this size: mounted in ``folder`` where that is allowed, else the container's own.

    An ordinary user is allowed to in a name space of his own.
    """
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield Disk(place)
        finally:  # lazily: who still holds a file of it must not keep the next test from its own
            subprocess.run(["umount", "--lazy", place], check=True)
        return
    if SHARED_MEMORY.is_mount() and shutil.disk_usage(SHARED_MEMORY).total <= CONTAINERS_OWN_BYTES:
        place = Path(mkdtemp(dir=SHARED_MEMORY))
        try:
            yield Disk(place)
        finally:
            shutil.rmtree(place)
        return
    missing(
        "no small disk can be had: it takes the right to mount, which root has, and anybody after"
        " `unshare --user --map-root-user --mount`"
    )


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """The rights of files bind this thread, and those that it starts, even as root."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    found = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: low words, high words

    def change(call: str, sets: ctypes.Array[ctypes.c_uint32]) -> None:
        if libc[call](header, sets):
            raise OSError(ctypes.get_errno(), f"{call} failed")

    change("capget", found)
    less = (ctypes.c_uint32 * 6)(*found)
    less[0] &= ~BEYOND_RIGHTS
    change("capset", less)
    try:
        yield
    finally:
        change("capset", found)
