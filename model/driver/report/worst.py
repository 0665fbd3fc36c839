"""The images a model is most surely wrong about, small enough to lie in one HTML file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import simplejpeg

from model.decode import decode, resize
from model.driver.evaluate import Answer
from model.driver.report.study import Study
from model.heat import heat_png

SHOWN = 24
# Large enough to tell a phone from a hand; 24 of them stay below a megabyte.
SIDE = 400
MOST_BYTES = 40_000
# Pure noise of this size takes 25 kB in the last: nothing is larger.
QUALITIES = (85, 70, 50, 30, 15)

# Three radio buttons that style sheets answer: no script is needed to change the map.
CHOICE = """<fieldset><legend>Heat map of</legend>
<label><input type="radio" name="heat" id="said" checked> the verdict</label>
<label><input type="radio" name="heat" id="true"> the truth</label>
<label><input type="radio" name="heat" id="none"> nothing</label></fieldset>"""


def most_confident_errors(answers: Sequence[Answer], most: int = SHOWN) -> list[Answer]:
    """The wrong answers, the surest first."""
    wrong = [answer for answer in answers if answer.verdict.label != answer.sample.label]
    return sorted(wrong, key=lambda answer: -answer.verdict.confidence)[:most]


def wall(study: Study) -> str:
    """The worst images as HTML, each under the heat of verdict or truth.

    Raises:
        RefusedError: an image cannot be read.
    """
    shots = "".join(_shot(study, one) for one in most_confident_errors(study.answers))
    return f'{CHOICE}<div class="worst">{shots}</div>'


def small_jpeg(data: bytes) -> bytes:
    """An image file as a JPEG of at most 40 kB and ``SIDE`` pixels a side, in its proportions.

    Raises:
        RefusedError: it cannot be read.
    """
    image = decode(data)
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(width, height))
    small = resize(image, max(1, round(width * scale)), max(1, round(height * scale)))
    for quality in QUALITIES:
        jpeg: bytes = simplejpeg.encode_jpeg(small, quality, colorsubsampling="420")
        if len(jpeg) <= MOST_BYTES:
            break
    return jpeg


def _shot(study: Study, answer: Answer) -> str:
    sample, verdict = answer.sample, answer.verdict
    true, said = study.labels[sample.label], study.labels[verdict.label]
    heats = "".join(
        f'<img class="heat {kind}" alt="" src="{_heat(answer, label)}">'
        for kind, label in (("said", verdict.label), ("true", sample.label))
    )
    image = _embedded("jpeg", small_jpeg(sample.path.read_bytes()))
    whose = f"{escape(sample.subject)} · " if sample.subject else ""
    sure = ", abstained" if verdict.abstained else ""
    of_truth = verdict.probabilities[sample.label]
    return f"""<figure><span class="shot"><img alt="{escape(true.en)}" src="{image}">{heats}</span>
<figcaption>called <b>{escape(said.en)}</b> {verdict.confidence:.1%}{sure}<br>
is <b>{escape(true.en)}</b> {of_truth:.1%}<br>
<span class="dim">{whose}{escape(sample.path.name)}</span></figcaption></figure>"""


def _heat(answer: Answer, label: int) -> str:
    heat = answer.verdict.heat
    return _embedded("png", heat_png(heat.grid(label), heat.rows, heat.columns))


def _embedded(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
