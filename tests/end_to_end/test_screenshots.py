"""The pictures in the docs are those that `make screenshots` makes, and it can make them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest

from tests.end_to_end.screenshots import (
    ALL,
    LARGEST_BYTES,
    SHIPPED,
    SHOTS,
    SIZES,
    file_names,
    main,
)
from tests.requirements import require_chromium

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"


def test_every_page_has_its_pictures_and_no_other_lies_there() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(file_names(SHIPPED))


def test_no_picture_makes_the_checkout_heavy() -> None:
    sizes = {file.name: file.stat().st_size for file in FOLDER.iterdir()}

    assert {name: size for name, size in sizes.items() if size >= LARGEST_BYTES} == {}


def test_the_readme_shows_pictures_that_are_there() -> None:
    shown = re.findall(r"\]\((docs/screenshots/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))

    assert shown
    assert [name for name in shown if not (ROOT / name).is_file()] == []


@pytest.mark.kafka
@pytest.mark.browser
@pytest.mark.prove
@pytest.mark.timeout(1200)
def test_the_pictures_can_be_made(tmp_path: Path) -> None:
    require_chromium()

    main(str(tmp_path), ALL)

    found = {file.name: cv2.imread(str(file)).shape[:2] for file in tmp_path.iterdir()}
    wanted = {
        name: SIZES["-phone" if "-phone-" in name else ""][::-1] for name in file_names(SHOTS)
    }
    assert found == wanted
