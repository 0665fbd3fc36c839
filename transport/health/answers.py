"""The three questions and their answers, whichever server they come by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from transport.health.vitals import Vitals

PATHS = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back for a path."""

    status: HTTPStatus
    media_type: str
    body: bytes


def reply(path: str, vitals: Vitals) -> Reply:
    """The answer to a path; 404 for any but the three.

    ``/healthz`` is 503 when the loop hangs (start the process anew), ``/readyz`` while it cannot
    work (leave it alone), ``/metrics`` is in Prometheus's text format.
    """
    if path == "/healthz":
        told = {"alive": vitals.is_alive, "loop_age_s": round(vitals.unseen_s, 3)}
        return _json(told, good=vitals.is_alive)
    if path == "/readyz":
        missing = vitals.waits_for()
        return _json({"ready": missing is None, "waits_for": missing}, good=missing is None)
    if path == "/metrics":
        text = generate_latest(vitals.registry)
        return Reply(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, text)
    words = f"There is {', '.join(PATHS)} here.\n".encode()
    return Reply(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", words)


def _json(told: object, *, good: bool) -> Reply:
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return Reply(status, "application/json", json.dumps(told).encode() + b"\n")
