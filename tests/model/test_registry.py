"""Versions on disk: found by what a person types, and never mistaken for one another."""

import hashlib
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.manifest import MANIFEST_FILE, read_manifest
from model.registry import CURRENT_FILE, find, install, packaged_root, shipped, versions
from schemas.errors import ConfigurationError


def put(folder, content=b"weights", **changes):
    """A folder of a model whose weights are ``content``; no network is in them."""
    folder.mkdir(parents=True)
    manifest = {
        "job": "driver",
        "weights": "driver.tflite",
        "sha256": hashlib.sha256(content).hexdigest(),
        "width": 256,
        "height": 192,
        "precision": "int8",
        "temperature": 1.0,
        "least_margin": 0.5,
    }
    (folder / "driver.tflite").write_bytes(content)
    (folder / "labels.json").write_text("[]")
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest | changes))
    return folder


def installed(root, *contents):
    """Versions of these weights in ``root``, the first of them current."""
    made = []
    for number, content in enumerate(contents):
        made.append(install(put(root.parent / f"trained-{root.name}-{number}", content), root))
    (root / CURRENT_FILE).write_text(made[0].name + "\n")
    return made


@pytest.fixture
def root(tmp_path):
    return tmp_path / "driver"


def test_the_version_that_ships_is_whole():
    assert shipped("driver").check().version == f"driver-{shipped('driver').name}"


def test_every_version_that_ships_is_whole():
    assert [one.check().sha256[:12] for one in versions([packaged_root("driver")])] == [
        one.name for one in versions([packaged_root("driver")])
    ]


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_asked_for_is_the_current_version(root, nothing):
    first, _ = installed(root, b"one", b"two")
    assert find(nothing, [root]) == first


@pytest.mark.parametrize("way", ["{name}", "driver-{name}", "{name:.4}", "driver-{name:.4}"])
def test_a_version_is_found_by_its_digits(root, way):
    _, second = installed(root, b"one", b"two")
    assert find(way.format(name=second.name), [root]) == second


def test_digits_of_two_versions_are_refused(root):
    for name in ("abcd00000000", "abcd11111111"):
        put(root / name)
    with pytest.raises(ConfigurationError, match="abcd00000000 and abcd11111111"):
        find("abcd", [root])


@pytest.mark.parametrize("asked", ["abc", "pets-abcd00000000", "nowhere", "../driver/none"])
def test_what_is_no_version_and_no_folder_is_refused(root, asked, monkeypatch):
    put(root / "abcd00000000")
    monkeypatch.chdir(put(root.parent / "elsewhere"))
    with pytest.raises(ConfigurationError, match="vigie models") as caught:
        find(asked, [root])
    assert repr(asked) in str(caught.value)


def test_a_folder_anywhere_is_found_by_its_path(root, tmp_path):
    folder = put(tmp_path / "mine")
    assert find(str(folder), [root]).folder == folder


def test_a_folder_whose_name_could_be_digits_is_found(root, tmp_path, monkeypatch):
    folder = put(tmp_path / "face")
    monkeypatch.chdir(tmp_path)
    assert find("face", [root]).folder == folder


def test_a_file_is_refused_with_what_to_name_instead(root, tmp_path):
    file = put(tmp_path / "mine") / "driver.tflite"
    with pytest.raises(ConfigurationError, match="name the folder"):
        find(str(file), [root])


def test_of_one_version_in_two_roots_the_first_serves(root, tmp_path):
    (mine,), (theirs,) = installed(root, b"one"), installed(tmp_path / "other" / "driver", b"one")
    assert find(mine.name, [root, theirs.root]) == mine


def test_a_root_that_is_not_there_has_no_versions(root):
    assert versions([root]) == []


def test_only_folders_named_like_versions_are_versions(root):
    (found,) = installed(root, b"one")
    put(root / "__pycache__")
    put(root / "ABCD00000000")
    (root / "abcd00000000").write_text("a file")
    assert versions([root]) == [found]


@pytest.mark.parametrize("content", ["", "abcd00000000", "../../etc", "\0"])
def test_a_current_that_names_no_version_is_refused(root, content):
    installed(root, b"one")
    (root / CURRENT_FILE).write_text(content)
    with pytest.raises(ConfigurationError, match="no such version"):
        find(None, [root])


def test_without_a_current_the_way_out_is_told(root):
    with pytest.raises(ConfigurationError, match="VIGIE_INFERENCE__MODEL"):
        find(None, [root])


@given(st.text(max_size=20))
def test_no_text_finds_what_does_not_exist(asked):
    try:
        found = find(asked, [])
    except ConfigurationError:
        return
    assert found.folder.is_dir()


def test_what_is_installed_has_all_files_under_the_name_of_its_weights(root, tmp_path):
    folder = put(tmp_path / "trained")
    (folder / "CARD.md").write_text("card")
    found = install(folder, root)
    assert found.name == hashlib.sha256(b"weights").hexdigest()[:12]
    assert {file.name: file.read_bytes() for file in found.folder.iterdir()} == {
        file.name: file.read_bytes() for file in folder.iterdir()
    }
    assert list(root.iterdir()) == [found.folder]


def test_a_damaged_model_is_not_installed(root, tmp_path):
    folder = put(tmp_path / "trained", sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="0000"):
        install(folder, root)
    assert not root.exists()


def test_installing_again_mends_and_renews(root, tmp_path):
    (found,) = installed(root, b"weights")
    (found.folder / "driver.tflite").write_bytes(b"damaged")
    install(put(tmp_path / "again", least_margin=0.9), root)
    assert found.check().least_margin == 0.9


def test_an_installation_that_is_cut_short_leaves_no_version(root, tmp_path, monkeypatch):
    folder = put(tmp_path / "trained")

    def cut(source, target):
        raise OSError("no space left")

    monkeypatch.setattr(shutil, "copyfile", cut)
    with pytest.raises(OSError, match="no space left"):
        install(folder, root)
    assert list(root.iterdir()) == []


def test_a_renamed_version_is_damaged(root):
    (found,) = installed(root, b"one")
    renamed = found.folder.rename(root / "abcd00000000")
    with pytest.raises(ConfigurationError, match="its folder's name promises abcd00000000"):
        find(renamed.name, [root]).check()


def test_weights_outside_the_folder_are_refused(tmp_path):
    folder = put(tmp_path / "mine", weights="../elsewhere/driver.tflite")
    with pytest.raises(ConfigurationError, match="no file name"):
        read_manifest(folder)


@pytest.mark.parametrize("promised", ["", "7ea5", "G" * 64, 5, None])
def test_a_manifest_that_promises_no_hash_is_refused(tmp_path, promised):
    with pytest.raises(ConfigurationError, match=MANIFEST_FILE):
        read_manifest(put(tmp_path / "mine", sha256=promised))


def test_a_manifest_without_a_limit_of_doubt_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="neither least_margin nor abstain_below"):
        read_manifest(put(tmp_path / "mine", least_margin=None))


def test_a_manifest_of_before_the_margin_is_read(tmp_path):
    found = read_manifest(put(tmp_path / "mine", least_margin=None, abstain_below=0.98))
    assert (found.least_margin, found.abstain_below) == (None, 0.98)


def test_a_manifest_of_before_the_self_check_is_read(tmp_path):
    found = read_manifest(put(tmp_path / "mine"))
    assert (found.bias, found.map_tolerance, found.novelty) == (None, None, None)


def test_a_manifest_keeps_what_the_self_check_needs(tmp_path):
    more = {"bias": [0.5, -1.0], "map_tolerance": 0.25, "novelty": {"kind": "distance"}}
    found = read_manifest(put(tmp_path / "mine", **more))
    assert found.bias == (0.5, -1.0)
    assert (found.map_tolerance, found.novelty) == (0.25, {"kind": "distance"})
