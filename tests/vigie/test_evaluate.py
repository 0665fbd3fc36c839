"""Evaluating a folder from the command line's side: what is told, and where the page goes."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from model.classifier import Classifier
from model.progress import silent
from vigie.evaluate import ReportError, evaluate_folder

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
        (tmp_path / "data" / f"c{number}").mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "data" / f"c{number}" / "a.png")
    return tmp_path / "data"


@pytest.fixture
def run(classifier, folder):
    def evaluate(page=None):
        return evaluate_folder(
            classifier,
            folder,
            held_out=False,
            page=page,
            unrelated=None,
            now=NOW,
            progress=silent,
        )

    return evaluate


def test_without_a_page_the_measures_are_told(run, classifier):
    found = run()
    told = json.loads(json.dumps(found.as_json()))
    assert told["images"] == 4
    assert told["model"] == classifier.model_version
    assert "deletion" not in told
    assert found.lines()[0].startswith(f"{classifier.model_version} on 4 images")


def test_a_page_comes_with_the_deletion_test(run, tmp_path):
    page = tmp_path / "new" / "report.html"
    found = run(page)
    told = json.loads(json.dumps(found.as_json(), default=str))
    assert told["deletion"]["images"] == 4
    assert told["unrelated"]["abstained"]["black"]["total"] == 60
    assert "Pictures of no cabin" in page.read_text("utf-8")
    assert page.stat().st_size > 1_000_000
    assert "do not pass it on" in found.lines()[-1]


def test_a_page_that_cannot_be_written_is_told_of_before_the_work(run, tmp_path):
    with pytest.raises(ReportError, match="name a file"):
        run(tmp_path)
