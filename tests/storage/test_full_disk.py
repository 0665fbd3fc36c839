"""The image store on a disk that is full, and in a folder that may not be used."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.images import ImageStore
from tests.disks import MEBIBYTE, Disk, bound_by_rights, small_disk

IMAGE_BYTES = 300_000  # several pages of the disk, and more than a buffer of Python's
IMAGES = 3


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path, 2) as disk:
        yield disk


def image(number: int) -> bytes:
    return random.Random(number).randbytes(IMAGE_BYTES)


def put_all(store: ImageStore) -> None:
    for number in range(IMAGES):
        store.put(image(number))


def names(count: int) -> list[str]:
    return sorted(hashlib.sha256(image(number)).hexdigest() for number in range(count))


def kept(store: ImageStore) -> list[Path]:
    return [file for file in store.root.rglob("*") if file.is_file()]


def files(store: ImageStore) -> list[str]:
    """Names of all there are, hidden and half ones too."""
    return sorted(file.name for file in kept(store))


def test_a_disk_that_fills_up_keeps_whole_images_only_and_takes_the_rest_when_there_is_room(
    disk: Disk,
) -> None:
    store = ImageStore(disk.path / "images", MEBIBYTE)
    disk.fill(but=2 * IMAGE_BYTES)
    with pytest.raises(OSError, match="No space left"):
        put_all(store)
    assert files(store) in (names(1), names(2))

    disk.make_room()
    put_all(store)
    assert files(store) == names(IMAGES)
    assert all(hashlib.sha256(file.read_bytes()).hexdigest() == file.name for file in kept(store))


def test_on_a_full_disk_an_image_that_is_there_already_is_taken(disk: Disk) -> None:
    store = ImageStore(disk.path / "images", MEBIBYTE)
    stored = store.put(image(1))
    disk.fill()
    assert store.put(image(1)) == stored


def test_in_a_folder_that_may_not_be_written_nothing_is_left(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images", MEBIBYTE)
    store.root.chmod(0o500)
    with bound_by_rights(), pytest.raises(PermissionError):
        store.put(image(1))
    assert [*store.root.iterdir()] == []
