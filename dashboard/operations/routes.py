"""``/api/dead-letters``: pages of them, the event that belongs to one, and sending them again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from dashboard.feed.items import Order, Place
from dashboard.guard import Refusal, check_origin, read_body
from dashboard.operations.desk import Desk, ReplayBusyError
from schemas.errors import VigieError

BODY_BYTES = 1024
"""A place or a reason, with room to spare."""

WITHIN_S = 5.0


class Wish(BaseModel):
    """What is to be sent again: one by its place, or all with a reason that were not yet."""

    model_config = ConfigDict(extra="forbid", strict=True)

    place: str = ""
    reason: str = ""


def add_letter_routes(server: FastAPI, desk: Desk) -> None:
    """``GET`` looks, ``POST`` sends again; only pages of our own may post."""

    @server.get("/api/dead-letters")
    def page(reason: str = "", before: str = "") -> Response:
        with _told():
            return _fresh(desk.page(reason, Order.parse(before)))

    @server.get("/api/dead-letters/{place}/event")
    def event(place: str) -> Response:
        with _told():
            found = desk.event(_place(place))
            return _fresh({"event": str(found) if found else None})

    def send(wish: Wish) -> Response:
        with _told():
            if wish.reason:
                return _fresh({"replayed": len(desk.replay_all(wish.reason))})
            if taken := desk.replay([_place(wish.place)]):
                return _fresh({"replayed": len(taken)})
        raise Refusal(410, "gone", "Kafka no longer keeps this dead letter: send its image anew.")

    @server.post("/api/dead-letters/replay")
    async def replay(request: Request) -> Response:
        check_origin(request)
        body = await read_body(request, BODY_BYTES, WITHIN_S)
        return await run_in_threadpool(send, _wish(body))


def _wish(body: bytes) -> Wish:
    try:
        wish = Wish.model_validate_json(body)
    except ValidationError as error:
        raise _misunderstood() from error
    if bool(wish.place) == bool(wish.reason):
        raise _misunderstood()
    return wish


def _misunderstood() -> Refusal:
    return Refusal(
        422,
        "wrong_value",
        'What to send again is said as {"place": "PARTITION-OFFSET"} or as {"reason": "WORD"}.',
    )


def _place(text: str) -> Place:
    place = Place.parse(text)
    if place is None:
        raise Refusal(404, "not_found", f"There is no dead letter {text[:100]!r}.")
    return place


@contextmanager
def _told() -> Iterator[None]:
    """Errors that a person can act on become answers with their own sentence."""
    try:
        yield
    except VigieError as error:
        status = 409 if isinstance(error, ReplayBusyError) else 503
        raise Refusal(status, error.code, str(error)) from error


def _fresh(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})
