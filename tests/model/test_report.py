"""The report: a page in a real browser that nothing outside feeds, over pictures of noise."""

import base64
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from model.classifier import Classifier
from model.decode import decode
from model.driver.dataset import Sample
from model.driver.deletion import deletion_test
from model.driver.evaluate import Answer, choose, judge
from model.driver.report.page import write_report
from model.driver.report.study import Study, facts_of
from model.driver.report.worst import MOST_BYTES, SIDE, most_confident_errors, small_jpeg
from model.driver.unrelated import Unrelated
from model.measures import Share
from tests.requirements import require_chromium

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
# What a driver or a class may be called, if the page were to believe it.
EVIL = '</script><img src=x onerror="document.title=1">'
FIGURES = 8
EMBEDDED = re.compile(r"data:image/jpeg;base64,([^\"]+)")


def noise(seed, size=(48, 64)):
    rough = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    return Image.fromarray(rough)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three pictures of noise per class, of two drivers, with every optional part."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(30):
        (folder / f"c{number % 10}").mkdir(exist_ok=True)
        noise(number).save(folder / f"c{number % 10}" / f"{number}.png")
    classifier = Classifier.load()
    answers = [
        replace(answer, sample=replace(answer.sample, subject=(EVIL, "p002")[number % 2]))
        for number, answer in enumerate(judge(classifier, choose(folder, classifier)))
    ]
    samples = [answer.sample for answer in answers]
    return Study(
        "Noise & drivers",
        NOW,
        facts_of(classifier.manifest, folder, samples),
        [replace(label, key=EVIL, en=EVIL, code=EVIL) for label in classifier.labels[:1]]
        + [*classifier.labels[1:]],
        answers,
        deletion_test(classifier, answers[:10], np.random.default_rng(1)),
        [("one", answers[:15]), ("two", answers[15:])],
        Unrelated({"cat": Share(9, 10), "black": Share(10, 10)}, Share(1, 30)),
    )


@pytest.fixture(scope="module")
def file(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, study)
    return path


@pytest.fixture(scope="module")
def context():
    path = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_context(viewport={"width": 390, "height": 844}, offline=True)
        browser.close()


@pytest.fixture(scope="module")
def complaints():
    return []


@pytest.fixture(scope="module")
def page(context, file, complaints):
    """The file in a phone's window; what it asks for and complains of is collected."""
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("request", lambda request: complaints.append(request.url))
    page.goto(file.as_uri())
    expect(page.locator(".plot.js-plotly-plot")).to_have_count(FIGURES)
    return page


def test_every_figure_is_drawn_and_nothing_else_is_asked_for(page, file, complaints):
    marks = "plot.querySelectorAll('path.point, .heatmaplayer image').length"
    drawn = page.locator(".plot").evaluate_all(f"plots => plots.map(plot => {marks})")
    assert len(drawn) == FIGURES
    assert min(drawn) > 0
    assert complaints == [file.as_uri()]


def test_a_phone_needs_no_scrolling_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_figures_follow_the_night(page):
    def colours():
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return page.evaluate(
            "[document.body, document.querySelector('.plot .xtick text')].map("
            "node => getComputedStyle(node)[node === document.body ? 'color' : 'fill'])"
        )

    page.emulate_media(color_scheme="light")
    light = colours()
    page.emulate_media(color_scheme="dark")
    dark = colours()
    assert light[0] == light[1] != dark[0] == dark[1]


def test_a_name_is_text_wherever_it_stands(page):
    assert page.title() == "Noise & drivers"
    assert page.locator("img:not([src^='data:'])").count() == 0
    assert page.get_by_text(EVIL).count() > 0


def test_the_map_can_be_of_the_truth_or_away(page):
    first = page.locator(".shot").first
    for choice, shown in (("the truth", [0, 1]), ("nothing", [0, 0]), ("the verdict", [1, 0])):
        page.get_by_label(choice).check()
        seen = [
            float(first.locator(kind).evaluate("node => getComputedStyle(node).opacity")) > 0
            for kind in (".heat.said", ".heat.true")
        ]
        assert seen == shown


def test_the_file_says_that_it_is_not_to_be_passed_on(file):
    assert "do not pass it on" in file.read_text("utf-8")[:2000]


def test_every_picture_is_small(file):
    sizes = [len(base64.b64decode(found)) for found in EMBEDDED.findall(file.read_text("utf-8"))]
    assert len(sizes) == 24
    assert max(sizes) <= MOST_BYTES


def test_nothing_is_left_to_draw_without_errors_drivers_and_extras(study, tmp_path):
    right = [
        replace(
            answer,
            sample=replace(answer.sample, subject=None, label=answer.verdict.label),
        )
        for answer in study.answers[:1]
    ]
    bare = replace(study, answers=right, drops=(), folds=(), unrelated=None)
    report = write_report(tmp_path / "bare.html", bare)
    assert report.accuracy == 1
    assert "No answer is wrong" in (tmp_path / "bare.html").read_text("utf-8")


def test_the_surest_mistakes_come_first(study):
    def answer(truth, confidence):
        verdict = replace(study.answers[0].verdict, label=1, confidence=confidence)
        return Answer(Sample(Path("x"), truth, None, "x"), verdict)

    found = most_confident_errors([answer(2, 0.5), answer(1, 0.99), answer(3, 0.7)], most=2)
    assert [one.verdict.confidence for one in found] == [0.7, 0.5]


@pytest.mark.parametrize("size", [(900, 1200), (1200, 900), (1, 3000), (30, 40)])
def test_a_picture_of_any_shape_becomes_small_and_keeps_its_sides(size):
    out = io.BytesIO()
    noise(1, size).save(out, "PNG")
    jpeg = small_jpeg(out.getvalue())
    height, width = decode(jpeg).shape[:2]
    scale = min(1, SIDE / max(size))
    assert len(jpeg) <= MOST_BYTES
    assert (height, width) == tuple(max(1, round(side * scale)) for side in size)
