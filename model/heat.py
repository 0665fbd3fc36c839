"""Class activation maps: as small grids that travel in events, and drawn when someone looks.

For a network whose pooled features meet one dense layer, the map of class c is
``M_c = sum_k w_kc A_k`` (Zhou et al. 2016), and ``ReLU(M_c) / (rows * columns)`` is exactly the
Grad-CAM of its logit (Selvaraju et al. 2017, appendix A).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from model.decode import Pixels
from schemas.events import HeatGrids

# From violet over red to yellow: it grows lighter all the way, so it reads in grey and for
# colour-blind people too.
RAMP = np.array([[60, 20, 110], [190, 40, 110], [250, 120, 40], [255, 225, 90]], np.float64)
# Heat below this share of the peak is background and stays clear; full colour comes by FULL.
CLEAR = 0.18
FULL = 0.68
MOST_OPAQUE = 0.92
# Cells grow to this many pixels on the page, where the browser smooths the rest.
PIXELS_PER_CELL = 4
OVERLAY_STRENGTH = 0.6
MIN_TEXT_PIXELS = 11


def account_gap(
    maps: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """How far the maps are from accounting for the logits: 0 but for rounding, where they do.

    A logit is the mean of its map plus its bias, because pooling and the dense layer are both
    linear: ``max_c |mean(M_c) + b_c - logit_c|``.

    Args:
        maps: of shape (..., rows, columns, classes).
        scores: the logits, of shape (..., classes).
        bias: of shape (classes,).

    Returns:
        In units of the logit, of shape (...).
    """
    *images, _, _, classes = maps.shape
    means = maps.reshape(*images, -1, classes).mean(-2)
    return np.asarray(np.abs(means + bias - scores).max(-1))


def make_grids(maps: npt.NDArray[np.float32], verified: bool | None = None) -> HeatGrids:
    """Logit maps of shape (rows, columns, classes) -> grids of bytes, each scaled to its peak."""
    return make_all_grids(maps[None], [verified])[0]


def make_all_grids(
    maps: npt.NDArray[np.float32], verified: Sequence[bool | None]
) -> list[HeatGrids]:
    """:func:`make_grids` of each of some images, in fewer steps.

    Args:
        maps: of shape (images, rows, columns, classes).
        verified: of each image.
    """
    _, rows, columns, _ = maps.shape
    positive = np.maximum(maps, 0).transpose(0, 3, 1, 2)
    # In double precision, 255 over the smallest float32 is still a number.
    peaks = positive.max(axis=(2, 3)).astype(np.float64)
    scale = np.divide(255.0, peaks, out=np.zeros_like(peaks), where=peaks > 0)
    cells = np.rint(positive * scale[..., None, None]).astype(np.uint8)
    return [
        HeatGrids(rows, columns, tuple(peak), cell.tobytes(), is_verified)
        for peak, cell, is_verified in zip(peaks.tolist(), cells, verified, strict=True)
    ]


def paint(grid: bytes, rows: int, columns: int, width: int, height: int) -> Pixels:
    """One class's grid as a smooth picture.

    Returns:
        uint8 of shape (height, width, 4): red, green, blue, alpha. A cold grid is all clear.
    """
    cells = np.frombuffer(grid, np.uint8).reshape(rows, columns)
    smooth = cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    heat = np.clip(np.asarray(smooth, np.float64) / 255.0, 0, 1)
    place = heat * (len(RAMP) - 1)
    low = np.clip(place.astype(int), 0, len(RAMP) - 2)
    colour = RAMP[low] + (RAMP[low + 1] - RAMP[low]) * (place - low)[..., None]
    alpha = np.clip((heat - CLEAR) / (FULL - CLEAR), 0, 1) ** 0.8 * (255 * MOST_OPAQUE)
    return np.dstack([colour, alpha]).astype(np.uint8)


def heat_png(grid: bytes, rows: int, columns: int) -> bytes:
    """A small transparent PNG (some kB) to lay over the image on a page."""
    picture = paint(grid, rows, columns, columns * PIXELS_PER_CELL, rows * PIXELS_PER_CELL)
    return _png(cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))


def overlay(
    image: Pixels, grid: bytes, rows: int, columns: int, label: str, confidence: float
) -> Pixels:
    """``image`` under its heat, at its own size, with label and percentage readable on it.

    Args:
        image: RGB, any size.
        grid: ``rows x columns`` bytes of one class.
        rows: of the grid.
        columns: of the grid.
        label: what to write; letters with accents are drawn.
        confidence: 0..1, written as a whole percentage.
    """
    height, width = image.shape[:2]
    small = paint(grid, rows, columns, columns * PIXELS_PER_CELL, rows * PIXELS_PER_CELL)
    heat = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    # Eight bits all the way: an image of 50 megapixels must not become gigabytes of floats.
    mask = heat.getchannel("A").point(lambda alpha: alpha * OVERLAY_STRENGTH)
    mixed = Image.composite(heat.convert("RGB"), Image.fromarray(image), mask)
    return _write(np.array(mixed), f"{label} · {confidence:.0%}")


def overlay_png(
    image: Pixels, grid: bytes, rows: int, columns: int, label: str, confidence: float
) -> bytes:
    """:func:`overlay` as a PNG file."""
    drawn = overlay(image, grid, rows, columns, label, confidence)
    return _png(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))


def _write(image: Pixels, text: str) -> Pixels:
    """``text`` in white on a dark band along the bottom, as large as fits."""
    height, width = image.shape[:2]
    # OpenCV's own scalable face: it has the accents that Pillow's and the Hershey faces lack.
    face = cv2.FontFace("sans")
    size = max(MIN_TEXT_PIXELS, min(height // 14, 64))
    while size > MIN_TEXT_PIXELS and _text_width(text, face, size) > 0.94 * width:
        size -= 1
    band = min(height, round(size * 1.7))
    image[height - band :] = cv2.convertScaleAbs(image[height - band :], alpha=0.3)
    at = (round(size * 0.5), height - round(band * 0.32))
    drawn = cv2.putText(image, text, at, (255, 255, 255), face, size, 500)[1]
    return np.asarray(drawn, np.uint8)


def _text_width(text: str, face: cv2.FontFace, size: int) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), face, size, 500)[2])


def _png(picture: npt.NDArray[np.uint8] | cv2.typing.MatLike) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()
