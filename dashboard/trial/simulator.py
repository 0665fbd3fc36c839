"""The simulated cameras as the page sees and steers them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from dashboard.guard import Refusal, check_origin, read_body
from producers.errors import PublishError
from producers.simulator_controls import FILE_BYTES, Controls, Wish, explain
from schemas.errors import ConfigurationError

WITHIN_S = 5.0
"""For a body of a hundred bytes."""


def view(controls: Controls, now: float) -> dict[str, Any]:
    """What is wanted, what is, and since when no image came (seconds; ``None``: never one)."""
    trouble = ""
    try:
        wish = controls.wish()
    except ConfigurationError as error:
        wish, trouble = controls.as_set.model_copy(update={"running": False}), str(error)
    state, status = controls.state(now)
    last = status.last_image_at if status else None
    return {
        "state": state,
        "wish": wish.model_dump(),
        "age_s": None if last is None else round(max(0.0, now - last), 1),
        "trouble": trouble,
    }


def change(controls: Controls, body: bytes) -> None:
    """Want what the body says, a whole `Wish` as JSON.

    Raises:
        Refusal: 422, it is not; 503, it cannot be written.
    """
    try:
        controls.change(Wish.model_validate_json(body))
    except ValidationError as error:
        raise Refusal(
            422, "wrong_value", f"The simulator cannot do this: {explain(error)}."
        ) from error
    except PublishError as error:
        raise Refusal(503, error.code, str(error)) from error


def add_simulator_routes(
    server: FastAPI, controls: Controls, clock: Callable[[], float] = time.time
) -> None:
    """``GET /api/simulator`` tells, ``POST`` changes; both answer with the `view`."""

    def answer(body: bytes | None) -> Response:
        if body is not None:
            change(controls, body)
        return JSONResponse(view(controls, clock()), headers={"Cache-Control": "no-store"})

    @server.get("/api/simulator")
    def tell() -> Response:
        return answer(None)

    @server.post("/api/simulator")
    async def steer(request: Request) -> Response:
        check_origin(request)
        body = await read_body(request, FILE_BYTES, WITHIN_S)
        return await run_in_threadpool(answer, body)
