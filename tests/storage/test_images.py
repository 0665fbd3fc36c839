import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from schemas.events import FailureReason
from storage.images import ImageStore, open_images
from tests.contracts.image_store import (
    DATA,
    MAX_BYTES,
    SECRET,
    Bench,
    ImageStoreContract,
    reference,
    refusal,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    (tmp_path / "secret").write_bytes(SECRET)
    return ImageStore(tmp_path / "images", MAX_BYTES)


class TestFolder(ImageStoreContract):
    @pytest.fixture
    def bench(self, store: ImageStore) -> Bench:
        def lay(path: str, data: bytes) -> None:
            (store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (store.root / path).write_bytes(data)

        def names() -> list[str]:
            return [file.name for file in store.root.rglob("*") if file.is_file()]

        return Bench(store, lay, names)


def test_an_image_that_is_there_is_not_written_again(store: ImageStore) -> None:
    stored = store.put(DATA)
    before = (store.root / stored.path).stat()
    store.put(DATA)
    assert (store.root / stored.path).stat() == before


def test_the_file_of_an_image_is_found_by_its_hash(store: ImageStore) -> None:
    stored = store.put(DATA)
    assert store.find(stored.sha256) == store.root / stored.path


def test_a_full_disk_leaves_nothing_behind(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.images.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.put(DATA)
    assert [file for file in store.root.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_killed_while_writing_there_is_no_image_under_the_name(
    store: ImageStore, place: str
) -> None:
    program = f"""
import os, pathlib, signal
from storage.images import ImageStore
def die(*args): os.kill(os.getpid(), signal.SIGKILL)
if {place!r} == "fsync": os.fsync = die
else: pathlib.Path.replace = die
ImageStore(pathlib.Path({str(store.root)!r}), {MAX_BYTES}).put({DATA!r})
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=30)
    assert killed.returncode == -signal.SIGKILL
    assert store.find(hashlib.sha256(DATA).hexdigest()) is None
    assert store.read(reference(store.put(DATA).path)) == DATA


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "loop"])
def test_a_link_out_of_the_store_is_refused(store: ImageStore, target: str) -> None:
    (store.root / "loop").symlink_to(target)
    assert refusal(store, reference("loop")) == FailureReason.PATH_REFUSED


def test_a_folder_linked_to_outside_is_refused(store: ImageStore) -> None:
    (store.root / "aa").symlink_to(store.root.parent)
    assert refusal(store, reference("aa/secret")) == FailureReason.PATH_REFUSED


@pytest.mark.parametrize("path", [".", "aa", "pipe"])
def test_what_is_no_file_is_refused(store: ImageStore, path: str) -> None:
    (store.root / "aa").mkdir()
    os.mkfifo(store.root / "pipe")
    assert refusal(store, reference(path)) == FailureReason.IMAGE_UNREADABLE


def test_a_store_that_cannot_be_made_says_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="VIGIE_STORAGE__IMAGES"):
        ImageStore(tmp_path / "file" / "images", MAX_BYTES)


def test_a_folder_needs_nothing_of_what_a_url_needs(tmp_path: Path) -> None:
    program = f"""
import sys
from storage.images import open_images
assert type(open_images({str(tmp_path)!r}, {MAX_BYTES})).__name__ == "ImageStore"
sys.exit("obstore" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_url_without_its_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "storage.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match=r"needs the package obstore.*vigie\[objects\]"):
        open_images("s3://images", MAX_BYTES)
