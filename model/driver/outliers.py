"""Pictures that show no cabin: what a camera sees when it is covered, turned, moved or broken.

Drawn from nothing but a seed, so that a test of doubt needs no collection of photographs.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from model.decode import Pixels

WIDTH, HEIGHT = 640, 480
"""Of a State Farm photograph, so that resampling tells nothing."""

Draw = Callable[[np.random.Generator], Pixels]


def _plain(colour: np.ndarray) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def _grain(image: np.ndarray, sigma: float, rng: np.random.Generator) -> Pixels:
    """What any sensor adds."""
    noisy = image.astype(np.float32) + rng.normal(0, sigma, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _clouds(cell: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth random values 0..1 of shape (HEIGHT, WIDTH), of about ``cell`` pixels."""
    coarse = rng.random((HEIGHT // cell + 3, WIDTH // cell + 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 1)


def black(rng: np.random.Generator) -> Pixels:
    """A lens cap, or a camera without light."""
    return _grain(_plain(rng.integers(0, 14, 3)), rng.uniform(0, 4), rng)


def white(rng: np.random.Generator) -> Pixels:
    """A camera that looks into the sun."""
    return _grain(_plain(rng.integers(240, 256, 3)), rng.uniform(0, 4), rng)


def colour(rng: np.random.Generator) -> Pixels:
    """One plain colour: the test picture of a broken input."""
    return _plain(rng.integers(0, 256, 3))


def noise(rng: np.random.Generator) -> Pixels:
    """A broken line: every pixel, or every block of pixels, by chance."""
    block = int(rng.choice([1, 2, 4, 8, 16]))
    shape = (HEIGHT // block, WIDTH // block, 3 if rng.random() < 0.7 else 1)
    dots = rng.integers(0, 256, shape, np.uint8)
    dots = np.broadcast_to(dots, (*shape[:2], 3)).astype(np.uint8)
    return np.asarray(cv2.resize(dots, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.uint8)


def wall(rng: np.random.Generator) -> Pixels:
    """A wall at an arm's length: plaster under slanting light, or bricks."""
    shade = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.5, 1), WIDTH)[None, :, None]
    base = _plain(rng.integers(90, 230, 3)).astype(np.float32) * shade
    base = base * (0.9 + 0.2 * _clouds(int(rng.integers(6, 60)), rng))[..., None]
    if rng.random() < 0.5:
        high, long = int(rng.integers(24, 70)), int(rng.integers(60, 160))
        joint = rng.uniform(0.5, 1.4)
        for row, top in enumerate(range(0, HEIGHT, high)):
            base[top : top + 3] *= joint
            for left in range((row % 2) * long // 2, WIDTH, long):
                base[top : top + high, left : left + 3] *= joint
    return _grain(base, rng.uniform(1, 6), rng)


def hand(rng: np.random.Generator) -> Pixels:
    """A hand over the lens: blurred skin from dark to light, gaps of light between the fingers."""
    skin = np.array([[224, 172, 144], [198, 134, 104], [141, 85, 60], [80, 48, 36]])
    base = skin[int(rng.integers(len(skin)))] * rng.uniform(0.25, 1)
    image = _plain(base).astype(np.float32) * (0.6 + 0.6 * _clouds(160, rng))[..., None]
    angle = rng.uniform(-0.6, 0.6)
    for _ in range(int(rng.integers(0, 4))):
        start = np.array([rng.uniform(0, WIDTH), -20.0])
        end = start + np.array([np.sin(angle), np.cos(angle)]) * rng.uniform(150, 520)
        light = (base * rng.uniform(1.4, 2.5)).tolist()
        cv2.line(
            image,
            start.astype(int).tolist(),
            end.astype(int).tolist(),
            light,
            int(rng.integers(6, 40)),
        )
    return _grain(cv2.GaussianBlur(image, (0, 0), rng.uniform(12, 40)), rng.uniform(0, 5), rng)


def text(rng: np.random.Generator) -> Pixels:
    """A page of letters: a delivery note held before the camera."""
    paper = rng.integers(215, 256, 3)
    image = _plain(paper)
    ink = rng.integers(0, 90, 3).tolist()
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ 0123456789.,"))
    size = rng.uniform(0.4, 1.5)
    for line in range(int(20 * size) + 8, HEIGHT, int(34 * size)):
        written = "".join(rng.choice(letters, int(rng.integers(8, int(70 / size)))))
        at = (int(rng.integers(5, 60)), line)
        cv2.putText(image, written, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, max(1, int(2 * size)))
    return _grain(image, rng.uniform(0, 6), rng)


def stripes(rng: np.random.Generator) -> Pixels:
    """A test picture: bars or squares of a few colours."""
    wide, high = int(rng.integers(8, 120)), int(rng.integers(8, 480))
    colours = rng.integers(0, 256, (HEIGHT // high + 1, WIDTH // wide + 1, 3), np.uint8)
    grown = colours.repeat(high, 0).repeat(wide, 1)
    return np.ascontiguousarray(grown[:HEIGHT, :WIDTH])


def sky(rng: np.random.Generator) -> Pixels:
    """A camera that fell over: blue above, something dark below, clouds."""
    top, ground = rng.uniform((90, 140, 190), (150, 200, 256)), rng.integers(20, 120, 3)
    image = _plain(top).astype(np.float32) + 90 * (_clouds(90, rng)[..., None] - 0.3)
    edge = int(HEIGHT * rng.uniform(0.4, 0.95))
    image[edge:] = ground * (0.6 + 0.8 * _clouds(14, rng)[edge:, :, None])
    return _grain(cv2.GaussianBlur(np.clip(image, 0, 255), (0, 0), 1.5), 3, rng)


KINDS: dict[str, Draw] = {
    "black": black,
    "white": white,
    "colour": colour,
    "noise": noise,
    "wall": wall,
    "hand": hand,
    "text": text,
    "stripes": stripes,
    "sky": sky,
}


def upside_down(image: Pixels) -> Pixels:
    """The camera hangs by its other side: the picture is turned by half, not mirrored."""
    return np.ascontiguousarray(image[::-1, ::-1])
