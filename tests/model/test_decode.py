"""Every picture a person may send gets pixels; everything else gets a reason."""

import contextlib
import functools
import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.decode import Limits, decode, decode_at_least, resize
from schemas.errors import RefusedError
from schemas.events import FailureReason

# Left half red, right half blue, with a green top: any turn or mirroring is seen.
WIDTH, HEIGHT = 64, 48


def picture(mode="RGB"):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : WIDTH // 2] = (255, 0, 0)
    pixels[:, WIDTH // 2 :] = (0, 0, 255)
    pixels[: HEIGHT // 4] = (0, 255, 0)
    return Image.fromarray(pixels).convert(mode)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width, height):
    return Image.fromarray(
        np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    )


def oriented(orientation, kind="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = picture() if turned is None else picture().transpose(turned)
    return saved(stored, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))


def png_chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@functools.cache
def png_bomb(side=20_000):
    """A valid grey PNG of ``side x side`` zeros in some MB."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    return start + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def jpeg_bomb(side=20_000):
    """A small JPEG whose header claims to be ``side x side``."""
    data = bytearray(saved(picture(), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", side, side)
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
    ],
)
def test_each_format_gives_the_same_upright_picture(kind, options):
    found = decode(saved(picture(), kind, **options))
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - np.asarray(picture(), int)).mean() < 6


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "JPEG"), ("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"),
        ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("I;16", "PNG"), ("I;16", "TIFF"), ("F", "TIFF"),
        ("RGBA", "WEBP"), ("P", "GIF"),
    ],
)  # fmt: skip
def test_each_colour_mode_becomes_rgb(mode, kind):
    image = picture("L").point(lambda v: v * 257, "I").convert(mode) if mode == "I;16" else None
    found = decode(saved(image or picture(mode), kind))
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert found.std() > 10


def test_cmyk_keeps_its_colours():
    found = decode(saved(picture("CMYK"), "JPEG", quality=95))
    assert np.abs(found.astype(int) - np.asarray(picture(), int)).mean() < 12


def test_sixteen_bits_keep_their_brightness():
    grey = np.full((4, 4), 0x8000, np.uint16)
    assert (decode(saved(Image.fromarray(grey), "PNG")) == 0x80).all()


def test_transparent_pixels_become_neutral_grey():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (decode(saved(clear, "PNG")) == 128).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation, kind):
    found = decode(oriented(orientation, kind))
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(found.astype(int) - np.asarray(picture(), int)).mean() < 6


# What may stand before EXIF: comments and other programs' segments, whatever bytes they hold.
SEGMENTS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0xE0, 0xE1, 0xE2, 0xED, 0xFE]),
        st.binary(max_size=20) | st.sampled_from([b"\xff\xda", b"JFXX\x00\xff\xda\xff\xd9"]),
    ),
    max_size=4,
)


def behind(segments, jpeg):
    """The same picture, with these segments first, each after so many fill bytes."""
    written = (
        b"\xff" * (fill + 1) + bytes([marker]) + struct.pack(">H", len(content) + 2) + content
        for fill, marker, content in segments
    )
    return jpeg[:2] + b"".join(written) + jpeg[2:]


@given(SEGMENTS)
def test_exif_counts_wherever_it_stands_before_the_pixels(segments):
    turned = behind(segments, oriented(6))
    assert decode(turned).shape == (HEIGHT, WIDTH, 3)
    assert (decode(turned) == decode(oriented(6))).all()


def test_what_looks_like_exif_in_a_comment_or_behind_the_pixels_turns_nothing():
    exif = oriented(6).partition(b"Exif")
    note = [(0, 0xFE, b"no Exif\x00\x00 here")]
    upright = saved(picture(), "JPEG", quality=95)
    for data in (behind(note, upright), upright + b"\xff\xe1\x00\x10" + exif[1] + exif[2][:10]):
        assert (decode(data) == decode(upright)).all()


@given(st.binary(max_size=60))
def test_a_head_of_any_bytes_is_read_or_refused(head):
    with contextlib.suppress(RefusedError):
        decode(b"\xff\xd8\xff" + head)


@pytest.mark.parametrize("orientation", [1, 6])
def test_scaled_decode_shrinks_a_jpeg_but_not_below_what_is_asked(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode_at_least(saved(noise(1280, 960), "JPEG", exif=exif), 256, 192)
    height, width = found.shape[:2]
    assert 192 <= height < 960
    assert 256 <= width < 1280


def test_a_single_pixel_is_an_image():
    assert resize(decode_at_least(saved(noise(1, 1), "JPEG"), 256, 192), 256, 192).shape == (
        192, 256, 3,
    )  # fmt: skip


def test_stray_bytes_in_a_jpeg_do_not_refuse_it():
    data = saved(picture(), "JPEG")
    table = data.index(b"\xff\xdb")
    assert decode(data[:table] + b"stray" + data[table:] + b"tail").shape == (HEIGHT, WIDTH, 3)


WHOLE = saved(noise(320, 240), "JPEG")
PROGRESSIVE = saved(noise(320, 240), "JPEG", progressive=True)
PNG = saved(noise(320, 240), "PNG")
WEBP = saved(noise(320, 240), "WEBP")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", FailureReason.IMAGE_EMPTY),
        (b"this is a text\n" * 40, FailureReason.IMAGE_NOT_DECODABLE),
        (b"\xff\xd8\xff" + b"this is a text\n" * 40, FailureReason.IMAGE_NOT_DECODABLE),
        (WHOLE[: len(WHOLE) // 2], FailureReason.IMAGE_TRUNCATED),
        (WHOLE[:-2], FailureReason.IMAGE_TRUNCATED),
        (PROGRESSIVE[: len(PROGRESSIVE) // 2], FailureReason.IMAGE_TRUNCATED),
        (PNG[: len(PNG) // 2], FailureReason.IMAGE_TRUNCATED),
        (jpeg_bomb(), FailureReason.IMAGE_TOO_LARGE),
        (png_bomb(), FailureReason.IMAGE_TOO_LARGE),
        (png_bomb(10_000), FailureReason.IMAGE_TOO_LARGE),
        (WHOLE + bytes(20_000_000), FailureReason.IMAGE_TOO_LARGE),
    ],
    ids=[
        "empty", "text", "text-as-jpeg", "half-jpeg", "jpeg-without-end", "half-progressive",
        "half-png", "jpeg-bomb", "png-bomb", "png-warning", "too-many-bytes",
    ],
)  # fmt: skip
@pytest.mark.parametrize("read", [decode, lambda data: decode_at_least(data, 64, 48)])
def test_bad_input_is_refused_with_its_reason(data, reason, read):
    with pytest.raises(RefusedError) as refusal:
        read(data)
    assert refusal.value.reason is reason
    assert str(refusal.value) == refusal.value.detail
    assert refusal.value.detail.endswith(".")


def test_a_cut_jpeg_header_is_refused():
    with pytest.raises(RefusedError):
        decode(WHOLE[:100])


@given(st.integers(1, len(WHOLE) - 1))
def test_no_cut_of_a_jpeg_is_taken_for_the_whole(length):
    with pytest.raises(RefusedError):
        decode_at_least(WHOLE[:length], 256, 192)


@given(st.binary(max_size=200), st.sampled_from([b"", WHOLE[:300], PNG[:60], WEBP[:40]]))
def test_any_bytes_give_pixels_or_a_refusal(data, start):
    with contextlib.suppress(RefusedError):
        assert decode(start + data).ndim == 3


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_any_changed_byte_gives_pixels_or_a_refusal(place, value):
    data = WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :]
    with contextlib.suppress(RefusedError):
        assert decode_at_least(data, 64, 48).ndim == 3


def test_limits_can_be_set():
    with pytest.raises(RefusedError, match="100"):
        decode(saved(picture(), "PNG"), Limits(max_pixels=100))


BOMB_CHECK = """
import resource, sys
from schemas.errors import RefusedError
from model.decode import decode_at_least
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in sys.argv[1:]:
    try:
        decode_at_least(open(data, "rb").read(), 256, 192)
    except RefusedError as error:
        assert error.reason == "image_too_large", error
    else:
        raise SystemExit("not refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_is_refused_without_taking_its_memory(tmp_path):
    names = []
    for name, data in (
        ("bomb.png", png_bomb()),
        ("warned.png", png_bomb(10_000)),
        ("bomb.jpg", jpeg_bomb()),
    ):
        (tmp_path / name).write_bytes(data)
        names.append(str(tmp_path / name))
    done = subprocess.run(
        [sys.executable, "-c", BOMB_CHECK, *names], capture_output=True, text=True, check=True
    )
    # 20,000 x 20,000 pixels are 1,200 MB of RGB; ru_maxrss counts kB.
    assert int(done.stdout) < 20_000
