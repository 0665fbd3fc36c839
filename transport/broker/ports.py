"""Which ports the broker listens on: the configured one, those of the last start, or free ones."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from transport.broker.configuration import HOST
from transport.broker.errors import PortInUseError


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As Java does: a port whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_ports(configured: int, remembered: Path) -> tuple[int, int]:
    """The broker's port and its controller's, written to `remembered` for the next start.

    A client that waits out a restart needs the same port again, so a free one is kept.

    Raises:
        PortInUseError: the configured port is taken.
    """
    if configured and not is_free(configured):
        raise PortInUseError(
            f"Port {configured} on {HOST} is in use by another program: stop that program,"
            " or set another port by VIGIE_KAFKA__BROKER__PORT (0 takes a free one)."
        )
    last, last_controller = _read(remembered)
    port = configured or (last if last and is_free(last) else _free_port())
    controller = last_controller
    if not controller or controller == port or not is_free(controller):
        controller = _free_port(other_than=port)
    remembered.write_text(json.dumps([port, controller]), encoding="utf-8")
    return port, controller


def _read(remembered: Path) -> tuple[int, int]:
    try:
        port, controller = json.loads(remembered.read_text(encoding="utf-8"))
        return int(port), int(controller)
    except (FileNotFoundError, ValueError, TypeError):
        return 0, 0


def _free_port(other_than: int = 0) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port != other_than:
            return port
