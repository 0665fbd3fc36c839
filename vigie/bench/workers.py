"""``vigie bench --workers``: several workers that share the cameras, beside one alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from vigie.bench.machine import Machine, this_machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.pairs import Pairs, Spread, measure_pairs
from vigie.bench.path import Whole, open_kafka, open_path
from vigie.bench.pictures import JOB, Stage, draw_work
from vigie.bench.run import meter_of
from vigie.bench.shares import Load, Share
from vigie.invocation import Invocation
from vigie.jobs import configured_loader

WORKERS = Part("workers", "vigie bench --workers")


@dataclass(frozen=True, slots=True)
class WorkersReport:
    """What several workers reach, each with one judging thread and one partition.

    Attributes:
        workers: how many share the cameras.
        images: per round.
        one: images per second of one worker alone, with one judging thread, on one partition.
        many: of all of them, in one group.
        many_over_one: median of the pairs' ratios.
        ratios: of each pair.
        shares: who used the processors while all of them worked, the workers together.
    """

    machine: Machine
    model_version: str
    workers: int
    images: int
    one: Spread
    many: Spread
    many_over_one: float
    ratios: tuple[float, ...]
    shares: tuple[Share, ...]

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return "what", f"smallest / median / largest of {len(self.ratios)} rounds"

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person."""
        return [
            ("one worker, one judging thread, one partition", f"{self.one} images/s"),
            (f"{self.workers} such workers, {self.workers} partitions", f"{self.many} images/s"),
            ("all over one, median of the pairs", f"{self.many_over_one}"),
            ("its pairs", ", ".join(map(str, self.ratios))),
            *((f"all at work: {share.part}", f"{share.cores:.2f} cores") for share in self.shares),
        ]

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        command = (
            f"{WORKERS.command} {self.workers} --images {self.images} --rounds {len(self.ratios)}"
        )
        told = f"{origin(command, self.machine, now)} Model {self.model_version}."
        return f"{told}\n\n{markdown_table(self.columns(), self.lines())}"


def run_workers(
    invocation: Invocation,
    workers: int,
    images: int,
    rounds: int,
    warm_up_s: float,
    model: str | None,
    stage: Stage,
) -> WorkersReport:
    """Measure one worker alone and ``workers`` in one group, in adjacent pairs.

    Each has one judging thread; the cameras are spread evenly over as many partitions.

    Raises:
        VigieError: there is no such model, or the broker or a worker does not run.
    """
    load = configured_loader(JOB, invocation.settings, model)
    done = count()

    def step(what: str) -> None:
        stage(what, next(done), 2 * rounds + 2)

    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        folder = Path(scratch)
        step("drawing images")
        work = draw_work(folder, images)
        with (
            open_kafka(invocation.settings, folder) as kafka,
            open_path(invocation, JOB, folder, kafka, model=model, threads=1) as one,
            open_path(
                invocation, JOB, folder, kafka, model=model, threads=1, workers=workers
            ) as many,
        ):
            step("warming up")
            many.await_shared()
            one.warm(work, 0.0)
            many.warm(work, warm_up_s)
            pairs, used = _measure(one, many, work, rounds, step)
    return WorkersReport(
        machine=this_machine(),
        model_version=load().model_version,
        workers=workers,
        images=images,
        one=Spread.of(pairs.first),
        many=Spread.of(pairs.second),
        many_over_one=pairs.ratio,
        ratios=pairs.ratios,
        shares=used.shares(),
    )


def _measure(
    one: Whole, many: Whole, work: Sequence[Path], rounds: int, step: Callable[[str], None]
) -> tuple[Pairs, Load]:
    """One worker and many in adjacent pairs, and the processor time of the many."""
    meter = meter_of(many)
    used = Load(meter.cores)

    def alone() -> float:
        step("one worker")
        return one.rate(work)

    def together() -> float:
        step(f"{len(many.workers)} workers")
        return many.rate(work, used.measuring(meter, len(work)))

    return measure_pairs(rounds, alone, together), used
