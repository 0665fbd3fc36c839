"""What was measured on, in words that name nobody's machine."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import psutil

CPUINFO = Path("/proc/cpuinfo")

GIBIBYTE = 1024**3


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, as far as speed depends on it.

    Attributes:
        processor: its model, as the system calls it.
        cores: those that this process may use.
        memory_gib: all there is.
        kernel: system and version, such as ``Linux 6.1.0``, without what its builder added.
        python: the version that runs this.
    """

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str

    def __str__(self) -> str:
        cores = f"{self.cores} core" + "s" * (self.cores > 1)
        return (
            f"{self.processor}, {cores}, {self.memory_gib:g} GiB, {self.kernel},"
            f" Python {self.python}"
        )


def this_machine() -> Machine:
    """The machine that this process runs on."""
    version = re.match(r"[\d.]*\d", platform.release())
    return Machine(
        processor=processor_of(_read(CPUINFO)) or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(psutil.virtual_memory().total / GIBIBYTE, 1),
        kernel=f"{platform.system()} {version[0] if version else ''}".strip(),
        python=platform.python_version(),
    )


def processor_of(cpuinfo: str) -> str | None:
    """The model that Linux's ``/proc/cpuinfo`` names; ``None`` where it names none (as on ARM)."""
    found = re.search(r"^model name\s*:\s*(\S.*?)\s*$", cpuinfo, re.MULTILINE)
    return found[1] if found else None


def _read(file: Path) -> str:
    return file.read_text("utf-8", errors="replace") if file.is_file() else ""
