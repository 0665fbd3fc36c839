"""A small server for the three questions, for processes that have no page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import urlsplit

import structlog

from schemas.errors import ConfigurationError
from transport.health.answers import reply
from transport.health.settings import MetricsSettings
from transport.health.vitals import Vitals
from transport.hosts import allowed_hosts, is_allowed

AT_ONCE = 8
"""Requests answered at the same time: a few probes and scrapers. More are turned away."""

REQUEST_S = 5.0
"""How long a client may say nothing; an honest one sends its few lines at once."""

END_POLL_S = 0.1
"""How late the server notices that it is to end; looking costs next to nothing."""

log = structlog.get_logger()


@contextmanager
def serving(vitals: Vitals, settings: MetricsSettings) -> Iterator[str | None]:
    """Answer while the block lasts; gives the address, or ``None`` when no port is set.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    if settings.port is None:
        yield None
        return
    server = _listen(vitals, settings.host, settings.port)
    host, port = server.server_address[:2]
    address = f"http://{f'[{host!s}]' if ':' in str(host) else host!s}:{port}"
    threading.Thread(
        target=server.serve_forever, args=(END_POLL_S,), name="health", daemon=True
    ).start()
    log.info("health and metrics", address=address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingTCPServer):
    """Answers a bounded number of requests at once, on threads that do not hold the process up."""

    daemon_threads = True
    allow_reuse_address = True  # of a connection that a predecessor has just closed
    allow_reuse_port = False

    def __init__(self, vitals: Vitals, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.vitals = vitals
        self.hosts = allowed_hosts(host)
        self._free = threading.BoundedSemaphore(AT_ONCE)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, or hang up when too many are being answered."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - its signature
        """A client that hung up is no matter for standard error."""
        log.debug("health request failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD only, one request per connection; no body is read."""

    server: _Server
    timeout = REQUEST_S
    server_version = "vigie"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one of the three questions."""
        if not is_allowed(self.headers.get("Host", ""), self.server.hosts):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        found = reply(urlsplit(self.path).path, self.server.vitals)
        self.send_response(found.status)
        self.send_header("Content-Type", found.media_type)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)

    do_HEAD = do_GET  # noqa: N815 - named by the library

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the library
        """A scrape every few seconds is not worth a line."""


def _listen(vitals: Vitals, host: str, port: int) -> _Server:
    try:
        return _Server(vitals, host, port)
    except OSError as error:
        raise ConfigurationError(
            f"Health and metrics cannot be served on {host}:{port}: {error.strerror}. Give each"
            " process of a machine a port of its own (VIGIE_METRICS__PORT), on an address of this"
            " machine (VIGIE_METRICS__HOST)."
        ) from error
