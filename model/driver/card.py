"""The model card, written from the manifest and the held-out reports: no number by hand."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from model.driver.evaluate import Report
from model.driver.labels import BEHAVIOURS
from model.driver.settings import NETWORK
from model.manifest import Manifest

CARD_FILE = "CARD.md"

KNOWN_DATA = {
    "driver": (
        "**real** photographs: a part of *State Farm Distracted Driver Detection* (Kaggle"
        " competition, 2016), one camera position, one kind of car, drivers who act their part"
    ),
    "simulated": "**simulated** pictures: drawn by this project's cabin simulator",
}

INTRODUCTION = """# Model card: driver behaviour

Written by the training run; every number is measured on drivers the network never saw, with the
served file, on the path that serves it.

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

* Few drivers: the held-out ones are a handful of people in the same kind of car. On another car,
  another camera or other people expect less; the spread over drivers above says how much it moves.
* No epoch was picked by its held-out score: the averaged weights after the last one ship. The
  abstain threshold and the choice of int8 were made on the held-out real images, so the share
  answered and the accuracy of those answered are slightly flattering. The recipe itself (network,
  rate, epochs, augmentation) was found with an eye on these same drivers; folds over all have
  yet to confirm it.
* The confidence is **not calibrated** (temperature 1, trained with label smoothing): read it as an
  order, not as a frequency. The abstain threshold is a plain cut on it until a calibration comes.
* Simulated pictures are drawn and much easier than photographs: their numbers say that the
  demonstration works, nothing about roads.
* The heat map shows where the evidence for a class lies, on a grid of 32 pixels of the input. It
  is no outline of an object and no proof that the reason was a good one.
* Left and right are those of the driver as State Farm labels them; mirrored images are wrong input.
"""


def write_card(path: Path, manifest: Manifest, reports: Mapping[str, Report]) -> None:
    """Write the card beside the weights.

    Args:
        path: of the Markdown file.
        manifest: with its record.
        reports: per data folder, on its held-out subjects.
    """
    parts = [INTRODUCTION, _model(manifest), _data(manifest), LICENCE]
    parts += [_report(name, report) for name, report in reports.items()]
    path.write_text("\n".join([*parts, LIMITS]), "utf-8")


def _model(manifest: Manifest) -> str:
    checks = manifest.record["checks"]
    settings = manifest.record["settings"]
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
| held-out accuracy, float32 and int8 | {checks["float32_accuracy"]:.4f} and \
{checks["int8_accuracy"]:.4f}; same verdict on {checks["int8_same_verdict"]:.1%}, \
maps correlate {checks["int8_map_correlation"]:.4f} |
| abstains ("to check") below | {manifest.abstain_below:.3f} |
"""


def _data(manifest: Manifest) -> str:
    lines = [
        f"* `{part['name']}`: {KNOWN_DATA.get(part['name'], 'images of the trainer')}."
        f" {part['training_images']} images of {len(part['training_subjects'])} drivers to train"
        f" on, {part['held_out_images']} of {len(part['held_out_subjects'])} others"
        f" ({', '.join(part['held_out_subjects'])}) to judge by."
        for part in manifest.record["data"]
    ]
    return "\n".join(["## What it was trained and judged on", "", *lines, ""])


def _report(name: str, report: Report) -> str:
    spread = list(report.per_subject.values())
    deviation = statistics.pstdev(spread) if spread else 0.0
    return f"""## Drivers never trained on: `{name}`

| images | accuracy | macro-F1 | log loss | answered | accuracy of those answered |
|---|---|---|---|---|---|
| {report.images} | **{report.accuracy:.4f}** | {report.macro_f1:.4f} | {report.log_loss:.3f} | \
{report.answered:.1%} | {report.accuracy_answered:.4f} |

Per driver: {", ".join(f"{who} {share:.3f}" for who, share in report.per_subject.items())}
(least {min(spread, default=0):.3f}, most {max(spread, default=0):.3f}, standard deviation \
{deviation:.3f}).

{_confusion(report)}
"""


def _confusion(report: Report) -> str:
    codes = [label.code for label in BEHAVIOURS]
    lines = [
        "Rows are the truth, columns the verdict, in images.",
        "",
        f"| | {' | '.join(codes)} | F1 |",
        "|---" * (len(codes) + 2) + "|",
    ]
    for label, row in zip(BEHAVIOURS, report.confusion, strict=True):
        cells = " | ".join(str(count) if count else "·" for count in row)
        f1 = f"{report.f1[label.key]:.3f}" if label.key in report.f1 else "-"
        lines.append(f"| **{label.code}** {label.en} | {cells} | {f1} |")
    return "\n".join(lines)
