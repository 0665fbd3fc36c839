"""Judging a job's model on a folder of labelled images, and reporting on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from model.classifier import Classifier
from model.driver.deletion import Drop, Drops, deletion_test, drops_by_class, mean_drops
from model.driver.evaluate import HELD_OUT, Report, arrays, choose, judge, summarise
from model.driver.unrelated import Unrelated, meet_unrelated
from model.measures import share_of
from model.progress import Progress
from schemas.errors import VigieError
from schemas.events import MOST_NOVEL

# The deletion test draws lots; the same model and images shall give the same figures.
SEED = 1


class ReportError(VigieError):
    """The page could not be written."""

    code = "report_not_written"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Attributes:
        model: version of the model.
        report: the measures.
        drops: of the deletion test; empty where no page was asked for.
        page: the HTML file, if there is one.
        unrelated: how pictures of no cabin were met; ``None`` where no page was asked for.
    """

    model: str
    report: Report
    drops: Sequence[Drop] = ()
    page: Path | None = None
    unrelated: Unrelated | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs: the measures, and what they are of."""
        found = asdict(self.report) | {"model": self.model, "page": self.page}
        if self.drops:
            by_class = drops_by_class(self.drops)
            found["deletion"] = _drops_json(mean_drops(self.drops)) | {
                "per_class": {key: _drops_json(drops) for key, drops in by_class.items()}
            }
        if self.unrelated:
            found["unrelated"] = asdict(self.unrelated)
        return found

    def lines(self) -> list[str]:
        """For people: one line per question."""
        report = self.report
        low, high = report.accuracy_interval
        lines = [
            f"{self.model} on {report.images} images: accuracy {report.accuracy:.4f} (95 %:"
            f" {low:.3f} to {high:.3f}), macro-F1 {report.macro_f1:.4f}, log loss"
            f" {report.log_loss:.3f}, calibration error {report.ece:.3f}"
        ]
        if spread := report.spread:
            lines.append(
                f"drivers: mean {spread.mean:.4f}, standard deviation {spread.deviation:.3f}, worst"
                f" {spread.worst} with {spread.least:.4f}"
            )
        lines.append(
            f"sure enough to answer {report.answered:.0%}, of those {report.accuracy_answered:.4f}"
            " right"
        )
        if self.drops:
            found = mean_drops(self.drops)
            lines.append(
                f"blurring the hottest tenth costs {found.hot:.3f} of the probability, any tenth"
                f" {found.chance:.3f}, the same shape elsewhere {found.elsewhere:.3f}"
            )
        if self.unrelated:
            met = self.unrelated.total
            lines.append(
                f"abstains on {met.hits} of {met.total} pictures of no cabin, and takes"
                f" {self.unrelated.lost.value:.1%} of these images for one"
            )
        if self.page:
            lines.append(f"{self.page} holds real pictures: do not pass it on")
        return lines


def evaluate_folder(
    classifier: Classifier,
    folder: Path,
    *,
    held_out: bool,
    page: Path | None,
    unrelated: Path | None,
    now: datetime,
    progress: Progress,
) -> Evaluation:
    """Judge the images of ``folder``; with ``page``, test heat maps and doubt, write the report.

    Args:
        classifier: with its served weights.
        folder: see :func:`model.driver.dataset.read_folder`.
        held_out: only drivers that the weights were never trained on.
        page: the HTML file to write.
        unrelated: more pictures of no cabin than are drawn, one subfolder per kind.
        now: the date in the report.
        progress: told of every step.

    Raises:
        ConfigurationError: no image is left to judge.
        RefusedError: an image cannot be read.
        ReportError: the page cannot be written.
    """
    if page:
        check_writable(page)
    samples = choose(folder, classifier, HELD_OUT if held_out else None)
    answers = judge(classifier, samples, progress)
    version = classifier.model_version
    if page is None:
        return Evaluation(version, summarise(answers, classifier))
    # Plotly takes half a second to import, which only a page needs.
    from model.driver.report.page import write_report  # noqa: PLC0415
    from model.driver.report.study import Study, facts_of  # noqa: PLC0415

    drops = deletion_test(classifier, answers, np.random.default_rng(SEED), progress)
    facts = facts_of(classifier.manifest, folder, samples)
    title = f"Driver behaviour: {version}"
    met = meet_unrelated(classifier, samples, unrelated, SEED, progress)
    doubt = Unrelated(met, share_of(arrays(answers).novelty > MOST_NOVEL))
    study = Study(title, now, facts, classifier.labels, answers, drops, unrelated=doubt)
    return Evaluation(version, write_report(page, study), drops, page, doubt)


def check_writable(page: Path) -> None:
    """Tell now, not after minutes of judging.

    Raises:
        ReportError: the page could not be written.
    """
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {page} ({error.strerror}): name a file in a folder"
            " that you may write to."
        ) from error


def _drops_json(drops: Drops) -> dict[str, Any]:
    return asdict(drops) | {"ratio": drops.ratio}
