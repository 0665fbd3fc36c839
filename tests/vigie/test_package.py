"""The wheel: everything that serves is in it, and what it installs answers in any folder."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from tests.vigie.cli import ROOT, environment

PACKAGES = (
    *("schemas", "transport", "storage", "model", "producers", "consumers", "dashboard", "vigie"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "main.py"):
        shutil.copy(ROOT / name, folder / "source" / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*command, "-w", folder, folder / "source"], check=True, capture_output=True)
    [built] = folder.glob("vigie-*.whl")
    return built


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    present = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert present - packed == set()
    assert "main.py" not in packed


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 12_000_000


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A clean environment with the wheel in it; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python3.*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(here))
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True, capture_output=True
    )
    return folder / "bin"


@pytest.mark.parametrize(
    "words",
    [("--help",), ("settings",), ("broker", "status")],
    ids=" ".join,
)
def test_the_installed_command_answers_in_any_folder(words, installed, tmp_path):
    surroundings = environment(tmp_path)
    del surroundings["PYTHONPATH"]

    finished = subprocess.run(
        [installed / "vigie", *words],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_the_installed_command_judges_an_image(installed, tmp_path):
    image = tmp_path / "driver.jpg"
    image.write_bytes(encode(draw(random_scene(np.random.default_rng(1), 0)), 90))
    surroundings = environment(tmp_path)
    del surroundings["PYTHONPATH"]

    finished = subprocess.run(
        [installed / "vigie", "predict", "--path", image, "--heatmap", "true"],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / json.loads(finished.stdout)["heatmap"]).is_file()


def test_the_installed_packages_are_those_of_the_wheel(installed, tmp_path):
    surroundings = environment(tmp_path)
    del surroundings["PYTHONPATH"]
    code = (
        "import json, model.labels, schemas.codec, transport.broker.jars as jars, vigie.jobs;"
        "assert len(jars.locked_jars()) == 46; assert len(vigie.jobs.job_labels('driver')) == 10;"
        "print(model.labels.__file__)"
    )

    finished = subprocess.run(
        [installed / "python", "-c", code],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(finished.stdout.strip()).is_relative_to(installed.parent)
