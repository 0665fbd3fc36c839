"""Simulated cabin cameras that write drawn images into camera folders, for ``vigie simulate``.

Each camera has one driver in one car, who changes behaviour every few seconds. The truth is in the
file's name: ``000042-c3.jpg`` is the 43rd image of its camera and shows class c3.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np

from producers.cabin.draw import draw, encode
from producers.cabin.scene import (
    BEHAVIOURS,
    Behaviour,
    Cabin,
    Driver,
    Light,
    Scene,
    random_cabin,
    random_driver,
    random_light,
    random_scene,
)
from producers.errors import PublishError
from producers.settings import SimulatorSettings

LASTING_S = (3.0, 8.0)
"""Shortest and longest time that a behaviour lasts: long enough to be seen on the page, short
enough that a minute shows several."""

SPEED_M_S = 14.0
"""50 km/h, the speed at which the town moves by."""

_OURS = re.compile(r"(\d{6,})-c\d\.jpg")
_UNFINISHED = re.compile(r"\.\d{6,}-c\d\.jpg\.part")


@dataclass(frozen=True, slots=True)
class Truth:
    """An image that was written, and what it shows."""

    path: Path
    behaviour: int


def behaviours(rng: np.random.Generator, rate: float, safe_share: float) -> Iterator[int]:
    """What a driver does on each image, without end, at ``rate`` images per second."""
    while True:
        act = int(Behaviour.SAFE)
        if rng.random() >= safe_share:
            act = int(rng.choice([other for other in BEHAVIOURS if other != Behaviour.SAFE]))
        yield from repeat(act, max(1, round(rng.uniform(*LASTING_S) * rate)))


@dataclass(slots=True)
class _Camera:
    """One mounted camera with its driver, car and light."""

    folder: Path
    rng: np.random.Generator
    settings: SimulatorSettings
    acts: Iterator[int]
    driver: Driver
    cabin: Cabin
    light: Light
    town: int
    number: int
    """Of the next image."""

    def take(self) -> Truth:
        """Draw and write the next image, and delete the one that is one too many."""
        act = next(self.acts)
        scene = self._scene(act)
        settings = self.settings
        data = encode(draw(scene, settings.width, settings.height), scene.camera.quality)
        path = self.folder / f"{self.number:06d}-c{act}.jpg"
        # Whoever watches the folder sees a whole image or none.
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(data)
        part.replace(path)
        self.number += 1
        _delete_oldest(self.folder, settings.keep)
        return Truth(path, act)

    def _scene(self, act: int) -> Scene:
        scene = random_scene(self.rng, act, self.driver, self.cabin, self.light)
        travelled = self.number / self.settings.rate * SPEED_M_S
        return replace(scene, outside=replace(scene.outside, seed=self.town, travelled=travelled))


def simulate(
    folder: Path,
    *,
    settings: SimulatorSettings,
    stop: threading.Event,
    count: int | None = None,
    behaviour: int | None = None,
    seed: int | None = None,
    on_written: Callable[[Truth], None] = lambda _truth: None,
) -> int:
    """Write images into ``folder/cabin-1``, ``cabin-2``, …, in turn, until asked to stop.

    Numbers go on from what is in the folders. Only files named as the simulator names them are
    deleted.

    Args:
        folder: the folder of camera folders; made when it is not there.
        settings: how many cameras, how often, how large, how many images are left.
        stop: ends it after the present image.
        count: number of images, over all cameras, after which it ends.
        behaviour: the one behaviour (0..9) to show.
        seed: the same seed in empty folders gives the same images.
        on_written: called with each image.

    Returns:
        How many images were written.

    Raises:
        PublishError: the folder cannot be written.
        ValueError: there is no such behaviour.
    """
    if behaviour is not None and behaviour not in BEHAVIOURS:
        raise ValueError(f"behaviour {behaviour} is none of {BEHAVIOURS}")
    try:
        return _run(folder, settings, stop, count, behaviour, seed, on_written)
    except OSError as error:
        raise PublishError(
            f"The simulated cameras cannot write to {folder}: {error.strerror}. Free disk space or"
            " give this user the right to write there."
        ) from error


def _run(
    folder: Path,
    settings: SimulatorSettings,
    stop: threading.Event,
    count: int | None,
    behaviour: int | None,
    seed: int | None,
    on_written: Callable[[Truth], None],
) -> int:
    seeds = np.random.SeedSequence(seed).spawn(settings.cameras)
    cameras = [
        _mount(folder / f"cabin-{number}", np.random.default_rng(own), settings, behaviour)
        for number, own in enumerate(seeds, 1)
    ]
    interval = 1 / (settings.rate * len(cameras))
    due = time.monotonic()
    written = 0
    while written < (math.inf if count is None else count):
        # A slow machine draws as fast as it can; it does not hurry afterwards to catch up.
        due = max(due, time.monotonic() - interval)
        if stop.wait(max(0.0, due - time.monotonic())):
            break
        on_written(cameras[written % len(cameras)].take())
        written += 1
        due += interval
    return written


def _mount(
    folder: Path, rng: np.random.Generator, settings: SimulatorSettings, behaviour: int | None
) -> _Camera:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if _UNFINISHED.fullmatch(file.name):
            file.unlink()
    # Its own generator: what a driver does does not depend on how an image is drawn.
    chance = rng.spawn(1)[0]
    return _Camera(
        folder=folder,
        rng=rng,
        settings=settings,
        acts=(
            behaviours(chance, settings.rate, settings.safe_share)
            if behaviour is None
            else repeat(behaviour)
        ),
        driver=random_driver(rng),
        cabin=random_cabin(rng),
        light=random_light(rng),
        town=int(rng.integers(2**31)),
        number=max(_numbers(folder), default=-1) + 1,
    )


def _numbers(folder: Path) -> dict[int, Path]:
    matches = ((_OURS.fullmatch(file.name), file) for file in folder.iterdir())
    return {int(match[1]): file for match, file in matches if match}


def _delete_oldest(folder: Path, keep: int) -> None:
    files = _numbers(folder)
    for number in sorted(files)[:-keep]:
        files[number].unlink(missing_ok=True)
