"""HTTP around Dash: security headers, pictures by immutable address, health, a true 404."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.feed.hub import Hub, PageState
from dashboard.feed.pictures import Pictures, Size
from dashboard.live import Pulse

IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Names are made of hashes: what is under one never changes. Private: faces are on them."""

NOT_KEPT = {"Cache-Control": "no-store"}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Nothing is loaded from elsewhere, no script runs but ours and Dash's own by its hash."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(script_hashes)}",
            "style-src 'self' 'unsafe-inline'",  # Mantine and Plotly set styles on elements
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )


class SecurityHeaders:
    """Pure ASGI, so that it neither buffers nor breaks a WebSocket."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = HEADERS | {"Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the headers to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, with_headers)


def add_picture_routes(server: FastAPI, pictures: Pictures) -> None:
    """Photographs by the hash of the image, heat maps by their immutable name; never by a path."""

    def photograph(sha256: str, size: Size) -> Response:
        return picture(pictures.photograph(sha256, size), "image/jpeg")

    @server.get("/media/{sha256}.small.jpg")
    def small(sha256: str) -> Response:
        return photograph(sha256, "small")

    @server.get("/media/{sha256}.jpg")
    def large(sha256: str) -> Response:
        return photograph(sha256, "large")

    @server.get("/heat/{name}.png")
    def heat(name: str) -> Response:
        return picture(pictures.heat(name), "image/png")


def picture(data: bytes | None, media_type: str) -> Response:
    """A picture under a name for ever its own; 404 where there is none."""
    if data is None:
        return Response(status_code=404, headers=NOT_KEPT)
    return Response(data, media_type=media_type, headers=IMMUTABLE)


def add_data_routes(server: FastAPI, hub: Hub, pulse: Pulse) -> None:
    """What the scripts of every page ask for, health, and 404 for what is not there.

    Without the last, Dash would answer any address with its page.
    """

    @server.get("/healthz")
    async def health() -> dict[str, Any]:
        now = pulse.of()
        return {"state": now["state"], "events": now["events"], "newest": now["newest"]}

    @server.get("/api/feed")
    async def feed(cursor: str = "", query: str = "", paused: bool = False) -> Response:
        page = PageState.from_store({"cursor": cursor, "query": query, "paused": paused})
        told = pulse.of(page.filter)  # before the batch, which may only know more reviews
        return fresh({"batch": hub.batch(page), "pulse": told})

    for folder in ("api", "media", "heat"):
        server.add_api_route(f"/{folder}/{{path:path}}", _nothing, include_in_schema=False)


async def _nothing(path: str) -> Response:
    raise HTTPException(404, f"There is no {path[:100]!r} here.")


def fresh(content: dict[str, Any]) -> Response:
    """An answer that is right now and perhaps not in a moment."""
    return JSONResponse(content, headers=NOT_KEPT)
