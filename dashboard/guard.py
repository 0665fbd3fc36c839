"""What a request that changes something must be: from our own page, bounded in size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse


class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request that is not done: HTTP status, stable word for programs, one sentence for people.

    The sentence names the thing, the value, the limit and the way out.
    """

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


def answer_refusals(server: FastAPI) -> None:
    """Let routes raise `Refusal`."""

    @server.exception_handler(Refusal)
    async def answer(_request: Request, refusal: Refusal) -> Response:
        headers = {"Cache-Control": "no-store"}
        if refusal.status == 429:
            headers["Retry-After"] = "1"
        content = {"code": refusal.code, "error": str(refusal)}
        return JSONResponse(content, refusal.status, headers)


def check_origin(request: Request) -> None:
    """Refuse what another site's page sends with this browser.

    Browsers name the origin of every POST and no page can change it. The scheme is not compared:
    a proxy may end TLS before us.

    Raises:
        Refusal: 403, the request names no origin or another host.
    """
    origin = request.headers.get("origin", "")
    if not origin or _host(origin) != request.headers.get("host", ""):
        raise Refusal(
            403,
            "foreign_origin",
            f"A request from {origin[:100] or 'no page'!r} is not taken, only those of this page."
            " Open the page itself and try again; programs use `vigie send`.",
        )


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


async def read_body(request: Request, most_bytes: int, within_s: float) -> bytes:
    """The body, counted while it comes: what the request says of its length is not believed.

    Raises:
        Refusal: 413, it is longer; 408, it takes too long; 400, the sender went away.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and len(said) < 20 and int(said) > most_bytes:
        raise _too_large(int(said), most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    raise _too_large(len(body), most_bytes)
    except TimeoutError:
        raise Refusal(
            408,
            "too_slow",
            f"Only {len(body):,} bytes came within {within_s:.0f} s. Send a smaller image, or use"
            " a faster connection.",
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "broken_off", "The request ended early. Send it again.") from None
    return bytes(body)


def _too_large(size: int, most_bytes: int) -> Refusal:
    return Refusal(
        413,
        "too_large",
        f"What was sent has {size:,} bytes or more; the limit is {most_bytes:,}: send less.",
    )


class Gate:
    """Lets in only so many requests at the same time, and so many a second.

    Args:
        at_once: most requests inside.
        rate: requests per second that may go on for ever.
        burst: requests that may come at once after a rest.
        clock: seconds, steady.
        what: is taken, as its sentence calls it.
    """

    def __init__(
        self,
        at_once: int,
        rate: float,
        burst: int,
        clock: Callable[[], float],
        what: str = "images",
    ) -> None:
        self._at_once = at_once
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._what = what
        self._inside = 0
        self._left = float(burst)
        self._seen = clock()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside; on the event loop only, which makes it safe without a lock.

        Raises:
            Refusal: 429, it is full. The same request may come again a second later.
        """
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._seen) * self._rate)
        self._seen = now
        if self._inside >= self._at_once or self._left < 1:
            raise Refusal(
                429,
                "busy",
                f"At most {self._at_once} {self._what} are taken at the same time and"
                f" {self._rate:g} a second. Send this one again in a second.",
            )
        self._left -= 1
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
