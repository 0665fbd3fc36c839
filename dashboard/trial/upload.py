"""Pictures that a person gives to the page: made clean, kept, published like any other image."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from threading import Semaphore
from typing import Any, Protocol

import simplejpeg
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from dashboard.feed.pictures import fit
from dashboard.guard import Gate, Refusal, check_origin, read_body
from model.decode import Limits, decode, resize
from producers.errors import PublishError, StoreError
from producers.files import printable
from schemas.errors import RefusedError
from schemas.events import FailureReason, ImageReference

SOURCE = "upload"

AT_ONCE = 4
"""Uploads inside at the same time: each may hold the largest file that is taken."""

DECODED_AT_ONCE = 2
"""Of these, how many are decoded: each may need 150 MB for its pixels."""

RATE, BURST = 10.0, 60
"""Uploads per second, and after a rest: a person's folder of pictures goes through at once, a
page gone wild fills neither disk nor worker."""

WITHIN_S = 60.0
"""For the whole body: 20 MB at 2.7 Mbit/s."""

LONGEST_SIDE = 4096
"""Pixels. A 12-megapixel photograph stays as it is; beyond, the model (and people) see nothing
more, and the file made anew could be larger than the one that came."""

QUALITY, SUBSAMPLING = 90, "420"
"""Of the JPEG made anew. On 150 photographs of drivers no class changed, and the probability that
moved most did so by 0.5 points on average: as with quality 100, which only takes more room."""

STATUS = {
    FailureReason.IMAGE_TOO_LARGE: 413,
    FailureReason.IMAGE_NOT_DECODABLE: 415,
}
"""Any other reason is a 400."""


class Publish(Protocol):
    """Stores an image and publishes its reference; returns when Kafka has it."""

    def __call__(
        self, data: bytes, *, source: str, name: str, captured_at: datetime
    ) -> ImageReference:
        """Raises `PublishError` when it could not."""


def clean(data: bytes, limits: Limits) -> bytes:
    """The pixels alone, upright, as a JPEG.

    Place, time, device, thumbnail and whatever else was beside the pixels are gone.

    Raises:
        RefusedError: empty, too large, truncated or no image.
    """
    pixels = decode(data, limits)
    height, width = pixels.shape[:2]
    shown = fit(width, height, LONGEST_SIDE, LONGEST_SIDE)
    if shown != (width, height):
        pixels = resize(pixels, *shown)
    return bytes(simplejpeg.encode_jpeg(pixels, QUALITY, "RGB", SUBSAMPLING))


def display_name(name: str) -> str:
    """What a file is called, made fit to show. It is never used as a path."""
    return printable(PurePosixPath(name[-1000:].replace("\\", "/")).name) or "?"


@dataclass(frozen=True, slots=True)
class Uploads:
    """What uploads need.

    Attributes:
        publish: keeps and publishes what was made clean.
        max_bytes: largest file taken.
    """

    publish: Publish
    max_bytes: int


def add_upload_routes(
    server: FastAPI,
    uploads: Uploads,
    find_card: Callable[[str], dict[str, Any] | None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """``POST /api/upload`` takes one image as its body, ``GET /api/references/…`` finds its event.

    Args:
        server: the site.
        uploads: where the images go.
        find_card: the card of the event that answers a reference, once there is one.
        clock: of the gate, seconds.
    """
    gate = Gate(AT_ONCE, RATE, BURST, clock)
    decoding = Semaphore(DECODED_AT_ONCE)
    limits = Limits(max_bytes=uploads.max_bytes)

    def take(data: bytes, name: str) -> ImageReference:
        try:
            with decoding:
                made = clean(data, limits)
            return uploads.publish(
                made, source=SOURCE, name=display_name(name), captured_at=datetime.now(UTC)
            )
        except RefusedError as error:
            raise Refusal(STATUS.get(error.reason, 400), error.reason, error.detail) from error
        except PublishError as error:
            full = isinstance(error, StoreError) and error.is_full
            raise Refusal(507 if full else 503, error.code, str(error)) from error

    @server.post("/api/upload")
    async def upload(request: Request, name: str = "") -> Response:
        check_origin(request)
        with gate.entered():
            data = await read_body(request, uploads.max_bytes, WITHIN_S)
            made = await run_in_threadpool(take, data, name)
        content = {"reference_id": made.reference_id, "name": made.name}
        return JSONResponse(content, 201, {"Cache-Control": "no-store"})

    @server.get("/api/references/{reference_id}")
    def reference(reference_id: str) -> Response:
        # Not yet is no error: a browser would log a 404 for each time that the page asks.
        content = {"card": find_card(reference_id)}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})
