"""What is judged while measuring: simulated images, always the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene

JOB = "driver"

T = TypeVar("T")

DISTINCT_IMAGES = 40
"""Enough that no cache of the processor holds them all; drawing them takes some seconds."""

LEAST_IMAGES = 10
"""One of each behaviour."""

Stage = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""


def draw_images(folder: Path, number: int) -> list[Path]:
    """Simulated images of all behaviours in turn, always the same ones."""
    rng = np.random.default_rng(1)
    files = []
    for index in range(number):
        scene = random_scene(rng, index % 10)
        file = folder / f"{index:03d}.jpg"
        file.write_bytes(encode(draw(scene), scene.camera.quality))
        files.append(file)
    return files


def draw_work(folder: Path, images: int) -> list[Path]:
    """So many images, some distinct ones in turn; a small measurement waits for few drawings."""
    distinct = max(LEAST_IMAGES, min(images // 20, DISTINCT_IMAGES))
    return repeat(draw_images(folder, distinct), images)


def repeat(few: Sequence[T], number: int) -> list[T]:
    """So many, the few in turn."""
    return list(islice(cycle(few), number))
