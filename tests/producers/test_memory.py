import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from producers.files import FileStamp
from producers.memory import FORGET_AFTER_S, Known, Memory
from schemas.errors import ConfigurationError

A = Known(FileStamp("cam/a.jpg", 1, 2), "0" * 64)
B = Known(FileStamp("cam/b.jpg", 3, 4), None)


def opened(
    folder: Path, watched: str = "/cameras", host: str = "here"
) -> AbstractContextManager[Memory]:
    return Memory.open(folder, Path(watched), "driver", host)


def test_what_is_remembered_is_known_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.remember([A, B], {0: 7})
    with opened(tmp_path) as memory:
        assert (memory.find("cam/a.jpg"), memory.find("cam/b.jpg")) == (A, B)
        assert memory.offsets() == {0: 7}


def test_another_state_of_a_known_file_is_not_known(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.remember([A])
        assert memory.knows(A.stamp)
        assert not memory.knows(FileStamp("cam/a.jpg", 1, 3))


def test_a_name_that_is_no_text_is_remembered(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    with opened(tmp_path) as memory:
        memory.remember([Known(FileStamp(name, 1, 1), None)])
        assert memory.knows(FileStamp(name, 1, 1))


def test_files_and_offsets_are_remembered_together_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[Known]:
        yield A
        raise RuntimeError("killed here")

    with opened(tmp_path) as memory:
        with pytest.raises(RuntimeError, match="killed here"):
            memory.remember(broken(), {0: 9})
        assert memory.find("cam/a.jpg") is None
        assert memory.offsets() == {}


def test_the_identity_outlives_a_new_host_name(tmp_path: Path) -> None:
    with opened(tmp_path, host="one") as memory:
        first = memory.watch
    with opened(tmp_path, host="two") as memory:
        assert memory.watch == first


def test_a_lost_memory_gets_the_same_identity_again(tmp_path: Path) -> None:
    with opened(tmp_path / "first") as memory:
        first = memory.watch
    with opened(tmp_path / "second") as memory:
        assert memory.watch == first


def test_two_folders_have_two_memories(tmp_path: Path) -> None:
    with opened(tmp_path, "/one") as one, opened(tmp_path, "/two") as two:
        one.remember([A])
        assert one.watch != two.watch
        assert two.find("cam/a.jpg") is None


def test_a_file_is_forgotten_when_it_is_gone_for_long(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.remember([A, B])
        assert memory.forget_gone(["cam/b.jpg"], now=1000.0) == 0
        assert memory.forget_gone(["cam/b.jpg"], now=1000.0 + FORGET_AFTER_S - 1) == 0
        assert memory.forget_gone(["cam/b.jpg"], now=1000.0 + FORGET_AFTER_S) == 1
        assert memory.find("cam/a.jpg") is None
        assert memory.find("cam/b.jpg") == B


def test_a_file_that_returns_in_time_is_not_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.remember([A])
        memory.forget_gone(["other"], now=0.0)
        memory.forget_gone(["cam/a.jpg"], now=10.0)
        assert memory.forget_gone(["other"], now=float(FORGET_AFTER_S)) == 0


def test_a_memory_that_is_no_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    for file in tmp_path.iterdir():
        file.write_bytes(b"rubbish" * 1000)
    with pytest.raises(ConfigurationError, match="may be deleted"), opened(tmp_path):
        pass
