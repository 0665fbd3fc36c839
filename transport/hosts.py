"""By which names a server of ours may be called."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

EVERY_NAME = ("*",)

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


def allowed_hosts(listening: str) -> Sequence[str]:
    """The names under which a server that listens on this address answers.

    On loopback only its own: another site whose name leads here (DNS rebinding) learns nothing.
    """
    if listening in _LOCAL_NAMES:
        return _LOCAL_NAMES
    try:
        loopback = ip_address(listening).is_loopback
    except ValueError:
        return EVERY_NAME
    return (*_LOCAL_NAMES, listening) if loopback else EVERY_NAME


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a ``Host`` header, with or without a port, is one of these names."""
    if allowed == EVERY_NAME:
        return True
    try:
        asked = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return asked in {name.strip("[]") for name in allowed}
