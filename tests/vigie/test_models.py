"""Versions on the command line: which one serves, which is damaged, and how another is served."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from model.registry import shipped
from tests.consumers.kit import make_place
from tests.vigie.cli import environment, vigie
from vigie.jobs import classifier_loader, find_model, job_labels
from vigie.models import list_models

SHIPPED = shipped("driver")


@pytest.fixture
def mine(tmp_path):
    """A copy of the version that ships, in a folder of its own."""
    return shutil.copytree(SHIPPED.folder, tmp_path / "mine")


@pytest.fixture
def damaged(tmp_path):
    """A version of the home folder whose name promises other weights."""
    return shutil.copytree(SHIPPED.folder, tmp_path / "model" / "driver" / "abcd00000000")


def write(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_version_that_ships_serves_and_says_what_it_is(tmp_path):
    found = json.loads(vigie(tmp_path, "models", "--json").stdout)

    [serving] = [one for one in found if one["serves"]]
    manifest = SHIPPED.check()
    assert serving["version"] == manifest.version
    assert (serving["origin"], serving["folder"]) == ("package", str(SHIPPED.folder))
    assert (serving["width"], serving["height"]) == (manifest.width, manifest.height)
    assert serving["size_bytes"] == (SHIPPED.folder / manifest.weights).stat().st_size
    assert (serving["precision"], serving["damage"]) == (manifest.precision, None)


def test_people_see_the_version_and_where_it_is_from(tmp_path):
    shown = vigie(tmp_path, "models", "driver").stdout

    assert SHIPPED.name in shown
    assert "package" in shown


def test_a_damaged_version_is_listed_with_its_reason(tmp_path, damaged):
    [listed] = [one for one in list_models("driver", None, tmp_path) if one.damage]

    assert (listed.version, listed.origin, listed.serves) == ("driver-abcd00000000", "home", False)
    assert "abcd00000000" in str(listed.damage)


def test_a_folder_that_the_setting_names_is_listed(tmp_path, mine):
    [serving] = [one for one in list_models("driver", str(mine), tmp_path) if one.serves]

    assert (serving.origin, serving.folder) == ("folder", str(mine))


def test_a_setting_that_means_nothing_leaves_the_list(tmp_path):
    found = list_models("driver", "nowhere", tmp_path)

    assert [one.serves for one in found if one.folder == str(SHIPPED.folder)] == [False]


@pytest.mark.parametrize("accuracy", [None, {}, {"driver": {}}, {"driver": {"accuracy": 0.5}}])
def test_the_held_out_accuracy_is_told_where_it_was_written_down(tmp_path, mine, accuracy):
    write(mine, record={"metrics": accuracy})
    [serving] = [one for one in list_models("driver", str(mine), tmp_path) if one.serves]

    assert serving.accuracy == (0.5 if accuracy and accuracy["driver"] else None)


def test_a_version_of_the_home_folder_is_found_by_its_first_digits(tmp_path):
    home = tmp_path / "model" / "driver"
    shutil.copytree(SHIPPED.folder, home / SHIPPED.name)
    shutil.copytree(SHIPPED.folder, home / "abcd00000000")

    assert find_model("driver", "abcd", tmp_path).folder == home / "abcd00000000"


def test_a_model_of_another_job_is_refused(mine):
    write(mine, job="pets")

    with pytest.raises(Exception, match="'pets', not for 'driver'"):
        find_model("driver", str(mine))


def test_damaged_weights_are_refused_before_any_classifier_is_loaded(damaged):
    with pytest.raises(Exception, match="vigie models"):
        classifier_loader("driver", 1000, str(damaged))


@pytest.mark.parametrize(
    "words",
    [
        ("infer", "driver", "--model", "abcd"),
        ("predict", "--path", "image.jpg", "--model", "abcd"),
        ("evaluate", "driver", "--data", ".", "--model", "abcd"),
    ],
    ids=lambda words: words[0],
)
def test_damaged_weights_end_a_command_with_code_4_and_one_sentence(tmp_path, damaged, words):
    (tmp_path / "image.jpg").write_bytes(b"")

    finished = vigie(tmp_path, *words)

    sentence = finished.stdout + finished.stderr
    assert finished.returncode == 4
    assert all(
        part in sentence
        for part in (str(damaged), SHIPPED.check().sha256, "abcd00000000", "vigie models")
    )
    assert "Traceback" not in sentence


def test_predict_serves_the_model_of_the_setting(tmp_path, mine):
    write(mine, least_margin=100.0)
    image = tmp_path / "image.png"
    Image.new("RGB", (64, 48), "teal").save(image)

    by_setting = vigie(tmp_path, "predict", "--path", str(image), VIGIE_INFERENCE__MODEL=str(mine))
    by_option = vigie(tmp_path, "predict", "--path", str(image), "--model", str(mine))

    for finished in (by_setting, by_option):
        verdict = json.loads(finished.stdout)
        assert (verdict["abstained"], verdict["model_version"]) == (True, f"driver-{SHIPPED.name}")


def test_predict_answers_what_the_setting_is_sure_enough_for(tmp_path, mine):
    never = {"right": 0.99, "least_margin": 100.0, "answered": 0.5, "accuracy": 0.99}
    always = {"right": 0.95, "least_margin": 0.0, "answered": 1.0, "accuracy": 0.95}
    write(mine, choices=[never, always], novelty=None)
    image = tmp_path / "image.png"
    Image.new("RGB", (64, 48), "teal").save(image)
    words = ("predict", "--path", str(image), "--model", str(mine))

    sure, unsure = (vigie(tmp_path, *words, VIGIE_INFERENCE__SURE=s) for s in ("0.99", "0.95"))
    unknown = vigie(tmp_path, *words, VIGIE_INFERENCE__SURE="0.5")

    assert [json.loads(one.stdout)["abstained"] for one in (sure, unsure)] == [True, False]
    assert unknown.returncode == 4
    assert "choose one of 0.99, 0.95, or none" in unknown.stdout + unknown.stderr


@pytest.fixture
def other(mine):
    """The same network as other weights: what stands behind its end changes no verdict."""
    weights = (mine / "driver.tflite").read_bytes() + bytes(16)
    (mine / "driver.tflite").write_bytes(weights)
    write(mine, sha256=hashlib.sha256(weights).hexdigest())
    return mine


@pytest.mark.kafka
@pytest.mark.parametrize("by", ["option", "setting"])
def test_events_name_the_model_that_the_worker_was_told_to_serve(
    by, kafka, topic_name, tmp_path, other
):
    place = make_place(kafka.bootstrap_servers, topic_name("models"), tmp_path / "images")
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "image.png")
    words, settings = {
        "option": (("--model", str(other)), {}),
        "setting": ((), {"VIGIE_INFERENCE__MODEL": str(other)}),
    }[by]
    worker = subprocess.Popen(
        [sys.executable, "-m", "vigie", "infer", "driver", "--topics", place.topics.job, *words],
        env=environment(
            tmp_path,
            {"VIGIE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers, **settings},
        ),
        stderr=subprocess.DEVNULL,
    )
    try:
        place.publish([place.reference(1, (tmp_path / "image.png").read_bytes())])
        [event] = place.predictions(1)
    finally:
        worker.kill()
        worker.wait()

    promised = json.loads((other / "manifest.json").read_text())["sha256"]
    assert (event.model_version, event.model_sha256) == (f"driver-{promised[:12]}", promised)


def test_the_page_refuses_a_model_that_is_not_there(tmp_path):
    finished = vigie(tmp_path, "web", VIGIE_INFERENCE__MODEL="nowhere")

    assert finished.returncode == 4
    assert "'nowhere'" in finished.stderr


def test_the_pages_labels_are_those_of_the_model_that_is_named(mine):
    labels = json.loads((mine / "labels.json").read_text())
    (mine / "labels.json").write_text(json.dumps([*labels[:-1], labels[-1] | {"key": "singing"}]))

    assert job_labels("driver", str(mine))[-1].key == "singing"
