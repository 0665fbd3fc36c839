"""Random changes that keep what a driver does and change how the picture looks.

There is no mirroring: left and right are different behaviours.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from model.decode import Pixels

# Grey weights of ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114])
MAX_TURN_DEGREES = 6.0
MAX_SHADE = 0.7  # in powers of e: a stop of light more or less
LEAST_CROP = 0.72  # of each side: hands and head stay in view in a State Farm picture


def augment(image: Pixels, height: int, width: int, rng: np.random.Generator) -> Pixels:
    """A random view of ``image`` at ``height x width``: geometry, colour, sharpness, gaps."""
    changed = _view(image, height, width, rng)
    changed = _recolour(changed, rng)
    if rng.random() < 0.5:
        changed = _shade(changed, rng)
    if rng.random() < 0.25:
        blurred = cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.4, 1.6))
        changed = np.asarray(blurred, np.uint8)
    if rng.random() < 0.3:
        changed = _add_noise(changed, int(rng.integers(3, 22)), rng)
    if rng.random() < 0.6:
        _erase(changed, rng)
    return changed


def join(one: Pixels, other: Pixels, rng: np.random.Generator) -> Pixels:
    """The left part of one view and the right part of the other, of one class and one size.

    Two people, two cars and two lights in one picture: what stays the same is the class.
    """
    left, right = (one, other) if rng.random() < 0.5 else (other, one)
    # Neither part is so small that it holds nothing of the driver.
    cut = int(rng.uniform(0.3, 0.7) * one.shape[1])
    return np.concatenate([left[:, :cut], right[:, cut:]], axis=1)


def _view(image: Pixels, height: int, width: int, rng: np.random.Generator) -> Pixels:
    """A turned, shifted crop of random size and shape, by one resampling."""
    full_height, full_width = image.shape[:2]
    crop_width = full_width * rng.uniform(LEAST_CROP, 1.04)
    crop_height = full_height * rng.uniform(LEAST_CROP, 1.04)
    centre_x = full_width / 2 + rng.uniform(-0.55, 0.55) * abs(full_width - crop_width)
    centre_y = full_height / 2 + rng.uniform(-0.55, 0.55) * abs(full_height - crop_height)
    turn = math.radians(rng.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES))
    cos, sin = math.cos(turn), math.sin(turn)
    x, y = crop_width / width, crop_height / height
    to_source = np.array(
        [
            [cos * x, -sin * y, centre_x - cos * x * width / 2 + sin * y * height / 2],
            [sin * x, cos * y, centre_y - sin * x * width / 2 - cos * y * height / 2],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(image, to_source, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )


def _recolour(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Exposure, contrast, tint, saturation and hue as one matrix, then a random gamma."""
    exposure = math.exp(rng.uniform(-0.5, 0.4))
    tint = np.exp(rng.uniform(-0.12, 0.12, 3))
    colour = 0.0 if rng.random() < 0.12 else rng.uniform(0.4, 1.6)  # 0: an infra-red camera
    saturation = colour * np.eye(3) + (1 - colour) * np.tile(LUMA, (3, 1))
    matrix = exposure * np.diag(tint) @ _turn_hue(rng.uniform(-0.25, 0.25)) @ saturation
    contrast = rng.uniform(0.7, 1.35)
    offset = float(image.mean()) * exposure * (1 - contrast) + rng.uniform(-20, 20)
    affine = np.column_stack([contrast * matrix, np.full(3, offset)])
    recoloured = cv2.transform(image, affine)
    gamma = math.exp(rng.uniform(-0.5, 0.5))
    curve = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return np.asarray(cv2.LUT(recoloured, curve), np.uint8)


def _shade(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Light from elsewhere: parts of the cabin in the dark, parts in the sun.

    The drivers that were called wrong most often sat in the shade before a bright window.
    """
    height, width = image.shape[:2]
    coarse = np.exp(rng.uniform(-MAX_SHADE, MAX_SHADE, (3, 4))).astype(np.float32)
    gain = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.multiply(image, cv2.merge([gain] * 3), dtype=cv2.CV_8U), np.uint8)


def _turn_hue(angle: float) -> npt.NDArray[np.float64]:
    """The matrix that turns RGB about its grey axis by ``angle`` radians (Rodrigues)."""
    cos, sin = math.cos(angle), math.sin(angle) / math.sqrt(3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return np.asarray(cos * np.eye(3) + sin * cross + (1 - cos) / 3 * np.ones((3, 3)))


def _add_noise(image: Pixels, amplitude: int, rng: np.random.Generator) -> Pixels:
    noise = rng.integers(-amplitude, amplitude + 1, image.shape, np.int8)
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def _erase(image: Pixels, rng: np.random.Generator) -> None:
    """One or two boxes of flat colour, in place: no single spot may carry the verdict."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 3))):
        box_height, box_width = (rng.uniform(0.1, 0.35, 2) * (height, width)).astype(int)
        top = int(rng.integers(0, height - box_height))
        left = int(rng.integers(0, width - box_width))
        image[top : top + box_height, left : left + box_width] = rng.integers(0, 256, 3)
