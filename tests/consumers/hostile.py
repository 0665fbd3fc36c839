"""Messages and images made to break a reader: random, cut, changed, lying, leading elsewhere."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from schemas.codec import encode_prediction, encode_reference, packaged_schemas
from tests.consumers.kit import Place
from tests.schemas.samples import PREDICTION, predictions, references

ESCAPES = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "00/../../secret.jpg",
    "..\\..\\secret.jpg",
    "file:///etc/passwd",
    "00/\0.jpg",
    "~/secret.jpg",
    "x" * 5000,
    ".",
    "",
)
DEVICES = ("/dev/zero", "../../../../dev/stdin", "/proc/self/mem")
MARKUP = b"<script>alert(1)</script><?php system('id'); ?>"


def bomb(side: int) -> bytes:
    """A PNG of some hundred bytes that says it has ``side x side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def messages(place: Place, chance: random.Random, count: int) -> Iterator[bytes]:
    """Bytes on the images topic that no producer of ours would write."""
    good = place.reference(0, SAMPLES[0])
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: chance.randbytes(chance.randrange(2000)),
        lambda: b"\0" + struct.pack(">I", chance.randrange(2**32)) + chance.randbytes(100),
        lambda: cut(good, chance),
        lambda: changed(good, chance),
        lambda: good + chance.randbytes(chance.randrange(1, 70_000)),
        lambda: place.reference(0, SAMPLES[0], path=chance.choice(ESCAPES + DEVICES)),
        lambda: place.reference(0, SAMPLES[0], sha256=chance.randbytes(32).hex()),
        lambda: place.reference(0, SAMPLES[0], job=chance.choice(("pets", "", "driver/../x"))),
        lambda: place.reference(0, SAMPLES[0], source="<img src=x onerror=alert(1)>" * 20),
        lambda: changed(encode_prediction(PREDICTION), chance),
    )
    for number in range(count):
        yield kinds[number % len(kinds)]()


def images(chance: random.Random, count: int) -> Iterator[bytes]:
    """Files that a decoder may stumble over; some are harmless, as an attacker's would be."""
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: cut(chance.choice(SAMPLES), chance),
        lambda: changed(chance.choice(SAMPLES), chance),
        lambda: bomb(chance.choice((8_000, 20_000, 65_535, 2**31 - 1))),
        lambda: chance.choice(SAMPLES) + MARKUP,
        lambda: MARKUP + chance.choice(SAMPLES),
        lambda: chance.choice(SAMPLES)[:20] + chance.randbytes(chance.randrange(5000)),
        lambda: chance.randbytes(chance.randrange(5000)),
        lambda: b"\0",
    )
    for number in range(count):
        yield kinds[number % len(kinds)]()


def cut(data: bytes, chance: random.Random) -> bytes:
    """The beginning of it."""
    return data[: chance.randrange(len(data))]


def changed(data: bytes, chance: random.Random) -> bytes:
    """With one to twenty bytes changed."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def _samples() -> tuple[bytes, ...]:
    """One picture in every format that is read."""
    pixels = draw(random_scene(np.random.default_rng(1), 4))
    picture = Image.fromarray(pixels).resize((160, 120))
    found = [encode(pixels, 90)]
    for form in ("PNG", "WEBP", "BMP", "GIF", "TIFF"):
        file = io.BytesIO()
        picture.save(file, form)
        found.append(file.getvalue())
    return tuple(found)


SAMPLES = _samples()


def _spoiled(data: bytes, kept: float, changes: list[tuple[float, int]], more: bytes) -> bytes:
    """Its beginning, with bytes changed at places between 0 and 1, and some added."""
    found = bytearray(data[: round(kept * len(data))])
    for place, byte in changes:
        if found:
            found[min(int(place * len(found)), len(found) - 1)] = byte
    return bytes(found) + more


_share = st.floats(0, 1)


def spoiled(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes that were valid once."""
    changes = st.lists(st.tuples(_share, st.integers(0, 255)), max_size=8)
    return st.builds(_spoiled, valid, st.just(1.0) | _share, changes, st.binary(max_size=40))


_ours = st.builds(
    lambda reference, path: encode_reference(replace(reference, job="driver", path=path)),
    references,
    references.map(lambda one: one.path) | st.sampled_from(ESCAPES + DEVICES),
)
_framed = st.builds(
    lambda schema, rest: b"\0" + struct.pack(">I", schema) + rest,
    st.sampled_from([one.schema_id for one in packaged_schemas()]) | st.integers(0, 2**32 - 1),
    st.binary(max_size=200),
)
any_message = (
    st.none()
    | st.binary(max_size=200)
    | _framed
    | _ours
    | spoiled(_ours | references.map(encode_reference) | predictions.map(encode_prediction))
)
any_image = st.binary(max_size=200) | spoiled(st.sampled_from(SAMPLES))
