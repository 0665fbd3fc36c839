"""A tiny run from pictures to served weights: killed, resumed, exported, checked, loaded."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from model.classifier import Classifier
from model.decode import resize
from model.driver.augment import augment
from model.driver.labels import BEHAVIOURS
from model.driver.settings import TrainSettings

pytestmark = [
    pytest.mark.training,
    # Keras calls numpy in a way that numpy has begun to deprecate.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # TensorFlow's converter warns of statistics that it then takes from the calibration images.
    pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning"),
]

SETTINGS = TrainSettings(base_weights=None, epochs=2, batch=8, width=64, height=64, folds=2, seed=7)


class Killed(BaseException):
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    rng = np.random.default_rng(1)
    lines = ["subject,classname,img"]
    for label, who in itertools.product(range(10), ("ann", "bob")):
        (folder / f"c{label}").mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (96, 128, 3)).astype(np.uint8)
        pixels[:, :, label % 3] //= 1 + label
        Image.fromarray(pixels).save(folder / f"c{label}" / f"{who}.jpg")
        lines.append(f"{who},c{label},{who}.jpg")
    (folder / "drivers.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    from model.driver.train import train  # TensorFlow takes seconds to import: only when needed

    root = tmp_path_factory.mktemp("trained")
    out, work = root / "out", root / "work"
    told = []

    def kill(what, *_):
        if what.startswith("fold 2 of 2: epoch 2 of 2"):
            raise Killed

    with pytest.raises(Killed):
        train([data], out, SETTINGS, work, progress=kill)
    assert not out.exists()
    result = train([data], out, SETTINGS, work, progress=lambda what, *_: told.append(what))
    return out, result, told


def test_cross_validation_alone_goes_on_where_training_has_been(trained, data, tmp_path):
    from vigie.training import cross_validate

    work, page, told = trained[0].parent / "work", tmp_path / "report.html", []
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = cross_validate(
        [data], SETTINGS, work, page=page, now=now, progress=lambda what, *_: told.append(what)
    )
    assert not any("epoch" in what for what in told)
    assert found.report == trained[1].validation.reports()["tiny"]
    assert "fold 2 of 2" in page.read_text("utf-8")


class TestTraining:
    def test_a_killed_run_goes_on_after_its_last_whole_epoch(self, trained):
        _, result, told = trained
        assert not any(what.startswith("fold 1 of 2: epoch") for what in told)
        assert not any(what.startswith("fold 2 of 2: epoch 1") for what in told)
        assert any(what.startswith("fold 2 of 2: epoch 2") for what in told)
        assert len(result.manifest.record["history"]) == SETTINGS.epochs

    def test_the_maps_are_grad_cam_of_the_logit(self, trained):
        checks = trained[1].manifest.record["checks"]
        assert checks["maps"]["grad_cam_correlation"] > 0.9999
        assert checks["maps"]["grad_cam_error"] < 1e-3
        assert checks["maps"]["logit_error"] < 1e-3
        assert checks["litert_probability_error"] < 1e-3

    def test_what_it_wrote_is_served(self, trained, data):
        out, result, _ = trained
        verdict, _ = Classifier.load(out).classify((data / "c0" / "bob.jpg").read_bytes())
        assert verdict.behaviour in {label.key for label in BEHAVIOURS}
        assert result.validation.reports()["tiny"].images == 20

    def test_what_serves_doubts_strange_images_and_checks_its_maps(self, trained, data):
        classifier = Classifier.load(trained[0])
        verdict, _ = classifier.classify((data / "c0" / "bob.jpg").read_bytes())
        assert verdict.novelty is not None
        assert verdict.heat.verified is True
        assert classifier.manifest.temperature > 0

    def test_how_pictures_of_no_cabin_are_met_is_written_down(self, trained):
        met = trained[1].manifest.record["unrelated"]
        assert {"black", "noise", "upside down"} <= set(met)

    def test_the_manifest_tells_data_split_and_settings(self, trained):
        record = trained[1].manifest.record
        (part,) = record["data"]
        assert part["training_subjects"] == ["ann", "bob"]
        assert record["settings"]["seed"] == SETTINGS.seed

    def test_the_card_names_the_weights_and_the_split(self, trained):
        out, result, _ = trained
        card = (out / "CARD.md").read_text("utf-8")
        assert result.manifest.sha256 in card
        assert "Drivers never seen: `tiny`" in card


def test_a_wrong_map_stops_the_export():
    from model.driver import export
    from model.driver.network import build_network

    network = build_network(64, 64, 10, None)
    graph = export.with_maps(network)
    kernel = graph.get_layer("maps").get_weights()[0]
    graph.get_layer("maps").set_weights([kernel[..., ::-1]])
    images = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    with pytest.raises(export.ExportError):
        export.check_maps(network, graph, images)


def test_a_view_keeps_left_on_the_left():
    image = np.zeros((60, 80, 3), np.uint8)
    image[:, 40:] = 255
    for seed in range(50):
        view = augment(image, 48, 64, np.random.default_rng(seed))
        assert view.shape == (48, 64, 3)
        assert view[:, :8].mean() <= view[:, -8:].mean()


def test_the_same_seed_gives_the_same_view():
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    views = [augment(image, 48, 64, np.random.default_rng(4)) for _ in range(2)]
    assert (views[0] == views[1]).all()


def test_shrinking_far_does_not_alias():
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(resize(stripes, 50, 50)) <= 2
