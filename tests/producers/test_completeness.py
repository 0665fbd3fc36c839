import os
import sys
import threading
from pathlib import Path

import pytest

from producers.arrivals import Completeness
from producers.completeness import completeness
from producers.files import FileStamp, stamp_of
from tests.producers.support import jpeg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")


def state(root: Path, name: str = "a.jpg") -> FileStamp:
    stamp = stamp_of(root, name)
    assert stamp
    return stamp


def test_a_file_that_somebody_writes_is_open(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(jpeg(1))
        file.flush()
        assert completeness(tmp_path, state(tmp_path)) is Completeness.OPEN


def test_a_closed_jpeg_with_its_end_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    assert completeness(tmp_path, state(tmp_path)) is Completeness.WHOLE


def test_a_file_that_somebody_reads_is_whole_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    with (tmp_path / "a.jpg").open("rb"):
        assert completeness(tmp_path, state(tmp_path)) is Completeness.WHOLE


@pytest.mark.parametrize("data", [b"", b"text", jpeg(1)[:-9]])
def test_a_closed_file_without_a_known_end_is_unknown(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert completeness(tmp_path, state(tmp_path)) is Completeness.UNKNOWN


def test_a_file_in_another_state_than_its_stamp_is_changed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    before = state(tmp_path)
    (tmp_path / "a.jpg").write_bytes(jpeg(1) + b"more")
    assert completeness(tmp_path, before) is Completeness.CHANGED


def test_a_file_that_is_gone_is_unknown(tmp_path: Path) -> None:
    assert completeness(tmp_path, FileStamp("a.jpg", 0, 0)) is Completeness.UNKNOWN


def test_asking_neither_kills_us_nor_disturbs_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(1))
    stamp, done = state(tmp_path), threading.Event()

    def write() -> None:
        for _ in range(2000):
            os.close(os.open(path, os.O_WRONLY))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert completeness(tmp_path, stamp) in {Completeness.WHOLE, Completeness.OPEN}
    thread.join()
