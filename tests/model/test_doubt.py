"""The weights that ship know what they do not know: no cabin in the picture, no verdict."""

import numpy as np
import pytest

from model.classifier import Classifier
from model.driver.dataset import load_folder
from model.driver.labels import BEHAVIOURS
from model.driver.unrelated import meet_unrelated
from model.progress import silent
from producers.cabin.labelled import draw_labelled
from tests.requirements import require_shared_data

SHARE = 0.95
LOST = 0.05


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Scenes of another seed than that of training."""
    folder = tmp_path_factory.mktemp("simulated") / "cabins"
    draw_labelled(folder, 6, 4711, lambda _done, _total: None)
    return load_folder(folder, BEHAVIOURS, (240, 320))


@pytest.fixture(scope="module")
def met(classifier, simulated, tmp_path_factory):
    data = require_shared_data()
    more = tmp_path_factory.mktemp("unrelated")
    for kind, files in {
        "cat": data.glob("pets/cat/*"),
        "dog": data.glob("pets/dog/*"),
        "face": data.glob("faces/lfw10/*/*.jpg"),
        "invoice": data.glob("invoices/course/*.png"),
        "receipt": data.glob("invoices/receipts/*.jpg"),
    }.items():
        (more / kind).mkdir()
        for file in files:
            (more / kind / file.name).symlink_to(file.resolve())
    return meet_unrelated(classifier, simulated.samples, more, 99, silent)


def test_of_500_pictures_that_show_no_cabin_19_of_20_are_not_answered(met):
    pictures = sum(share.total for share in met.values())
    assert pictures >= 500
    assert sum(share.hits for share in met.values()) / pictures >= SHARE


def test_no_kind_of_picture_is_mostly_answered(met):
    answered = {kind: share.value for kind, share in met.items() if share.value < 0.75}
    assert answered == {}


def test_few_images_of_drivers_never_seen_are_taken_for_something_else(classifier):
    """As the folds measured it: on real drivers, each unknown to the network that judged them."""
    assert classifier.manifest.record["metrics"]["driver"]["novel"] <= LOST


def test_new_simulated_cabins_are_known(classifier, simulated):
    novel = [
        classifier.classify(sample.path.read_bytes())[0].novelty > 1.0
        for sample in simulated.samples
    ]
    assert np.mean(novel) <= LOST
