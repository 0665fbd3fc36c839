"""Folders of labelled images: who is in them, and which people the network never trains on."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.decode import Pixels, decode_at_least, resize
from model.driver.labels import BEHAVIOURS
from model.labels import LABELS_FILE, Label, read_labels
from model.progress import Progress, silent
from schemas.errors import ConfigurationError

SUBJECTS_FILE = "drivers.csv"
# A quarter more than the input on each side is what a random crop may choose from; for a camera's
# 640 x 480 JPEG and an input of 256 x 192 it is just what the decoder gives.
MARGIN = 1.25
IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image; ``subject`` is who drives (``None``: not known)."""

    path: Path
    label: int
    subject: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Images:
    """Decoded images with their classes; each is at least as large as the network's input."""

    pixels: Sequence[Pixels]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Folder:
    """One data folder in memory."""

    name: str
    samples: list[Sample]
    images: Images

    @property
    def subjects(self) -> list[str]:
        """Who is in it, sorted."""
        return sorted({str(sample.subject) for sample in self.samples})

    def only(self, subjects: Collection[str]) -> Folder:
        """The part of these people."""
        return self._rows([i for i, one in enumerate(self.samples) if one.subject in subjects])

    def without(self, subjects: Collection[str]) -> Folder:
        """The part of all others."""
        return self._rows([i for i, one in enumerate(self.samples) if one.subject not in subjects])

    def _rows(self, rows: Sequence[int]) -> Folder:
        return Folder(
            self.name,
            [self.samples[row] for row in rows],
            Images([self.images.pixels[row] for row in rows], self.images.labels[list(rows)]),
        )


def classes_of(folder: Path) -> tuple[Label, ...]:
    """The classes of a folder, in the order of the network's outputs.

    They are those of its ``labels.json``; or else the behaviours of this project, where at least
    one subfolder has the name of one; or else the subfolders that hold images, in order of name,
    each an infraction until a ``labels.json`` says otherwise.

    Raises:
        ConfigurationError: there is no such folder, fewer than two classes, or the file is no list
            of classes.
    """
    if (folder / LABELS_FILE).is_file():
        return read_labels(folder)
    if any((folder / name).is_dir() for label in BEHAVIOURS for name in (label.code, label.key)):
        return BEHAVIOURS
    names = (
        sorted(sub.name for sub in folder.iterdir() if image_files(sub)) if folder.is_dir() else []
    )
    if len(names) < 2:
        raise ConfigurationError(
            f"{folder} has images in {len(names)} subfolders ({', '.join(names)}): give a folder"
            " with one subfolder of images per class, of which there are at least two."
        )
    return tuple(Label(name, name, name, name, is_infraction=True) for name in names)


def read_folder(folder: Path, classes: Sequence[Label] | None = None) -> list[Sample]:
    """The images of ``folder``, sorted: one subfolder per class, named by its code or key.

    ``drivers.csv`` (subject, classname, img) tells who drives; lines of absent images are fine.

    Args:
        folder: holds the subfolders.
        classes: in the order of the labels; by default those of :func:`classes_of`.

    Raises:
        ConfigurationError: there is no such folder, or no image in any class of it.
    """
    classes = classes or classes_of(folder)
    subjects = _read_subjects(folder / SUBJECTS_FILE)
    samples = [
        Sample(path, index, subjects.get((name, path.name)), folder.name)
        for index, label in enumerate(classes)
        for name in dict.fromkeys((label.code, label.key))
        for path in image_files(folder / name)
    ]
    if not samples:
        raise ConfigurationError(
            f"{folder} has no images in any of {classes[0].code} to {classes[-1].code}:"
            " give a folder with one subfolder of images per class."
        )
    return samples


def image_files(folder: Path) -> list[Path]:
    """The image files in ``folder``, sorted; none where it is no folder."""
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


def check_subjects(samples: Iterable[Sample]) -> None:
    """Every image must tell whose it is, or people could be on both sides of a split.

    Raises:
        ConfigurationError: an image without a known subject.
    """
    unknown = next((sample for sample in samples if sample.subject is None), None)
    if unknown is not None:
        raise ConfigurationError(
            f"{unknown.path} has no subject: list it in the {SUBJECTS_FILE} of its folder, for a"
            " network judged on people it has seen looks far better than it is."
        )


def digest(samples: Sequence[Sample]) -> str:
    """SHA-256 over class, name and content of every image, in order: which data it was."""
    total = hashlib.sha256()
    for sample in samples:
        content = hashlib.sha256(sample.path.read_bytes()).hexdigest()
        total.update(f"{sample.label}/{sample.path.name}:{content}\n".encode())
    return total.hexdigest()


def load_folder(
    folder: Path,
    classes: Sequence[Label],
    size: tuple[int, int],
    progress: Progress = silent,
) -> Folder:
    """A data folder, decoded as its images are when they are served.

    Args:
        folder: see :func:`read_folder`.
        classes: in the order of the labels.
        size: height and width of the network's input, which decide how far a JPEG is shrunk while
            decoding.
        progress: told after each image.

    Raises:
        ConfigurationError: there is no image, or an image without a known subject.
        RefusedError: a file is no image.
    """
    samples = read_folder(folder, classes)
    check_subjects(samples)
    labels = np.array([sample.label for sample in samples], np.int64)
    return Folder(
        folder.resolve().name, samples, Images(_load_pixels(samples, size, progress), labels)
    )


def _load_pixels(
    samples: Sequence[Sample], size: tuple[int, int], progress: Progress
) -> list[Pixels]:
    height, width = size

    def load(sample: Sample) -> Pixels:
        image = decode_at_least(sample.path.read_bytes(), width, height)
        if image.shape[0] > height * MARGIN or image.shape[1] > width * MARGIN:
            return resize(image, round(width * MARGIN), round(height * MARGIN))
        return image

    pixels = []
    with ThreadPoolExecutor(2) as pool:
        for image in pool.map(load, samples):
            pixels.append(image)
            progress("reading images", len(pixels), len(samples))
    return pixels
