"""An image store that this user may not look into: the disk's trouble, not the image's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.events import ImageReference
from storage.images import ImageStore
from tests.disks import bound_by_rights

DATA = b"some image"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", 5000)


def put(store: ImageStore) -> ImageReference:
    stored = store.put(DATA)
    return ImageReference(
        reference_id="1",
        job="driver",
        source="cam",
        path=stored.path,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        name="a.jpg",
        captured_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


@pytest.mark.parametrize("level", [0, 1, 2], ids=["store", "folder", "file"])
def test_a_right_that_is_missing_may_be_given_later(store: ImageStore, level: int) -> None:
    reference = put(store)
    file = store.root / reference.path
    place = [store.root, file.parent, file][level]
    rights = place.stat().st_mode
    place.chmod(0)
    with bound_by_rights(), pytest.raises(PermissionError):
        store.read(reference)
    place.chmod(rights)
    assert store.read(reference) == DATA


def test_what_may_not_be_seen_is_not_found(store: ImageStore) -> None:
    reference = put(store)
    rights = store.root.stat().st_mode
    store.root.chmod(0)
    with bound_by_rights():
        assert store.find(reference.sha256) is None
    store.root.chmod(rights)
    assert store.find(reference.sha256) == store.root / reference.path
