"""What ``vigie bench`` found out, for people, programs and documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vigie.bench.machine import Machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.pairs import Spread
from vigie.bench.shares import IDLE, JUDGING, OTHERS, PARTS, Share

WHOLE_PATH = Part("whole path", "vigie bench")


@dataclass(frozen=True, slots=True)
class FormReport:
    """What was measured of one form of the model.

    Attributes:
        precision: of the weights, ``int8`` or ``float32``.
        width: of the network's input, pixels.
        height: the same.
        bare_one_core: images per second of one thread: read, decode, infer, heat grids.
        bare_all_cores: the same with a thread per core, answers in order.
        whole: from the first reference published to the last prediction committed and readable.
        whole_over_bare: median of the pairs' ratios ``whole / bare_all_cores``.
        ratios: of each pair.
        plain_all_cores: as `bare_all_cores`, but a thread takes one image at a time.
        whole_over_plain: median of the pairs' ratios ``whole / plain_all_cores``.
        plain_ratios: of each pair.
        shares: who used the processors during the rounds of the whole path.
        bare_share: what the bare loop itself used during its rounds.
        latency_p50_ms: publish -> committed prediction readable, at 20 images a second.
        latency_p95_ms: the same, for the slowest twentieth.
        first_answer_s: from the start of the worker's process to the first committed prediction
            of a reference that waits.
        heat_cost: time per image with the heat grids over that without them. The maps themselves
            are an output of the same graph and cannot be left out.
        worker_mib: resident memory of the worker after the rounds.
        broker_mib: the broker's; ``None`` where it is not the embedded one.
    """

    model_version: str
    precision: str
    width: int
    height: int
    bare_one_core: Spread
    bare_all_cores: Spread
    whole: Spread
    whole_over_bare: float
    ratios: tuple[float, ...]
    plain_all_cores: Spread
    whole_over_plain: float
    plain_ratios: tuple[float, ...]
    shares: tuple[Share, ...]
    bare_share: Share
    latency_p50_ms: float
    latency_p95_ms: float
    first_answer_s: Spread
    heat_cost: float
    worker_mib: int
    broker_mib: int | None

    @property
    def title(self) -> str:
        """What tells it from the other forms."""
        return f"{self.precision}, {self.width} x {self.height} ({self.model_version})"

    def share_of(self, part: str) -> Share | None:
        """What a part used; ``None`` where it could not be seen."""
        return next((share for share in self.shares if share.part == part), None)

    @property
    def work_ratio(self) -> float:
        """Processor time per image of the bare loop over that of all parts of the whole path.

        While no core is idle this is the ratio of the rates, and it hardly minds other programs.
        """
        whole = sum(one.ms_per_image for one in self.shares if one.part not in {OTHERS, IDLE})
        return round(self.bare_share.ms_per_image / whole, 3) if whole else 0.0

    def limit(self) -> str:
        """Why the whole path has not the quicker loop's speed, as a product of two shares.

        A rate is cores over processor time per image. So the ratio of the rates is the ratio of
        the cores that judge, times the inverse ratio of the time that an image takes them.
        """
        judging, bare = self.share_of(JUDGING), self.bare_share
        if judging is None or not bare.cores or not judging.ms_per_image:
            return "Too short to tell what stops it."
        cores, work = judging.cores / bare.cores, bare.ms_per_image / judging.ms_per_image
        return (
            f"Judging gets {judging.cores:.2f} cores where the loop has {bare.cores:.2f}"
            f" (x {cores:.2f}), and an image takes it {judging.ms_per_image:.2f} ms where the"
            f" loop takes {bare.ms_per_image:.2f} (x {work:.2f}): together x {cores * work:.2f}."
        )


Cell = Callable[[FormReport], str]

MEASURES: tuple[tuple[str, Cell], ...] = (
    (
        "bare loop (read, decode, infer, heat grids), one core",
        lambda form: f"{form.bare_one_core} images/s",
    ),
    (
        "bare loop, all cores, answers in order, one image at a time",
        lambda form: f"{form.plain_all_cores} images/s",
    ),
    (
        "the same, as many at a time as the worker takes",
        lambda form: f"{form.bare_all_cores} images/s",
    ),
    (
        "whole path: publish -> Kafka -> worker -> committed and readable",
        lambda form: f"{form.whole} images/s",
    ),
    (
        "whole path over the loop with one at a time, median of the pairs",
        lambda form: f"{form.whole_over_plain}",
    ),
    ("its pairs", lambda form: ", ".join(map(str, form.plain_ratios))),
    (
        "whole path over the quicker loop, median of the pairs",
        lambda form: f"{form.whole_over_bare}",
    ),
    ("its pairs", lambda form: ", ".join(map(str, form.ratios))),
    (
        "processor time per image: the quicker loop over all of the whole path",
        lambda form: f"{form.work_ratio}",
    ),
    (
        "publish -> committed prediction readable, at 20 images/s",
        lambda form: f"p50 {form.latency_p50_ms} ms, p95 {form.latency_p95_ms} ms",
    ),
    ("start of the worker -> first committed answer", lambda form: f"{form.first_answer_s} s"),
    ("heat grids against none", lambda form: f"x {form.heat_cost}"),
    (
        "resident: worker, broker",
        lambda form: f"{form.worker_mib} MiB, {form.broker_mib or '?'} MiB",
    ),
)
"""What is told of each form, and how."""


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What was measured, of each form in turn."""

    machine: Machine
    images: int
    rounds: int
    forms: tuple[FormReport, ...]

    def rows(self) -> list[tuple[str, ...]]:
        """The speeds, a column per form; smallest / middle / largest of the rounds."""
        return [(what, *map(cell, self.forms)) for what, cell in MEASURES]

    def share_rows(self) -> list[tuple[str, ...]]:
        """Who used the processors, a column per form."""
        seen = [
            (part, *(_share_cell(form.share_of(part)) for form in self.forms)) for part in PARTS
        ]
        bare = (
            "in the quicker loop's rounds: the loop",
            *(_share_cell(f.bare_share) for f in self.forms),
        )
        return [*seen, bare]

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person."""
        limits = ("what stops it", *(form.limit() for form in self.forms))
        return [*self.rows(), *self.share_rows(), limits]

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return ("what", *(form.title for form in self.forms))

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        command = f"{WHOLE_PATH.command} --images {self.images} --rounds {self.rounds}"
        titles = [form.title for form in self.forms]
        limits = [f"* {form.title}: {form.limit()}" for form in self.forms]
        cores = f"of {self.machine.cores} cores, while the whole path runs"
        return "\n".join(
            [
                origin(command, self.machine, now),
                f"Smallest / median / largest of {self.rounds} rounds.",
                "",
                markdown_table(("what", *titles), self.rows()),
                "",
                markdown_table((cores, *titles), self.share_rows()),
                "",
                *limits,
            ]
        )


def _share_cell(share: Share | None) -> str:
    if share is None:
        return "?"
    if share.part in {OTHERS, IDLE}:
        return f"{share.cores:.2f} cores"
    return f"{share.cores:.2f} cores, {share.ms_per_image:.2f} ms per image"
