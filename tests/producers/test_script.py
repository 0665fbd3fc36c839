import threading
from pathlib import Path

import pytest

from producers.publish import Publisher
from producers.script import SendReport, find_files, send_files
from schemas.errors import UsageError
from tests.producers.support import Bench, jpeg


def send(bench: Bench, *paths: Path, stop: threading.Event | None = None) -> SendReport:
    with Publisher(bench.cluster, bench.job, bench.store) as to:
        return send_files(find_files(paths), to, source="desk", stop=stop or threading.Event())


def test_files_go_in_the_order_given_and_a_folder_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    names = ["10.jpg", "9.jpg", "sub/1.jpg", ".hidden.jpg"]
    for name in names:
        (folder / name).write_bytes(jpeg(1))
    single = tmp_path / "z.jpg"
    single.write_bytes(jpeg(2))
    found = find_files([single, folder])
    assert found == [single, folder / "9.jpg", folder / "10.jpg", folder / "sub/1.jpg"]


def test_a_path_that_is_not_there_is_a_usage_error_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was sent"):
        find_files([tmp_path / "no-such"])


@pytest.mark.kafka
def test_images_are_sent_and_the_rest_is_reported(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(jpeg(1))
    (folder / "2-cut.jpg").write_bytes(jpeg(2)[:-50])
    (folder / "3-text.jpg").write_bytes(b"a text")
    (folder / "4-empty.jpg").write_bytes(b"")
    (folder / "5-huge.jpg").write_bytes(jpeg(3) + bytes(2_000_000))
    report = send(bench, folder)
    assert list(report.sent) == bench.references()
    assert [(r.source, r.name) for r in report.sent] == [("desk", "1.jpg"), ("desk", "2-cut.jpg")]
    assert [skipped.path.name for skipped in report.skipped] == [
        "3-text.jpg",
        "4-empty.jpg",
        "5-huge.jpg",
    ]
    assert "does not begin like an image" in report.skipped[0].reason


@pytest.mark.kafka
def test_progress_is_told_for_every_file_and_stop_ends_it(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
    stop, told = threading.Event(), []

    def progress(path: Path) -> None:
        told.append(path.name)
        if len(told) == 2:
            stop.set()

    with Publisher(bench.cluster, bench.job, bench.store) as to:
        send_files(find_files([folder]), to, source="desk", stop=stop, on_progress=progress)
    assert told == bench.names() == ["0.jpg", "1.jpg"]
