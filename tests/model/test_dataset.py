"""Anyone's folder of classes: which classes it has, and who is in which fold."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.driver.dataset import Sample, classes_of, load_folder, read_folder
from model.driver.labels import BEHAVIOURS
from model.labels import Label
from schemas.errors import ConfigurationError


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((48, 64, 3), 100, np.uint8)).save(path)
    return folder


def test_folders_named_as_our_behaviours_are_these(tmp_path):
    assert classes_of(write(tmp_path, "c0/a.png", "phone-left/b.png")) == BEHAVIOURS


def test_other_folders_are_classes_of_their_own(tmp_path):
    write(tmp_path, "smoking/a.png", "asleep/b.png")
    (tmp_path / "notes").mkdir()
    assert [label.key for label in classes_of(tmp_path)] == ["asleep", "smoking"]
    assert [sample.label for sample in read_folder(tmp_path)] == [0, 1]


def test_a_list_of_classes_in_the_folder_wins(tmp_path):
    own = Label("calm", "ok", "Calm", "calme", is_infraction=False)
    (tmp_path / "labels.json").write_text(json.dumps([asdict(own)]))
    assert classes_of(write(tmp_path, "ok/a.png", "c0/b.png")) == (own,)


@pytest.mark.parametrize("names", [(), ("only/a.png",)])
def test_fewer_than_two_classes_are_refused(tmp_path, names):
    with pytest.raises(ConfigurationError, match="at least two"):
        classes_of(write(tmp_path, *names))


def test_a_folder_is_split_by_people(tmp_path):
    write(tmp_path, "a/1.png", "a/2.png", "b/3.png")
    (tmp_path / "drivers.csv").write_text(
        "subject,classname,img\nann,a,1.png\nbob,a,2.png\nann,b,3.png\n"
    )
    folder = load_folder(tmp_path, classes_of(tmp_path), (32, 32))
    ann, others = folder.only({"ann"}), folder.without({"ann"})
    assert [sample.path.name for sample in ann.samples] == ["1.png", "3.png"]
    assert ann.images.labels.tolist() == [0, 1]
    assert others.subjects == ["bob"]
    assert len(others.images.pixels) == 1


def test_an_image_of_nobody_cannot_be_split(tmp_path):
    write(tmp_path, "a/1.png", "b/2.png")
    with pytest.raises(ConfigurationError, match=r"1\.png has no subject"):
        load_folder(tmp_path, classes_of(tmp_path), (32, 32))


def samples_of(counts):
    return [
        Sample(Path(f"{who}-{n}.jpg"), 0, f"p{who}", "test")
        for who, count in enumerate(counts)
        for n in range(count)
    ]


@pytest.mark.training
class TestFolds:
    """Under this mark because folds train networks, so that their module imports TensorFlow."""

    @given(st.lists(st.integers(1, 40), min_size=3, max_size=30), st.integers(2, 3))
    def test_every_person_is_in_one_fold_and_no_fold_is_empty(self, counts, count):
        from model.driver.folds import assign_folds

        folds = assign_folds(samples_of(counts), count)
        assert set(folds) == {f"p{who}" for who in range(len(counts))}
        assert set(folds.values()) == set(range(count))

    def test_folds_are_nearly_of_one_size(self):
        from model.driver.folds import assign_folds

        folds = assign_folds(samples_of([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), 2)
        first = sum(10 - int(who[1:]) for who, fold in folds.items() if fold == 0)
        assert abs(first - (55 - first)) <= 1

    @pytest.mark.parametrize("count", [1, 4])
    def test_folds_without_people_are_refused(self, count):
        from model.driver.folds import assign_folds

        with pytest.raises(ConfigurationError, match=f"{count} folds of 3 subjects"):
            assign_folds(samples_of([1, 1, 1]), count)
