"""``vigie bench --growth``: whether speed and memory stay flat as the work grows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vigie.bench.machine import Machine, this_machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.path import WARM_IMAGES, open_kafka, open_path
from vigie.bench.pictures import JOB, Stage, draw_work
from vigie.invocation import Invocation
from vigie.jobs import configured_loader

GROWTH = Part("growth", "vigie bench --growth")

TIMES = (100, 10, 1)
"""The largest amount of work, divided by these: three sizes over two orders of magnitude."""


@dataclass(frozen=True, slots=True)
class Size:
    """One amount of work.

    Attributes:
        references: published at once.
        rate: images per second, until the last prediction is committed and readable.
        worker_mib: resident memory of the worker afterwards.
        broker_mib: the broker's; ``None`` where it is not the embedded one.
    """

    references: int
    rate: float
    worker_mib: int
    broker_mib: int | None


@dataclass(frozen=True, slots=True)
class GrowthReport:
    """The same worker and broker under more and more work."""

    machine: Machine
    model_version: str
    sizes: tuple[Size, ...]

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return "references at once", "images/s", "worker resident", "broker resident"

    def lines(self) -> list[tuple[str, ...]]:
        """A line per size."""
        return [
            (
                f"{size.references:,}",
                f"{size.rate:.0f}",
                f"{size.worker_mib} MiB",
                f"{size.broker_mib or '?'} MiB",
            )
            for size in self.sizes
        ]

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        command = f"{GROWTH.command} {self.sizes[-1].references}"
        told = f"{origin(command, self.machine, now)} Model {self.model_version}."
        return f"{told}\n\n{markdown_table(self.columns(), self.lines())}"


def sizes_up_to(largest: int) -> list[int]:
    """A hundredth, a tenth and all of it; at least one."""
    return [max(1, largest // times) for times in TIMES]


def run_growth(
    invocation: Invocation,
    largest: int,
    warm_up_s: float,
    model: str | None,
    stage: Stage,
) -> GrowthReport:
    """Measure one worker under a hundredth, a tenth and all of ``largest`` references at once.

    Raises:
        VigieError: there is no such model, or the broker or the worker does not run.
    """
    load = configured_loader(JOB, invocation.settings, model)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        folder = Path(scratch)
        stage("drawing images", 0, len(TIMES) + 2)
        work = draw_work(folder, max(largest, WARM_IMAGES))
        with (
            open_kafka(invocation.settings, folder) as kafka,
            open_path(invocation, JOB, folder, kafka, model=model) as whole,
        ):
            stage("warming up", 1, len(TIMES) + 2)
            whole.warm(work, warm_up_s)
            found = []
            for number, size in enumerate(sizes_up_to(largest)):
                stage(f"{size:,} references", number + 2, len(TIMES) + 2)
                rate = whole.rate(work[:size])
                found.append(Size(size, round(rate, 1), whole.worker_mib(), whole.broker_mib()))
    return GrowthReport(this_machine(), load().model_version, tuple(found))
