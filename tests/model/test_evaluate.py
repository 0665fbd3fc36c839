"""Measures over verdicts, worked out by hand on small cases."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.classifier import Classifier
from model.driver.dataset import Sample, held_out_subjects, read_folder
from model.driver.evaluate import Answer, evaluate, summarise
from schemas.errors import ConfigurationError


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture(scope="module")
def verdict(classifier):
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "PNG")
    return classifier.classify(out.getvalue())[0]


@pytest.fixture
def answer(verdict):
    def make(truth, said, subject=None, abstained=False, share=0.5):
        probabilities = tuple(share if i == truth else (1 - share) / 9 for i in range(10))
        told = replace(verdict, label=said, abstained=abstained, probabilities=probabilities)
        return Answer(Sample(Path("x.jpg"), truth, subject, "driver"), told)

    return make


def write_images(folder, names):
    for code, name in names:
        (folder / code).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), (90, 90, 90)).save(folder / code / name)


def test_measures_are_those_of_the_confusion(classifier, answer):
    found = summarise(
        [answer(0, 0, "a"), answer(0, 1, "a"), answer(1, 1, "b"), answer(1, 1, "b", True)],
        classifier,
    )
    assert found.accuracy == 0.75
    assert found.confusion[0][:2] == (1, 1)
    assert found.f1 == pytest.approx({"safe": 2 / 3, "text-right": 0.8})
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert found.log_loss == pytest.approx(np.log(2))
    assert found.per_subject == {"a": 0.5, "b": 1.0}
    assert (found.answered, found.accuracy_answered) == (0.75, pytest.approx(2 / 3))


def test_a_class_never_said_and_never_true_does_not_count(classifier, answer):
    assert summarise([answer(3, 3)], classifier).macro_f1 == 1.0


def test_a_folder_without_drivers_is_judged(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png"), ("phone-left", "b.png")])
    told = []
    report = evaluate(classifier, tmp_path, progress=lambda *step: told.append(step))
    assert report.images == 2
    assert report.per_subject == {}
    assert sum(map(sum, report.confusion)) == 2
    assert told[-1][1:] == (2, 2)


def test_chosen_drivers_only_are_judged(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png"), ("c0", "b.png")])
    (tmp_path / "drivers.csv").write_text("subject,classname,img\nann,c0,a.png\nbob,c0,b.png\n")
    assert evaluate(classifier, tmp_path, ["bob"]).per_subject.keys() == {"bob"}


def test_no_image_of_the_chosen_drivers_is_an_error(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png")])
    with pytest.raises(ConfigurationError, match="bob"):
        evaluate(classifier, tmp_path, ["bob"])


def test_a_folder_without_classes_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="c0 to c9"):
        read_folder(tmp_path)


def test_a_list_of_drivers_without_its_columns_is_an_error(tmp_path):
    write_images(tmp_path, [("c0", "a.png")])
    (tmp_path / "drivers.csv").write_text("driver,img\nann,a.png\n")
    with pytest.raises(ConfigurationError, match="subject, classname and img"):
        read_folder(tmp_path)


def samples(*subjects):
    return [Sample(Path(f"{i}.jpg"), 0, who, "x") for i, who in enumerate(subjects)]


def test_named_drivers_are_held_out():
    assert held_out_subjects(samples("a", "b", "c"), ["b", "z"]) == {"b"}


def test_every_fifth_driver_is_held_out_where_none_is_named():
    assert held_out_subjects(samples(*"abcdefg"), []) == {"a", "f"}


def test_an_image_of_an_unknown_driver_is_refused_for_training():
    with pytest.raises(ConfigurationError, match=r"1\.jpg"):
        held_out_subjects(samples("a", None, "b"), [])


def test_a_single_driver_cannot_be_split():
    with pytest.raises(ConfigurationError, match="at least two"):
        held_out_subjects(samples("a", "a"), [])
