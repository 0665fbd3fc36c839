"""A labelled set of simulated pictures, laid out as training reads it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from producers.cabin.draw import draw, encode
from producers.cabin.scene import (
    BEHAVIOURS,
    random_cabin,
    random_driver,
    random_light,
    random_scene,
)

DRIVERS = 50
"""Enough that ten can be held out, as in the real set; one more adds little variety."""

OWN_LIGHT = 0.6
"""Share of pictures in the driver's usual light; the rest are taken at another time of day."""

STRIDE = 7
"""Shifts who is seen from class to class, so that every driver does everything."""


def draw_labelled(
    folder: Path,
    per_class: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Draw ``per_class`` pictures of each behaviour into ``folder/c0`` to ``folder/c9``.

    ``folder/drivers.csv`` (subject, classname, img) says who is on each, as State Farm's does. The
    same seed gives the same pictures.

    Raises:
        OSError: the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    people = [(random_driver(rng), random_cabin(rng), random_light(rng)) for _ in range(DRIVERS)]
    rows: list[tuple[str, str, str]] = []
    for label in BEHAVIOURS:
        (folder / f"c{label}").mkdir(parents=True, exist_ok=True)
    for turn in range(per_class):
        for label in BEHAVIOURS:
            who = (turn + label * STRIDE) % DRIVERS
            driver, cabin, light = people[who]
            own = light if rng.random() < OWN_LIGHT else None
            scene = random_scene(rng, label, driver, cabin, own)
            name = f"p9{who:02d}_{len(rows):05d}.jpg"
            picture = encode(draw(scene), scene.camera.quality)
            (folder / f"c{label}" / name).write_bytes(picture)
            rows.append((f"p9{who:02d}", f"c{label}", name))
            progress(len(rows), per_class * len(BEHAVIOURS))
    with (folder / "drivers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("subject", "classname", "img"))
        writer.writerows(sorted(rows))
