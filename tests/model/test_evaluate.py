"""Measures over verdicts, worked out by hand on small cases."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.classifier import Classifier
from model.driver.dataset import Sample, check_subjects, read_folder
from model.driver.evaluate import HELD_OUT, Answer, arrays, choose, judge, summarise
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
    assert (found.spread.worst, found.spread.least) == ("a", 0.5)
    assert found.precision == pytest.approx({"safe": 1.0, "text-right": 2 / 3})
    assert found.recall == pytest.approx({"safe": 0.5, "text-right": 1.0})
    assert (found.answered, found.accuracy_answered) == (0.75, pytest.approx(2 / 3))


def test_images_unlike_the_known_ones_are_counted(classifier, answer):
    def seen(novelty):
        one = answer(0, 0)
        return replace(one, verdict=replace(one.verdict, novelty=novelty))

    assert summarise([seen(0.4), seen(1.2)], classifier).novel == 0.5
    assert summarise([seen(None), seen(None)], classifier).novel is None


def test_answers_are_ranked_by_the_odds_of_the_best_class_to_the_second(classifier, answer):
    def told(one, *shares):
        spread = shares + (0.0,) * (10 - len(shares))
        return replace(one, verdict=replace(one.verdict, probabilities=spread))

    apart, near = told(answer(0, 0), 0.6, 0.2, 0.2), told(answer(1, 0), 0.7, 0.3)
    assert arrays([apart, near]).odds == pytest.approx([3, 7 / 3])
    found = summarise([apart, near], classifier)
    assert (found.sure.value, found.sure.coverage) == (pytest.approx(3), 0.5)


def test_a_class_never_said_and_never_true_does_not_count(classifier, answer):
    assert summarise([answer(3, 3)], classifier).macro_f1 == 1.0


def test_a_folder_without_drivers_is_judged(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png"), ("phone-left", "b.png")])
    told = []
    answers = judge(
        classifier, choose(tmp_path, classifier), progress=lambda *step: told.append(step)
    )
    report = summarise(answers, classifier)
    assert report.images == 2
    assert report.per_subject == {}
    assert sum(map(sum, report.confusion)) == 2
    assert told[-1][1:] == (2, 2)


def test_chosen_drivers_only_are_judged(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png"), ("c0", "b.png")])
    (tmp_path / "drivers.csv").write_text("subject,classname,img\nann,c0,a.png\nbob,c0,b.png\n")
    assert {sample.subject for sample in choose(tmp_path, classifier, ["bob"])} == {"bob"}


def test_no_image_of_the_chosen_drivers_is_an_error(classifier, tmp_path):
    write_images(tmp_path, [("c0", "a.png")])
    with pytest.raises(ConfigurationError, match="bob"):
        choose(tmp_path, classifier, ["bob"])


@pytest.fixture
def folder(tmp_path):
    write_images(tmp_path, [("c0", "a.png"), ("c0", "b.png")])
    (tmp_path / "drivers.csv").write_text("subject,classname,img\nann,c0,a.png\nbob,c0,b.png\n")
    return tmp_path


@pytest.fixture
def learned_from(classifier):
    """The same network, told that it was trained on these."""

    def make(*subjects):
        record = {"data": [{"training_subjects": list(subjects)}]}
        manifest = replace(classifier.manifest, record=record)
        return Classifier(classifier.weights, manifest, classifier.labels)

    return make


def test_held_out_are_those_the_weights_never_learned_from(learned_from, folder):
    (left,) = choose(folder, learned_from("ann", "eve"), HELD_OUT)
    assert left.subject == "bob"


@pytest.mark.parametrize(
    ("learned", "reason"), [(("ann", "bob"), "learned from every driver"), ((), "does not say")]
)
def test_weights_without_unseen_drivers_are_not_judged_as_if(learned_from, folder, learned, reason):
    with pytest.raises(ConfigurationError, match=reason):
        choose(folder, learned_from(*learned), HELD_OUT)


def test_an_image_of_nobody_known_cannot_be_held_out(learned_from, folder):
    write_images(folder, [("c1", "stray.png")])
    with pytest.raises(ConfigurationError, match=r"stray\.png"):
        choose(folder, learned_from("ann"), HELD_OUT)


def test_a_folder_without_classes_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="one subfolder of images per class"):
        read_folder(tmp_path)


def test_a_list_of_drivers_without_its_columns_is_an_error(tmp_path):
    write_images(tmp_path, [("c0", "a.png")])
    (tmp_path / "drivers.csv").write_text("driver,img\nann,a.png\n")
    with pytest.raises(ConfigurationError, match="subject, classname and img"):
        read_folder(tmp_path)


def samples(*subjects):
    return [Sample(Path(f"{i}.jpg"), 0, who, "x") for i, who in enumerate(subjects)]


def test_an_image_of_an_unknown_driver_is_refused_for_training():
    with pytest.raises(ConfigurationError, match=r"1\.jpg"):
        check_subjects(samples("a", None, "b"))
