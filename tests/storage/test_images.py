import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigurationError, RefusedError
from schemas.events import FailureReason, ImageReference
from storage.images import ImageStore

MAX_BYTES = 5000
DATA = b"some image"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    (tmp_path / "secret").write_bytes(b"not in the store")
    return ImageStore(tmp_path / "images", MAX_BYTES)


def reference(path: str, data: bytes = DATA) -> ImageReference:
    return ImageReference(
        reference_id="1",
        job="driver",
        source="cam",
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        name="a.jpg",
        captured_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def refusal(store: ImageStore, wanted: ImageReference) -> FailureReason:
    with pytest.raises(RefusedError) as refused:
        store.read(wanted)
    return refused.value.reason


def test_what_is_kept_is_named_by_its_hash_and_read_back(store: ImageStore) -> None:
    stored = store.put(DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    assert (stored.path, stored.sha256, stored.size_bytes) == (
        f"{digest[:2]}/{digest}",
        digest,
        len(DATA),
    )
    assert store.read(reference(stored.path)) == DATA


def test_the_same_image_is_kept_once_and_never_written_again(store: ImageStore) -> None:
    stored = store.put(DATA)
    before = (store.root / stored.path).stat()
    assert store.put(DATA) == stored
    assert (store.root / stored.path).stat() == before
    assert len([file for file in store.root.rglob("*") if file.is_file()]) == 1


def test_an_image_is_found_by_its_hash(store: ImageStore) -> None:
    stored = store.put(DATA)
    assert store.find(stored.sha256) == store.root / stored.path


@pytest.mark.parametrize(
    "text", ["", "0" * 64, "0" * 63, "../secret", "A" * 64, "0" * 64 + "\n", "０" * 64]
)
def test_any_other_text_is_simply_not_found(store: ImageStore, text: str) -> None:
    assert store.find(text) is None


@pytest.mark.parametrize(
    ("size", "reason"),
    [(0, FailureReason.IMAGE_EMPTY), (MAX_BYTES + 1, FailureReason.IMAGE_TOO_LARGE)],
)
def test_an_empty_or_too_large_image_is_not_kept(
    store: ImageStore, size: int, reason: FailureReason
) -> None:
    with pytest.raises(RefusedError) as refused:
        store.put(bytes(size))
    assert refused.value.reason == reason
    assert [*store.root.iterdir()] == []


def test_the_largest_image_taken_is_taken(store: ImageStore) -> None:
    data = bytes(MAX_BYTES)
    assert store.read(reference(store.put(data).path, data)) == data


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


ESCAPES = [
    "../secret",
    "aa/../../secret",
    "/etc/passwd",
    "aa\\..\\..\\secret",
    "..\\secret",
    "aa/\0",
    "",
    "..",
    "../images/../secret",
    "../no-such-file",
    "x" * 5000,
]


@pytest.mark.parametrize("path", ESCAPES)
def test_a_path_out_of_the_store_is_refused(store: ImageStore, path: str) -> None:
    assert refusal(store, reference(path)) == FailureReason.PATH_REFUSED


@pytest.mark.parametrize("path", ["..%2fsecret", "%2e%2e/secret", "aa/no-such", "．．/secret"])
def test_what_only_looks_like_an_escape_is_an_image_that_is_missing(
    store: ImageStore, path: str
) -> None:
    assert refusal(store, reference(path)) == FailureReason.IMAGE_MISSING


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


PIECES = st.sampled_from(["..", ".", "aa", "secret", "", "\0", "\\", "%2e%2e", "~", "images", "é"])


@given(
    st.one_of(
        st.text(max_size=200),
        st.text(st.characters(categories=["Cs", "Cc", "L"])),
        st.lists(PIECES, max_size=8).map("/".join),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_whatever_reads_anything_but_the_image_it_names(
    store: ImageStore, path: str
) -> None:
    store.put(DATA)
    with pytest.raises(RefusedError):
        store.read(reference(path, b"not in the store"))


def test_a_changed_image_is_told_by_its_hash(store: ImageStore) -> None:
    stored = store.put(DATA)
    (store.root / stored.path).write_bytes(b"some other")
    assert refusal(store, reference(stored.path)) == FailureReason.HASH_MISMATCH


@pytest.mark.parametrize(
    ("size", "reason"),
    [(0, FailureReason.IMAGE_EMPTY), (MAX_BYTES + 1, FailureReason.IMAGE_TOO_LARGE)],
)
def test_a_file_that_became_empty_or_huge_is_refused_before_it_is_read(
    store: ImageStore, size: int, reason: FailureReason
) -> None:
    stored = store.put(DATA)
    (store.root / stored.path).write_bytes(bytes(size))
    assert refusal(store, replace(reference(stored.path), size_bytes=1)) == reason


def test_a_refusal_quotes_at_most_a_line_of_a_long_path(store: ImageStore) -> None:
    with pytest.raises(RefusedError) as refused:
        store.read(reference("x" * 100_000))
    assert len(refused.value.detail) < 600


def test_a_store_that_cannot_be_made_says_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="VIGIE_STORAGE__IMAGES"):
        ImageStore(tmp_path / "file" / "images", MAX_BYTES)
