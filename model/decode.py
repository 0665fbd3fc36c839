"""Bytes of an untrusted image file -> RGB pixels, with bounded memory.

Training and serving both go through :func:`decode_at_least` and :func:`resize`, so the network
meets the very pixels it was trained on.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from schemas.errors import RefusedError
from schemas.events import FailureReason

Pixels = npt.NDArray[np.uint8]
"""An image of shape (height, width, 3), in the order red, green, blue."""

# Beyond our own limit, Pillow's is a second wall: its warning is as much a refusal as its error.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Broken notes beside the picture (EXIF, TIFF tags) are no business of ours; the pixels are.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# A cabin camera's formats and what people keep photographs in; each further decoder is one more
# that reads untrusted bytes.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
JPEG_START = b"\xff\xd8\xff"
EXIF = b"Exif\x00\x00"
START_OF_SCAN = b"\xda"
# A marker may have any number of these before it.
FILL = 0xFF
# A camera writes EXIF first. Further on, a file made to be slow could hold millions of segments.
HEAD_BYTES = 65_536
# What Pillow's readers were seen to raise on half a million damaged files.
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError)
# What shows through transparent pixels: mid-grey is zero to the network.
NEUTRAL = (128, 128, 128, 255)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may cost: 50 megapixels are 150 MB of RGB, more than any cabin camera has."""

    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000


DEFAULT_LIMITS = Limits()


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """The whole picture at its own size, upright.

    Raises:
        RefusedError: empty, too large, truncated or no image.
    """
    return _decode(data, None, limits)


def decode_at_least(
    data: bytes, width: int, height: int, limits: Limits = DEFAULT_LIMITS
) -> Pixels:
    """The whole picture, upright, shrunk while decoding but to no less than ``width x height``.

    A JPEG is shrunk in the frequency domain (by eighths), which is both faster and closer to an
    anti-aliased picture than decoding it whole; other formats come at their own size.

    Raises:
        RefusedError: empty, too large, truncated or no image.
    """
    return _decode(data, (width, height), limits)


def resize(image: Pixels, width: int, height: int) -> Pixels:
    """``image`` stretched to ``width x height``; the whole picture stays in view.

    One that has this size already is returned itself.
    """
    if image.shape[:2] == (height, width):
        return image
    # Bilinear reads 2 x 2 pixels, so it skips pixels (aliases) when it shrinks further than twice.
    shrinks_far = image.shape[1] >= 2 * width or image.shape[0] >= 2 * height
    how = cv2.INTER_AREA if shrinks_far else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _decode(data: bytes, least: tuple[int, int] | None, limits: Limits) -> Pixels:
    if not data:
        raise RefusedError(
            FailureReason.IMAGE_EMPTY, "The image file has 0 bytes: send it again, whole."
        )
    if len(data) > limits.max_bytes:
        raise RefusedError(
            FailureReason.IMAGE_TOO_LARGE,
            f"The image file has {len(data):,} bytes, more than the {limits.max_bytes:,} allowed:"
            " compress it or send a smaller picture.",
        )
    if data.startswith(JPEG_START):
        return _decode_jpeg(data, least, limits)
    return _decode_other(data, limits)


def _decode_jpeg(data: bytes, least: tuple[int, int] | None, limits: Limits) -> Pixels:
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        # The header may name a kind of JPEG that only Pillow reads (arithmetic, 12-bit, ...).
        return _decode_other(data, limits, str(error))
    _check_pixels(width, height, limits)
    if colours not in ("YCbCr", "Gray", "RGB"):
        return _decode_other(data, limits)
    orientation = _orientation(data)
    turned = orientation >= 5  # EXIF 2.3: orientations 5 to 8 exchange rows and columns
    least_width, least_height = (least or (0, 0))[:: -1 if turned else 1]
    image = _decode_pixels(data, least_width, least_height)
    return _upright(image, orientation) if orientation > 1 else image


def _decode_pixels(data: bytes, least_width: int, least_height: int) -> Pixels:
    def read(*, strict: bool) -> Pixels:
        pixels = simplejpeg.decode_jpeg(
            data, "RGB", min_width=least_width, min_height=least_height, strict=strict
        )
        return np.asarray(pixels, np.uint8)

    try:
        return read(strict=True)
    except ValueError as error:
        if "premature end" in str(error).lower():
            raise _truncated("the JPEG data ends early") from error
    try:
        # Cameras write files with stray bytes that every viewer shows: only a cut is a refusal.
        return read(strict=False)
    except ValueError as error:
        raise _not_decodable(str(error)) from error


def _orientation(data: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    if not _has_exif(data):
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            value = image.getexif().get(0x0112, 1)
    except PILLOW_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_exif(data: bytes) -> bool:
    """Whether EXIF stands before the pixels of a JPEG.

    From segment to segment (ITU-T T.81, B.1.1): to search its bytes takes ten times as long.
    """
    at = 2
    head = data[:HEAD_BYTES]
    while head[at : at + 1] == b"\xff" and head[at + 1 : at + 2] not in (b"", START_OF_SCAN):
        if head[at + 1] == FILL:
            at += 1
            continue
        if head.startswith(EXIF, at + 4):
            return True
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return False


def _upright(image: Pixels, orientation: int) -> Pixels:
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def _decode_other(data: bytes, limits: Limits, hint: str = "") -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(image.width, image.height, limits)
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError(
            FailureReason.IMAGE_TOO_LARGE,
            f"The image has more than the {limits.max_pixels:,} pixels allowed ({error}):"
            " send a smaller picture.",
        ) from error
    except UnidentifiedImageError as error:
        raise _not_decodable(hint or "its first bytes are of no known image format") from error
    except PILLOW_ERRORS as error:
        if "truncated" in str(error).lower() or isinstance(error, EOFError):
            raise _truncated(str(error)) from error
        raise _not_decodable(str(error)) from error


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16"):
        return _stack(np.asarray(image).astype(np.uint16) >> 8)
    if image.mode in ("I", "F"):
        # 32-bit grey has no agreed white: its own darkest and lightest are taken for 0 and 255.
        grey = np.asarray(image, np.float64)
        low, high = float(grey.min()), float(grey.max())
        return _stack((grey - low) * (255.0 / max(high - low, 1e-12)))
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, NEUTRAL)
        image = Image.alpha_composite(behind, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), np.uint8)


def _stack(grey: npt.NDArray[np.generic]) -> Pixels:
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise RefusedError(
            FailureReason.IMAGE_TOO_LARGE,
            f"The image is {width:,} x {height:,} pixels, more than the {limits.max_pixels:,}"
            " allowed: send a smaller picture.",
        )


def _truncated(what: str) -> RefusedError:
    return RefusedError(
        FailureReason.IMAGE_TRUNCATED,
        f"The image file is cut off ({what}): copy it again, or wait until it is fully written.",
    )


def _not_decodable(what: str) -> RefusedError:
    return RefusedError(
        FailureReason.IMAGE_NOT_DECODABLE,
        f"The file is no image we can read ({what}): send {', '.join(FORMATS[:-1])} or"
        f" {FORMATS[-1]}.",
    )
