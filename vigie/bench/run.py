"""``vigie bench``: the whole path on a real broker beside the bare model loop, in one run.

Speeds of a shared machine drift by a quarter within minutes. So the measurements take turns,
round by round, and what is compared is always a pair of neighbours.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from model.classifier import Classifier
from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from vigie.bench.bare import bare_rate, heat_cost
from vigie.bench.path import Whole, open_whole
from vigie.invocation import Invocation
from vigie.jobs import configured_loader

JOB = "driver"

DISTINCT_IMAGES = 40
"""Enough that no cache of the processor holds them all; drawing them takes some seconds."""

WARM_UP_IMAGES = 300
"""A fresh broker compiles its hot code in its first seconds of load."""

LATENCY_IMAGES = 100
LATENCY_RATE = 20.0
"""Images per second while latency is measured: two cameras at ten a second. Under full load one
would measure the queue."""

Stage = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Smallest, middle and largest of the rounds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(
            *(round(found, 1) for found in (min(values), statistics.median(values), max(values)))
        )

    def __str__(self) -> str:
        return f"{self.min:g} / {self.median:g} / {self.max:g}"


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What was measured.

    Attributes:
        bare_one_core: images per second of one thread: read, decode, infer, heat grids.
        bare_all_cores: the same with a thread per core, answers in order.
        whole: from the first reference published to the last prediction committed and read.
        whole_over_bare: median of the rounds' ratios ``whole / bare_all_cores``.
        latency_p50_ms: publish -> committed prediction read, at ``LATENCY_RATE`` images a second.
        latency_p95_ms: the same, for the slowest twentieth.
        heat_cost: time per image with the heat grids over that without them. The maps themselves
            are an output of the same graph and cannot be left out.
        worker_mib: resident memory of the worker at the end.
        broker_mib: the broker's; ``None`` where it is not the embedded one.
    """

    model_version: str
    cores: int
    images: int
    rounds: int
    bare_one_core: Spread
    bare_all_cores: Spread
    whole: Spread
    whole_over_bare: float
    ratios: tuple[float, ...]
    latency_p50_ms: float
    latency_p95_ms: float
    heat_cost: float
    worker_mib: int
    broker_mib: int | None

    def lines(self) -> list[tuple[str, str]]:
        """What is shown to a person; speeds as smallest / middle / largest of the rounds."""
        return [
            ("model, cores", f"{self.model_version}, {self.cores}"),
            ("bare loop, one core", f"{self.bare_one_core} img/s"),
            ("bare loop, all cores", f"{self.bare_all_cores} img/s"),
            ("whole path", f"{self.whole} img/s"),
            ("whole over bare", f"{self.whole_over_bare} (rounds: {self.ratios})"),
            (
                f"publish to committed at {LATENCY_RATE:g} img/s",
                f"p50 {self.latency_p50_ms} ms, p95 {self.latency_p95_ms} ms",
            ),
            ("cost of the heat grids", f"x {self.heat_cost}"),
            ("worker, broker resident", f"{self.worker_mib} MiB, {self.broker_mib or '?'} MiB"),
        ]


@dataclass(frozen=True, slots=True)
class Rounds:
    """What the rounds gave, in images per second."""

    one: list[float]
    every: list[float]
    whole: list[float]

    @property
    def ratios(self) -> list[float]:
        """The whole path over its neighbour on all cores, round by round."""
        return [whole / bare for whole, bare in zip(self.whole, self.every, strict=True)]


def run_bench(invocation: Invocation, images: int, rounds: int, stage: Stage) -> BenchReport:
    """Measure round by round: bare on one core, bare on all cores, the whole path.

    The whole path runs on the cluster or embedded broker that is there, else on a broker of its
    own; always on topics of its own, which are deleted afterwards.

    Raises:
        VigieError: the broker or the worker does not run.
    """
    load = configured_loader(JOB, invocation.settings)
    classifiers = [load() for _ in os.sched_getaffinity(0)]
    done = count()

    def step(what: str) -> None:
        stage(what, next(done), 3 * rounds + 3)

    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        step("drawing images")
        files = draw_images(Path(scratch), DISTINCT_IMAGES)
        work = [files[number % len(files)] for number in range(images)]
        step("starting the worker")
        with open_whole(invocation, JOB, Path(scratch)) as whole:
            whole.rate(work[:WARM_UP_IMAGES])
            measured = _measure(classifiers, work, whole, rounds, step)
            step("latency")
            waits = whole.latencies(work[:LATENCY_IMAGES], LATENCY_RATE)
            worker_mib, broker_mib = whole.worker_mib(), whole.broker_mib()
        cost = heat_cost(classifiers[0], work[:LATENCY_IMAGES])
    return BenchReport(
        model_version=classifiers[0].model_version,
        cores=len(classifiers),
        images=images,
        rounds=rounds,
        bare_one_core=Spread.of(measured.one),
        bare_all_cores=Spread.of(measured.every),
        whole=Spread.of(measured.whole),
        whole_over_bare=round(statistics.median(measured.ratios), 3),
        ratios=tuple(round(ratio, 3) for ratio in measured.ratios),
        latency_p50_ms=round(float(np.percentile(waits, 50)), 1),
        latency_p95_ms=round(float(np.percentile(waits, 95)), 1),
        heat_cost=round(cost, 4),
        worker_mib=worker_mib,
        broker_mib=broker_mib,
    )


def _measure(
    classifiers: Sequence[Classifier],
    work: Sequence[Path],
    whole: Whole,
    rounds: int,
    step: Callable[[str], None],
) -> Rounds:
    found = Rounds([], [], [])
    for _ in range(rounds):
        step("bare loop, one core")
        found.one.append(bare_rate(classifiers[:1], work))
        step("bare loop, all cores")
        found.every.append(bare_rate(classifiers, work))
        step("whole path")
        found.whole.append(whole.rate(work))
    return found


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
