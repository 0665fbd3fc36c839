"""The commands one after the other, as a person at a terminal would use them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from schemas.errors import EXIT_CONFIGURATION
from tests.vigie.cli import environment, vigie
from transport.broker import Running

GOOD, POISON = 3, 1


def answer(home: Path, *words: str) -> dict[str, object]:
    """The JSON that a command prints; its logs may say what they like."""
    finished = vigie(home, *words, "--json")
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return json.loads(finished.stdout)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three simulated drivers in folders by class, and a file that is cut off."""
    folder = tmp_path_factory.mktemp("images")
    for behaviour in range(GOOD):
        path = folder / f"c{behaviour}" / "1.jpg"
        path.parent.mkdir()
        path.write_bytes(encode(draw(random_scene(np.random.default_rng(3), behaviour)), 90))
    return folder


@pytest.fixture(scope="module")
def home(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a broker started in the background and a worker beside it.

    The run's own broker has shown before that the jars can be had.
    """
    folder = tmp_path_factory.mktemp("home")
    answer(folder, "broker", "start")
    worker = subprocess.Popen(
        [sys.executable, "-m", "vigie", "infer", "driver"],
        env=environment(folder),
        stderr=subprocess.DEVNULL,
    )
    yield folder
    worker.send_signal(signal.SIGTERM)
    ended = worker.wait(timeout=15)
    vigie(folder, "broker", "stop")
    assert ended == 0


@pytest.fixture(scope="module")
def verified(home: Path, images: Path) -> dict[str, object]:
    """What `verify` says when everything that was sent has its prediction."""
    cut = home / "cut.jpg"
    cut.write_bytes((images / "c0" / "1.jpg").read_bytes()[:5000])
    assert len(answer(home, "send", str(images), str(cut))["sent"]) == GOOD + POISON
    deadline = time.monotonic() + 60
    while (found := answer(home, "verify", "driver"))["waiting"]:
        assert time.monotonic() < deadline, found
    return answer(home, "verify", "driver", "--sample", "2", "--seed", "1")


def test_broker_status_has_the_address(home):
    found = answer(home, "broker", "status")

    assert found["running"]
    assert found["bootstrap_servers"].startswith("127.0.0.1:")


def test_a_second_broker_on_the_same_home_is_refused(home):
    finished = vigie(home, "broker", "start")

    assert finished.returncode == EXIT_CONFIGURATION
    assert finished.stderr.count("\n") == 1


def test_verify_counts_references_and_predictions(verified):
    counted = (verified["references"], verified["predictions"], verified["failures"])

    assert counted == (GOOD + POISON, GOOD + POISON, POISON)
    assert (verified["recomputed"], verified["offence"]) == (2, None)


def test_the_failed_image_is_among_the_dead_letters_with_its_reason(verified, home):
    [letter] = answer(home, "dead-letters", "list", "driver")

    assert letter["reason"] == "image_truncated"


def test_dead_letters_are_shown_to_people_too(verified, home):
    assert "image_truncated" in vigie(home, "dead-letters", "list", "driver").stdout


def test_replay_sends_only_what_was_asked_for(verified, home):
    assert answer(home, "dead-letters", "replay", "driver", "--reason", "other") == {"replayed": 0}


def test_a_video_is_sent_at_the_set_rate(verified, home):
    path = home / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for shade in range(20):
        writer.write(np.full((240, 320, 3), 10 * shade, np.uint8))
    writer.release()

    finished = vigie(home, "camera", str(path), "--rate", "2")

    assert (finished.returncode, finished.stdout) == (0, "4 sent\n")


def test_evaluate_says_how_many_are_right(images, tmp_path):
    report = answer(tmp_path, "evaluate", "driver", "--data", str(images))

    assert report["images"] == GOOD
    assert 0 <= report["accuracy"] <= 1


def test_simulate_writes_camera_folders(tmp_path):
    finished = vigie(tmp_path, "simulate", str(tmp_path / "cameras"), "--images", "2")

    assert finished.stdout == "2 written\n"
    assert len(list((tmp_path / "cameras").rglob("*.jpg"))) == 2
