"""Folders of labelled images: who is in them, and which people the network never trains on."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.decode import Pixels, decode_at_least, resize
from model.driver.labels import BEHAVIOURS
from model.progress import Progress, silent
from schemas.errors import ConfigurationError

SUBJECTS_FILE = "drivers.csv"
IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
# Two of ten: enough people to see a spread, while most are left to learn from.
HELD_OUT_EVERY = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image; ``subject`` is who drives (``None``: not known)."""

    path: Path
    label: int
    subject: str | None
    source: str


def read_folder(folder: Path) -> list[Sample]:
    """The images of ``folder``, sorted: one subfolder per class, named by its code or key.

    ``drivers.csv`` (subject, classname, img) tells who drives; lines of absent images are fine.

    Raises:
        ConfigurationError: there is no such folder, or no image in any class of it.
    """
    subjects = _read_subjects(folder / SUBJECTS_FILE)
    samples = [
        Sample(path, index, subjects.get((label.code, path.name)), folder.name)
        for index, label in enumerate(BEHAVIOURS)
        for name in (label.code, label.key)
        for path in _images(folder / name)
    ]
    if not samples:
        raise ConfigurationError(
            f"{folder} has no images in any of {BEHAVIOURS[0].code} to {BEHAVIOURS[-1].code}:"
            " give a folder with one subfolder of images per behaviour."
        )
    return samples


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_ENDINGS)


def _read_subjects(path: Path) -> dict[tuple[str, str], str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"subject", "classname", "img"} <= set(rows.fieldnames or ()):
            raise ConfigurationError(
                f"{path} has the columns {rows.fieldnames}: it needs subject, classname and img."
            )
        return {(row["classname"], row["img"]): row["subject"] for row in rows}


def held_out_subjects(samples: Iterable[Sample], named: Iterable[str]) -> frozenset[str]:
    """The people to keep for judging: those named, or every fifth where none of them is present.

    Raises:
        ConfigurationError: an image without a known subject, or a single subject in all.
    """
    samples = list(samples)
    unknown = next((sample for sample in samples if sample.subject is None), None)
    if unknown is not None:
        raise ConfigurationError(
            f"{unknown.path} has no subject: list it in the {SUBJECTS_FILE} of its folder, for a"
            " network judged on people it has seen looks far better than it is."
        )
    present = sorted({sample.subject for sample in samples if sample.subject is not None})
    if len(present) < 2:
        raise ConfigurationError(
            f"all images are of the one subject {present}: at least two are needed, one to learn"
            " from and one to be judged on."
        )
    chosen = frozenset(named) & frozenset(present)
    return chosen or frozenset(present[::HELD_OUT_EVERY])


def digest(samples: Sequence[Sample]) -> str:
    """SHA-256 over class, name and content of every image, in order: which data it was."""
    total = hashlib.sha256()
    for sample in samples:
        content = hashlib.sha256(sample.path.read_bytes()).hexdigest()
        total.update(f"{sample.label}/{sample.path.name}:{content}\n".encode())
    return total.hexdigest()


def load_pixels(
    samples: Sequence[Sample],
    served: tuple[int, int],
    kept: tuple[int, int],
    progress: Progress = silent,
) -> Pixels:
    """All images, decoded as they are when served at ``served`` (height, width).

    Args:
        samples: what to read.
        served: the network's input, which decides how far a JPEG is shrunk while decoding.
        kept: height and width to keep; larger than ``served`` leaves room for random crops.
        progress: told after each image.

    Returns:
        uint8 of shape (n, kept height, kept width, 3).
    """
    pixels = np.empty((len(samples), *kept, 3), np.uint8)

    def load(index: int) -> None:
        image = decode_at_least(samples[index].path.read_bytes(), served[1], served[0])
        pixels[index] = image if image.shape[:2] == kept else resize(image, kept[1], kept[0])

    with ThreadPoolExecutor(2) as pool:
        for done, _ in enumerate(pool.map(load, range(len(samples))), 1):
            progress("reading images", done, len(samples))
    return pixels


def labels_of(samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
    """The class index of each sample."""
    return np.array([sample.label for sample in samples], np.int64)
