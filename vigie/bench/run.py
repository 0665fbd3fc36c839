"""``vigie bench``: the whole path on a real broker beside the bare model loop, in one run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from model.classifier import Classifier
from vigie.bench.bare import bare_rate, heat_cost
from vigie.bench.machine import this_machine
from vigie.bench.pairs import Pairs, Spread, measure_rounds
from vigie.bench.path import Whole, open_kafka, open_path
from vigie.bench.pictures import JOB, Stage, draw_work
from vigie.bench.report import BenchReport, FormReport
from vigie.bench.shares import MEASURING, Load, Meter
from vigie.invocation import Invocation
from vigie.jobs import configured_loader
from vigie.runtime import spare_imports

LATENCY_IMAGES = 200
LATENCY_RATE = 20.0
"""Images per second while latency is measured: two cameras at ten a second. Under full load one
would measure the queue."""

STEPS = 5
"""Of each form, besides its rounds: start, warm-up, one core, latency, first answers."""


def run_bench(
    invocation: Invocation,
    images: int,
    rounds: int,
    warm_up_s: float,
    models: Sequence[str | None],
    stage: Stage,
) -> BenchReport:
    """Measure each form of the model: the whole path beside the bare loop, round by round.

    The whole path runs on the cluster or embedded broker that is there, else on a broker of its
    own; always on topics of its own, which are deleted afterwards.

    Args:
        invocation: whose settings count.
        images: per round.
        rounds: of everything.
        warm_up_s: how long the whole path is under load before it is measured.
        models: versions or folders; ``None``: the one that the settings name.
        stage: told of the progress.

    Raises:
        VigieError: there is no such model, or the broker or a worker does not run.
    """
    loaders = [configured_loader(JOB, invocation.settings, model) for model in models]
    done = count()

    def step(what: str) -> None:
        stage(what, next(done), len(models) * (3 * rounds + STEPS) + 1)

    forms = []
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        folder = Path(scratch)
        step("drawing images")
        work = draw_work(folder, images)
        spare_imports()  # as the worker does: the bare loop shall not lose by the bench's objects
        with open_kafka(invocation.settings, folder) as kafka:
            for model, load in zip(models, loaders, strict=True):
                step("starting the worker")
                classifiers = [load() for _ in os.sched_getaffinity(0)]
                with open_path(invocation, JOB, folder, kafka, model=model) as whole:
                    step("warming up")
                    whole.warm(work, warm_up_s)
                    forms.append(_measure(classifiers, work, whole, rounds, step))
    return BenchReport(this_machine(), images, rounds, tuple(forms))


def _measure(
    classifiers: Sequence[Classifier],
    work: Sequence[Path],
    whole: Whole,
    rounds: int,
    step: Callable[[str], None],
) -> FormReport:
    measured = _measure_rounds(classifiers, work, whole, rounds, step)
    pairs, plain = measured.beside_bare, measured.beside_plain
    step("bare loop, one core")
    one = [bare_rate(classifiers[:1], work) for _ in range(rounds)]
    step("latency")
    waits = whole.latencies(work[:LATENCY_IMAGES], LATENCY_RATE)
    worker_mib, broker_mib = whole.worker_mib(), whole.broker_mib()
    step("first answers")
    starts = [whole.first_answer_s(work[0]) for _ in range(rounds)]
    manifest = classifiers[0].manifest
    return FormReport(
        model_version=manifest.version,
        precision=manifest.precision,
        width=manifest.width,
        height=manifest.height,
        bare_one_core=Spread.of(one),
        bare_all_cores=Spread.of(pairs.first),
        whole=Spread.of(pairs.second),
        whole_over_bare=pairs.ratio,
        ratios=pairs.ratios,
        plain_all_cores=Spread.of(plain.first),
        whole_over_plain=plain.ratio,
        plain_ratios=plain.ratios,
        shares=measured.whole_load.shares(),
        bare_share=measured.bare_load.share(MEASURING),
        latency_p50_ms=round(float(np.percentile(waits, 50)), 1),
        latency_p95_ms=round(float(np.percentile(waits, 95)), 1),
        first_answer_s=Spread.of(starts, 2),
        heat_cost=round(heat_cost(classifiers[0], work[:LATENCY_IMAGES]), 4),
        worker_mib=worker_mib,
        broker_mib=broker_mib,
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """The whole path beside both bare loops, and the processor time of it and the quick one."""

    beside_bare: Pairs
    beside_plain: Pairs
    bare_load: Load
    whole_load: Load


def _measure_rounds(
    classifiers: Sequence[Classifier],
    work: Sequence[Path],
    whole: Whole,
    rounds: int,
    step: Callable[[str], None],
) -> _Measured:
    """Both bare loops and the whole path take turns."""
    meter = meter_of(whole)
    bare_load, whole_load = Load(meter.cores), Load(meter.cores)

    def bare() -> float:
        step("bare loop, all cores")
        with bare_load.measuring(meter, len(work)):
            return bare_rate(classifiers, work)

    def path() -> float:
        step("whole path")
        return whole.rate(work, whole_load.measuring(meter, len(work)))

    def plain() -> float:
        step("bare loop, one image at a time")
        return bare_rate(classifiers, work, at_once=1)

    # The whole path in the middle: either loop is its neighbour, but where a round turns over.
    bare_rates, whole_rates, plain_rates = measure_rounds(rounds, bare, path, plain)
    return _Measured(
        Pairs(bare_rates, whole_rates), Pairs(plain_rates, whole_rates), bare_load, whole_load
    )


def meter_of(whole: Whole) -> Meter:
    """Sees the processor time of the path's processes."""
    workers = [worker.pid for worker in whole.workers if worker.pid is not None]
    return Meter(workers, whole.broker.status().pid if whole.broker else None)
