"""``/api/reviews``: what people say, and what they said since a page last asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.guard import Gate, Refusal, check_origin, read_body
from dashboard.reviews.desk import (
    AlreadyUndoneError,
    EventGoneError,
    ReviewDesk,
    ReviewRefusedError,
    ReviewUnseenError,
    Wish,
)
from dashboard.web import NOT_KEPT
from schemas.errors import VigieError

BODY_BYTES = 32 * 1024
"""The longest note, each of its characters written as two escapes of six bytes, and the rest."""

WITHIN_S = 5.0

AT_ONCE = 8
"""Reviews on their way at the same time: each waits in a thread of its own while Kafka is away,
and the page has forty."""

RATE, BURST = 20.0, 100
"""Reviews per second, and after a rest: more than people can give, less than a page gone wild."""

STATUS: dict[type[VigieError], int] = {
    ReviewRefusedError: 400,
    EventGoneError: 404,
    AlreadyUndoneError: 409,
    ReviewUnseenError: 504,
}
"""Any other error is Kafka's: 503."""


class Body(BaseModel):
    """A wish as a page writes it; see `Wish`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reviewer: str
    action: str
    event: str
    group: bool = False
    corrected_to: str | None = None
    note: str | None = None
    undoes: str | None = None

    def wish(self) -> Wish:
        """The same in the desk's words."""
        return Wish(
            self.reviewer,
            self.action,
            self.event,
            self.group,
            self.corrected_to or "",
            self.note or "",
            self.undoes or "",
        )


def add_review_routes(
    server: FastAPI, hub: Hub, desk: ReviewDesk, clock: Callable[[], float] = time.monotonic
) -> None:
    """``GET`` tells what changed, ``POST`` says something; only pages of our own may post.

    Args:
        server: the site.
        hub: knows what changed.
        desk: takes what is said.
        clock: of the gate, seconds.
    """
    gate = Gate(AT_ONCE, RATE, BURST, clock, "reviews")

    @server.get("/api/reviews")
    def changes(since: str = "", query: str = "") -> Response:
        found = hub.reviewed(_version(since), FeedFilter.from_query(query))
        return JSONResponse(found, headers=NOT_KEPT)

    def take(wish: Wish) -> dict[str, Any]:
        try:
            return desk.take(wish)
        except VigieError as error:
            raise Refusal(STATUS.get(type(error), 503), error.code, str(error)) from error

    @server.post("/api/reviews")
    async def say(request: Request) -> Response:
        check_origin(request)
        with gate.entered():
            body = await read_body(request, BODY_BYTES, WITHIN_S)
            made = await run_in_threadpool(take, _wish(body))
        return JSONResponse(made, 201, NOT_KEPT)


def _wish(body: bytes) -> Wish:
    try:
        return Body.model_validate_json(body).wish()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "the body"
        raise Refusal(
            400,
            "wrong_value",
            f"A review is JSON with the texts reviewer, action and event; {where[:100]!r} is not as"
            f" it must be: {wrong['msg'][:200]}.",
        ) from error


def _version(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) < 16
    return int(text) if plain else None
