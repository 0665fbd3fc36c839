import os
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.files import (
    FileChangedError,
    ends_whole,
    is_ignored,
    is_image,
    moment,
    natural_key,
    printable,
    read_file,
    stamp_of,
    walk,
)
from schemas.errors import RefusedError
from schemas.events import FailureReason
from tests.producers.support import jpeg


@pytest.mark.parametrize(
    "suffix", [".jpg", ".png", ".webp", ".tiff", ".bmp", ".gif", ".avif", ".jp2"]
)
def test_an_image_of_each_kind_is_known_by_its_first_bytes(suffix: str) -> None:
    encoded = cv2.imencode(suffix, np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    assert is_image(encoded[:16])


@pytest.mark.parametrize(
    "head", [b"", b"hello, I am text", b"%PDF-1.7", b"BM is a text too", b"RIFF\0\0\0\0WAVE"]
)
def test_what_is_no_image_is_known_by_its_first_bytes(head: bytes) -> None:
    assert not is_image(head)


def test_a_truncated_jpeg_is_an_image_without_a_whole_end() -> None:
    cut = jpeg(1)[:-10]
    assert is_image(cut[:16])
    assert not ends_whole(cut[:16], cut[-16:])


def test_numbers_in_names_sort_by_their_value() -> None:
    names = ["frame10.jpg", "frame9.jpg", "frame09.jpg", "2/1.jpg", "10/1.jpg", "a.jpg"]
    assert sorted(names, key=natural_key) == [
        "2/1.jpg", "10/1.jpg", "a.jpg", "frame09.jpg", "frame9.jpg", "frame10.jpg",
    ]  # fmt: skip


@given(st.text(), st.text())
def test_two_names_sort_equal_only_when_they_are(one: str, other: str) -> None:
    assert (natural_key(one) == natural_key(other)) == (one == other)


@given(st.text(st.characters(), max_size=600))
def test_any_name_becomes_one_bounded_line_of_valid_text(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert len(shown) <= 300
    shown.encode()


def test_a_name_that_is_too_long_keeps_its_end() -> None:
    assert printable("x" * 400 + "-042.jpg").endswith("x-042.jpg")


@pytest.mark.parametrize(
    "path", [".hidden.jpg", "cam/.tmp/a.jpg", "cam/a.jpg.part", "cam/A.CRDOWNLOAD"]
)
def test_hidden_and_temporary_names_are_ignored(path: str) -> None:
    assert is_ignored(path)


def test_walking_finds_regular_files_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(jpeg(1))
    root = tmp_path / "root"
    (root / "cam" / "deep").mkdir(parents=True)
    (root / "cam" / "deep" / "a.jpg").write_bytes(jpeg(2))
    (root / "link").symlink_to(outside)
    (root / "link.jpg").symlink_to(outside / "secret.jpg")
    os.mkfifo(root / "pipe.jpg")
    assert [stamp.path for stamp in walk(root)] == ["cam/deep/a.jpg"]


def test_a_link_has_no_stamp_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "real.jpg").write_bytes(jpeg(1))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    assert stamp_of(tmp_path, "link.jpg") is None
    with pytest.raises(OSError, match="symbolic"):
        read_file(tmp_path / "link.jpg", 10_000)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    assert read_file(tmp_path / "a.jpg", 10_000)[0] == jpeg(1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", FailureReason.IMAGE_EMPTY),
        (b"only text", FailureReason.IMAGE_NOT_DECODABLE),
        (jpeg(1) + bytes(5000), FailureReason.IMAGE_TOO_LARGE),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(
    tmp_path: Path, data: bytes, reason: FailureReason
) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(RefusedError) as refused:
        read_file(tmp_path / "a.jpg", 5000)
    assert refused.value.reason == reason


def test_a_file_written_to_while_it_is_read_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(1))

    def write_meanwhile(*_args: object) -> None:
        path.write_bytes(jpeg(2) + b"more")

    monkeypatch.setattr("producers.files._check", write_meanwhile)
    with pytest.raises(FileChangedError):
        read_file(path, 10_000)


def test_a_file_time_is_utc_to_the_microsecond() -> None:
    assert moment(1_700_000_000_123_456_789) == datetime(2023, 11, 14, 22, 13, 20, 123457, UTC)


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_file_time_is_a_moment(mtime_ns: int) -> None:
    assert moment(mtime_ns).tzinfo is UTC
