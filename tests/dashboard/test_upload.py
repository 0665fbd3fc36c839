"""Pictures given to the page: what is kept of them, and what is refused with which words."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from fastapi import FastAPI, Request
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from dashboard import guard
from dashboard.guard import Gate, Refusal, read_body
from dashboard.trial.upload import (
    BURST,
    LONGEST_SIDE,
    Uploads,
    add_upload_routes,
    clean,
    display_name,
)
from model.decode import Limits, decode
from producers.errors import PublishError
from producers.publish import make_reference
from schemas.events import ImageReference
from storage.images import ImageStore
from tests.dashboard.kit import noise_jpeg

ORIGIN = "http://127.0.0.1:8050"
MAX_BYTES = 200_000
SECRETS = (b"Exif", b"PhoneMaker", b"my home", b"GPS", b"<x:xmpmeta")


@dataclass
class Publisher:
    """Keeps images in a real store; Kafka is away when told so."""

    store: ImageStore
    sent: list[ImageReference] = field(default_factory=list)
    is_away: bool = False

    def publish(
        self, data: bytes, *, source: str, name: str, captured_at: datetime
    ) -> ImageReference:
        if self.is_away:
            raise PublishError("Kafka did not take a reference. Is the broker running?")
        reference = make_reference(
            *(self.store, "driver", data),
            source=source,
            name=name,
            captured_at=captured_at,
            reference_id=f"reference-{len(self.sent)}",
        )
        self.sent.append(reference)
        return reference

    def stored(self) -> bytes:
        return self.store.read(self.sent[-1])


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(ImageStore(tmp_path, 20_000_000))


@pytest.fixture
def client(publisher: Publisher) -> TestClient:
    server = FastAPI()
    guard.answer_refusals(server)
    find = {"known": {"id": "0-3"}}.get
    add_upload_routes(server, Uploads(publisher.publish, MAX_BYTES), find, clock=lambda: 0.0)
    return TestClient(server, base_url=ORIGIN, headers={"origin": ORIGIN})


def send(client: TestClient, data: bytes, name: str = "photo.jpg") -> Response:
    return client.post("/api/upload", params={"name": name}, content=data)


def refused(answer: Response, status: int, code: str) -> str:
    found = answer.json()
    assert (answer.status_code, found["code"]) == (status, code)
    return str(found["error"])


def phone_photograph() -> bytes:
    """Taken upright by a telephone held on its side: dark above, light below once it is turned."""
    upright = np.zeros((120, 90, 3), np.uint8)
    upright[60:] = 220
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera's rows are the picture's columns
    exif[0x010F] = "PhoneMaker"
    exif[0x010E] = "my home"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 7.0)})
    buffer = io.BytesIO()
    Image.fromarray(np.rot90(upright).copy()).save(
        *(buffer, "JPEG"), exif=exif, comment=b"my home", xmp=b"<x:xmpmeta/>"
    )
    return buffer.getvalue()


def test_nothing_but_the_pixels_is_kept_and_they_stand_upright(
    client: TestClient, publisher: Publisher
) -> None:
    photograph = phone_photograph()
    assert Image.open(io.BytesIO(photograph)).getexif().get_ifd(0x8825)
    assert send(client, photograph).status_code == 201
    kept = publisher.stored()
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (90, 120), {})
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert [secret for secret in SECRETS if secret in kept] == []
    pixels = decode(kept)
    assert pixels[:50].mean() < 10
    assert pixels[70:].mean() > 210


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_each_kind_of_picture_is_kept_as_a_jpeg_of_the_same_pixels(
    client: TestClient, publisher: Publisher, kind: str
) -> None:
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, kind)
    assert send(client, buffer.getvalue(), f"a.{kind}").status_code == 201
    assert publisher.stored().startswith(b"\xff\xd8\xff")
    away = decode(publisher.stored()).astype(int) - decode(buffer.getvalue())
    assert np.abs(away).mean() < 1.5


def test_the_answer_names_the_reference_and_the_source_is_upload(
    client: TestClient, publisher: Publisher
) -> None:
    answer = send(client, noise_jpeg()).json()
    [sent] = publisher.sent
    assert answer == {"reference_id": sent.reference_id, "name": "photo.jpg"}
    assert sent.source == "upload"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\ada\\photo.jpg", "photo.jpg"),
        ("a\nb\0c.jpg", "a�b�c.jpg"),
        ("", "?"),
        ("..", ".."),
        ("x" * 5000, "…" + "x" * 299),
    ],
)
def test_a_name_is_only_ever_shown(name: str, shown: str) -> None:
    assert display_name(name) == shown


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://[", ORIGIN + "0"])
def test_another_site_s_page_is_refused(
    client: TestClient, publisher: Publisher, origin: str
) -> None:
    answer = client.post("/api/upload", content=noise_jpeg(), headers={"origin": origin})
    assert "vigie send" in refused(answer, 403, "foreign_origin")
    assert publisher.sent == []


def test_rubbish_is_refused_with_the_kinds_that_are_taken(client: TestClient) -> None:
    assert "PNG" in refused(send(client, b"<script>"), 415, "image_not_decodable")


def test_an_empty_or_cut_picture_is_refused(client: TestClient) -> None:
    refused(send(client, b""), 400, "image_empty")
    refused(send(client, noise_jpeg()[:-200]), 400, "image_truncated")


def bomb() -> bytes:
    """A PNG of 48 kB that would be 20,000 x 20,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    header = pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(48_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_a_bomb_is_refused_by_what_its_header_says(client: TestClient) -> None:
    assert len(bomb()) < MAX_BYTES
    assert "50,000,000" in refused(send(client, bomb()), 413, "image_too_large")


def test_a_picture_larger_than_said_is_refused_without_reading_it(client: TestClient) -> None:
    assert "200,000" in refused(send(client, bytes(MAX_BYTES + 1)), 413, "too_large")


async def body_of(parts: AsyncIterator[bytes], most: int, length: str = "") -> bytes:
    async def receive() -> dict[str, object]:
        async for part in parts:
            return {"type": "http.request", "body": part, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-length", length.encode())] if length else []
    return await read_body(Request({"type": "http", "headers": headers}, receive), most, 0.2)


def run(body: Coroutine[None, None, bytes]) -> bytes:
    """On a thread: the browser of other tests may have a loop running in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, body).result()


def test_a_stream_without_an_end_is_refused_as_soon_as_it_is_too_long() -> None:
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(1000)

    with pytest.raises(Refusal) as refusal:
        run(body_of(endless(), 10_500, length="10"))  # what it says of itself is a lie
    assert (refusal.value.status, len(taken)) == (413, 11)


def test_a_sender_that_goes_to_sleep_is_refused() -> None:
    async def sleeping() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    with pytest.raises(Refusal) as refusal:
        run(body_of(sleeping(), 10_000))
    assert (refusal.value.status, refusal.value.code) == (408, "too_slow")


def test_without_kafka_it_is_said_and_nothing_is_lost_in_silence(
    client: TestClient, publisher: Publisher
) -> None:
    publisher.is_away = True
    assert "broker running" in refused(send(client, noise_jpeg()), 503, "publish_failed")
    publisher.is_away = False
    assert send(client, noise_jpeg()).status_code == 201


def test_too_many_at_once_are_asked_to_come_again(client: TestClient) -> None:
    answers = [send(client, noise_jpeg(32, 24)) for _ in range(BURST + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {201}
    refused(answers[-1], 429, "busy")
    assert answers[-1].headers["retry-after"] == "1"


@given(pauses=st.lists(st.floats(0, 3), min_size=1, max_size=80))
def test_the_gate_never_lets_in_more_than_burst_and_rate_allow(pauses: list[float]) -> None:
    now = 0.0
    gate = Gate(at_once=1, rate=2.0, burst=5, clock=lambda: now)
    let_in = 0
    for pause in pauses:
        now += pause
        try:
            with gate.entered():
                let_in += 1
        except Refusal:
            pass
        assert let_in <= 5 + 2.0 * now + 1e-6


def test_the_gate_holds_only_so_many_at_once_and_opens_again() -> None:
    gate = Gate(at_once=2, rate=1.0, burst=100, clock=lambda: 0.0)
    with ExitStack() as inside:
        for _ in range(2):
            inside.enter_context(gate.entered())
        with pytest.raises(Refusal), gate.entered():
            pass
    with gate.entered():
        pass


def test_a_picture_with_more_pixels_than_anyone_sees_is_made_smaller() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (6000, 3000), "green").save(buffer, "JPEG")
    made = decode(clean(buffer.getvalue(), Limits()))
    assert made.shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)


def test_a_reference_has_no_card_until_its_event_is_there(client: TestClient) -> None:
    assert client.get("/api/references/known").json() == {"card": {"id": "0-3"}}
    assert client.get("/api/references/other").json() == {"card": None}
