"""From a camera folder to the page: one image of each class, on the system that `vigie up` starts.

How often the model is right is tested with the model; here each class makes the whole way once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from model.driver.labels import BEHAVIOURS
from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from tests.dashboard.browsing import FLAGS
from tests.requirements import require_chromium, require_shared_data
from tests.vigie.cli import vigie
from tests.vigie.running import Up, running_up
from transport.broker import Running

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

PATIENCE_MS = 60_000
CLASSES = range(10)

# One photograph per class that the weights which ship answer: of one in three they abstain.
REAL = (
    "img_100026.jpg",
    "img_1119.jpg",
    "img_16663.jpg",
    "img_90386.jpg",
    "img_13766.jpg",
    "img_16671.jpg",
    "img_15278.jpg",
    "img_11784.jpg",
    "img_12047.jpg",
    "img_10588.jpg",
)
SIMULATED_SEED = 1071  # all ten are answered, by a margin that no rounding moves


def drop(home: Path, camera: str, data: bytes) -> None:
    """Put an image into a camera's folder as a camera does: whole, under its name."""
    folder = home / "cameras" / camera
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / ".image.part"
    part.write_bytes(data)
    part.rename(folder / "image.jpg")


@pytest.fixture(scope="module")
def up(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running_up(tmp_path_factory.mktemp("home"), "--no-simulate") as running:
        yield running


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    path = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser.new_page(locale="en-GB")
        browser.close()


def expect_on_the_page(page: Page, link: str, camera: str, label: int) -> None:
    page.goto(f"{link}/?source={camera}")
    card = page.locator("#feed .card")
    expect(card).to_have_count(1, timeout=PATIENCE_MS)
    expect(card.locator(".title")).to_have_text(BEHAVIOURS[label].en, timeout=PATIENCE_MS)
    expect(card.locator(".tag")).to_have_class(re.compile("infraction" if label else "normal"))
    expect(card.locator("img.heat")).to_have_js_property("complete", True)
    assert card.locator("img.heat").evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize("label", CLASSES)
def test_a_real_image_of_each_class_gets_its_verdict_on_the_page(
    up: Up, page: Page, label: int
) -> None:
    data = require_shared_data() / "driver" / f"c{label}" / REAL[label]
    drop(up.home, f"real-c{label}", data.read_bytes())
    expect_on_the_page(page, up.link, f"real-c{label}", label)


@pytest.mark.parametrize("label", CLASSES)
def test_a_simulated_image_of_each_class_gets_its_verdict_on_the_page(
    up: Up, page: Page, label: int
) -> None:
    scene = random_scene(np.random.default_rng(SIMULATED_SEED), label)
    drop(up.home, f"drawn-c{label}", encode(draw(scene), scene.camera.quality))
    expect_on_the_page(page, up.link, f"drawn-c{label}", label)


def test_the_worker_stays_small(up: Up) -> None:
    family = psutil.Process(up.process.pid).children(recursive=True)
    [worker] = [one for one in family if "infer driver" in " ".join(one.cmdline())]
    assert worker.memory_info().rss < 250e6


def test_the_topics_prove_one_answer_per_image_and_every_verdict_again(up: Up) -> None:
    # Runs last in this module: it looks at what the tests above have sent.
    found = vigie(up.home, "verify", "driver", "--sample", "20", "--json")
    told = json.loads(found.stdout)
    assert found.returncode == 0, told
    assert told["offence"] is None
    assert told["references"] == told["predictions"] > 0
    assert told["failures"] == 0
