"""The model card, written from the manifest and the folds' answers: no number by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from model.driver.deletion import Drop, Drops, drops_by_class, mean_drops
from model.driver.evaluate import Report
from model.driver.network import NETWORK
from model.labels import Label
from model.manifest import Manifest
from model.measures import Share

CARD_FILE = "CARD.md"

KNOWN_DATA = {
    "driver": (
        "**real** photographs: a part of *State Farm Distracted Driver Detection* (Kaggle"
        " competition, 2016), one camera position, one kind of car, drivers who act their part"
    ),
    "simulated": "**simulated** pictures: drawn by this project's cabin simulator",
}

INTRODUCTION = """# Model card: driver behaviour

Written by the training run. Every number about people is measured by cross-validation: each of
them was judged once, by a network that never saw them, in the form that serves, on the path that
serves it. The weights that ship were then trained by the same recipe on everybody.

**What it does.** One image of a driver, seen from the passenger's side -> one of ten behaviours
(attentive driving and nine infractions), ten probabilities, and a heat map per behaviour.

**Intended use.** To learn with, to demonstrate, and to point a person to images worth a look. A
verdict is a hint for a human being, never a reason by itself to fine, dismiss or accuse somebody.

**Not for** other camera positions, cars with the wheel on the right, night, or anything that
safety depends on: none of that was in the real images.
"""

LICENCE = """## Data and licence

The competition's rules allow the real images for that competition and for research, not for
passing them on: none is in this project. The weights were trained by us from those images, the
simulated ones, and ImageNet weights of MobileNetV2 (Keras Applications, Apache 2.0). Whoever uses
the weights commercially should first read the competition's rules.
"""

LIMITS = """## Limits

* Few drivers, in the same kind of car, before the same camera. On another car or camera expect
  less; the spread over drivers above says how much people alone move it.
* The numbers are those of the recipe, by the folds' networks; the weights that ship have seen all
  the drivers there are, so nothing here measures them on strangers.
* The recipe (network, rate, epochs, augmentation) was chosen by the same folds: a little flattery
  is left in it. Temperature, least margin and limit of novelty of each fold come from the other
  folds.
* Simulated pictures are drawn and much easier than photographs: their numbers say that the
  demonstration works, nothing about roads.
* A heat map shows where the evidence for a class lies, on a coarse grid. It is no outline of an
  object and no proof that the reason was a good one.
* Left and right are those of the driver as State Farm labels them; mirrored images are wrong input.
"""


def write_card(
    path: Path,
    manifest: Manifest,
    labels: Sequence[Label],
    reports: Mapping[str, Report],
    drops: Sequence[Drop],
    unrelated: Mapping[str, Share],
) -> None:
    """Write the card beside the weights.

    Args:
        path: of the Markdown file.
        manifest: with its record.
        labels: the classes, in the order of the probabilities.
        reports: per data folder, on its subjects, none of whom the judging network had seen.
        drops: of the deletion test.
        unrelated: share abstained on, per kind of picture that shows no cabin.
    """
    parts = [INTRODUCTION, _model(manifest), _data(manifest), LICENCE]
    parts += [_report(name, report, labels) for name, report in reports.items()]
    parts += [_choices(manifest), _unrelated(unrelated), _deletion(drops), LIMITS]
    path.write_text("\n".join(parts), "utf-8")


def _model(manifest: Manifest) -> str:
    checks = manifest.record["checks"]
    settings = manifest.record["settings"]
    novelty = (manifest.novelty or {}).get("limit", 0.0)
    return f"""## Model

| | |
|---|---|
| version | `{manifest.version}` |
| SHA-256 | `{manifest.sha256}` |
| network | {NETWORK} |
| input | RGB {manifest.width} x {manifest.height}, the whole picture, stretched |
| form | LiteRT, {manifest.precision} |
| training | {settings["epochs"]} epochs, seed {settings["seed"]}, running average of the weights |
| maps against Grad-CAM on the logit | correlation {checks["maps"]["grad_cam_correlation"]:.7f}, \
largest difference {checks["maps"]["grad_cam_error"]:.1e} |
| accuracy over the folds, float32 and int8 | {checks["float32_accuracy"]:.4f} and \
{checks["int8_accuracy"]:.4f}; same verdict on {checks["int8_same_verdict"]:.1%} |
| temperature | {manifest.temperature:.3f} |
| abstains ("to check") | where {manifest.unsure_where}, or where more than {novelty:.1%} of the \
features lie outside of what it knows |
"""


def _data(manifest: Manifest) -> str:
    lines = [
        f"* `{part['name']}`: {KNOWN_DATA.get(part['name'], 'images of the trainer')}."
        f" {part['images']} images of {len(part['training_subjects'])} drivers."
        for part in manifest.record["data"]
    ]
    return "\n".join(["## What it was trained and judged on", "", *lines, ""])


def _report(name: str, report: Report, labels: Sequence[Label]) -> str:
    low, high = report.accuracy_interval
    spread = report.spread
    people = (
        f"Per driver: mean {spread.mean:.3f}, standard deviation {spread.deviation:.3f}, least"
        f" {spread.least:.3f} ({spread.worst}).\n"
        + ", ".join(f"{who} {share:.3f}" for who, share in report.per_subject.items())
        if spread
        else ""
    )
    return f"""## Drivers never seen: `{name}`

| images | accuracy | macro-F1 | log loss | ECE | answered | accuracy of those answered |
|---|---|---|---|---|---|---|
| {report.images} | **{report.accuracy:.4f}** ({low:.3f} to {high:.3f}) | {report.macro_f1:.4f} | \
{report.log_loss:.3f} | {report.ece:.3f} | {report.answered:.1%} | {report.accuracy_answered:.4f} |

{people}

{_confusion(report, labels)}
"""


def _confusion(report: Report, labels: Sequence[Label]) -> str:
    codes = [label.code for label in labels]
    lines = [
        "Rows are the truth, columns the verdict, in images.",
        "",
        f"| | {' | '.join(codes)} | F1 |",
        "|---" * (len(codes) + 2) + "|",
    ]
    for label, row in zip(labels, report.confusion, strict=True):
        cells = " | ".join(str(count) if count else "·" for count in row)
        f1 = f"{report.f1[label.key]:.3f}" if label.key in report.f1 else "-"
        lines.append(f"| **{label.code}** {label.en} | {cells} | {f1} |")
    return "\n".join(lines)


def _choices(manifest: Manifest) -> str:
    lines = [
        f"| {choice.right:g} | {choice.least_margin:.3f} | {choice.answered:.1%} |"
        f" {choice.accuracy:.4f} |"
        for choice in manifest.choices
    ]
    return "\n".join(
        [
            "## How sure it shall be",
            "",
            "`VIGIE_INFERENCE__SURE` chooses how many of its answers shall be right; what it does"
            " not answer is for a person to check. Real people, each judged by the margin that the"
            " others chose:",
            "",
            "| right, wanted | least margin | answered | of those right |",
            "|---|---|---|---|",
            *lines,
            "",
        ]
    )


def _unrelated(shares: Mapping[str, Share]) -> str:
    lines = [f"| {kind} | {share.total} | {share.value:.1%} |" for kind, share in shares.items()]
    return "\n".join(
        [
            "## Pictures that show no cabin",
            "",
            "The limit of novelty comes from the drivers' images alone, of which 3 % are given up"
            " by choice; that it is the residual to 64 directions was chosen by looking at such"
            " pictures, on one fold.",
            "",
            "| kind | pictures | abstained |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


def _deletion(drops: Sequence[Drop]) -> str:
    rows = {**drops_by_class(drops), "**all**": mean_drops(drops)}
    return "\n".join(
        [
            "## Do the heat maps point at the reason?",
            "",
            "The hottest tenth of the grid blurred, a tenth by chance, and the same shape"
            " elsewhere: what the class's probability loses.",
            "",
            "| class | images | hottest | chance | same shape elsewhere | hottest over chance |",
            "|---|---|---|---|---|---|",
            *(_drop(name, drop) for name, drop in rows.items()),
            "",
        ]
    )


def _drop(name: str, drop: Drops) -> str:
    ratio = "-" if drop.ratio is None else f"{drop.ratio:.1f}"
    return (
        f"| {name} | {drop.images} | {drop.hot:.3f} | {drop.chance:.3f} | {drop.elsewhere:.3f} |"
        f" {ratio} |"
    )
