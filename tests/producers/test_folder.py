"""The folder producer on the real Kafka."""

import os
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from producers.errors import PublishError
from producers.folder import Place
from producers.settings import FolderSettings
from schemas.errors import ConfigurationError
from tests.producers.support import Bench, jpeg
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.transactions import LeaveError

pytestmark = pytest.mark.kafka

SETTLE_S = FolderSettings().settle_s


def test_what_lies_in_the_folder_is_published_in_the_order_of_the_last_writes(bench: Bench) -> None:
    for number, path in enumerate(["b/2.jpg", "a/9.jpg", "b/1.jpg", "a/10.jpg"]):
        file = bench.put(path, jpeg(number))
        os.utime(file, ns=(0, 10**18 + number // 2))  # the last two at the same time
    with bench.watching():
        bench.await_published(4)
    sources = [(reference.source, reference.name) for reference in bench.references()]
    assert sources == [("a", "9.jpg"), ("b", "2.jpg"), ("a", "10.jpg"), ("b", "1.jpg")]


def test_a_reference_says_where_the_image_is_and_what_it_is(bench: Bench) -> None:
    file = bench.put("camera 1/2026/x.jpg", jpeg(1))
    with bench.watching():
        bench.await_published(1)
    (reference,) = bench.references()
    assert bench.store.read(reference) == jpeg(1)
    assert (reference.source, reference.name) == ("camera 1", "2026/x.jpg")
    assert abs(reference.captured_at.timestamp() - file.stat().st_mtime) < 1e-5
    assert (reference.job, reference.size_bytes) == (bench.job, len(jpeg(1)))


def test_a_file_in_the_folder_itself_has_the_folders_name_as_its_source(bench: Bench) -> None:
    bench.put("x.jpg", jpeg(1))
    with bench.watching():
        bench.await_published(1)
    assert bench.references()[0].source == "cameras"


def test_images_are_published_in_the_order_they_arrive(bench: Bench) -> None:
    for camera in range(3):
        (bench.root / f"cam-{camera}").mkdir(parents=True)
    with bench.watching():
        for number in range(30):
            bench.put(f"cam-{number % 3}/{number}.jpg", jpeg(number))
            time.sleep(0.015)  # file times tick every 4 ms: within a tick there is no order
        bench.await_published(30)
    assert bench.names() == [f"{number}.jpg" for number in range(30)]


@pytest.mark.parametrize("polling", [False, True])
def test_a_file_written_slowly_is_published_once_and_complete(bench: Bench, polling: bool) -> None:
    settings = FolderSettings(polling=polling, polling_s=0.1)
    data = jpeg(1)
    with bench.watching(settings):
        with bench.put("cam/slow.jpg", b"").open("wb", buffering=0) as file:
            for begin in range(0, len(data), 400):
                file.write(data[begin : begin + 400])
                time.sleep(SETTLE_S * 1.2)  # longer than a pause that settles
        bench.await_published(1)
    assert [bench.store.read(reference) for reference in bench.references()] == [data]


def test_a_file_opened_anew_for_each_piece_is_published_once_and_complete(bench: Bench) -> None:
    data = jpeg(1)
    with bench.watching():
        for begin in range(0, len(data), 200):
            with (bench.root / "slow.jpg").open("ab") as file:
                file.write(data[begin : begin + 200])
            time.sleep(SETTLE_S / 4)
        bench.await_published(1)
    assert [bench.store.read(reference) for reference in bench.references()] == [data]


def test_a_slow_writer_does_not_hold_up_the_others(bench: Bench) -> None:
    with bench.watching():
        with bench.put("cam/slow.jpg", b"").open("wb", buffering=0) as file:
            file.write(jpeg(1)[:100])
            bench.put("cam/quick.jpg", jpeg(2))
            bench.await_published(1)
            file.write(jpeg(1)[100:])
        bench.await_published(2)
    assert bench.names() == ["quick.jpg", "slow.jpg"]


def test_a_complete_image_is_published_within_150_ms(bench: Bench) -> None:
    waits = []
    with bench.watching():
        for number in range(15):
            bench.put(f"cam/{number}.jpg", jpeg(number))
            written = time.monotonic()
            bench.await_published(number + 1)
            waits.append(time.monotonic() - written)
    assert sorted(waits)[len(waits) // 2] < 0.150


def test_what_is_no_image_is_reported_once_and_skipped(bench: Bench) -> None:
    bench.put("cam/notes.txt", b"no image")
    bench.put("cam/text.jpg", b"no image either")
    bench.put("cam/empty.jpg", b"")
    bench.put("cam/huge.jpg", jpeg(1) + bytes(2_000_000))
    bench.put("cam/good.jpg", jpeg(2))
    for _start in range(2):
        with bench.watching(FolderSettings(rescan_s=0.1)):
            wait_until(lambda: len(bench.skipped) >= 4)
            bench.await_published(1)
    assert bench.names() == ["good.jpg"]
    assert sorted(path for path, _reason in bench.skipped) == [
        "cam/empty.jpg",
        "cam/huge.jpg",
        "cam/notes.txt",
        "cam/text.jpg",
    ]


def test_a_truncated_jpeg_is_published_for_the_worker_to_judge(bench: Bench) -> None:
    bench.put("cam/cut.jpg", jpeg(1)[:-100])
    with bench.watching():
        bench.await_published(1)


def test_hidden_and_temporary_files_are_left_alone(bench: Bench) -> None:
    with bench.watching():
        part = bench.put("cam/.a.jpg.x7", jpeg(1))
        bench.put("cam/b.jpg.part", jpeg(2))
        part.rename(bench.root / "cam" / "a.jpg")
        bench.await_published(1)
    assert bench.names() == ["a.jpg"]
    assert bench.skipped == []


def test_links_are_not_followed(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(jpeg(1))
    (bench.root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    bench.put("real.jpg", jpeg(2))
    with bench.watching():
        bench.await_published(1)
    assert bench.names() == ["real.jpg"]


def test_a_file_with_new_content_is_a_new_image(bench: Bench) -> None:
    with bench.watching():
        for number in range(3):
            bench.put("cam/latest.jpg", jpeg(number))
            bench.await_published(number + 1)
    references = bench.references()
    assert [bench.store.read(reference) for reference in references] == [*map(jpeg, range(3))]
    assert len({reference.reference_id for reference in references}) == 3


def test_a_file_touched_without_new_content_is_not(bench: Bench) -> None:
    file = bench.put("cam/a.jpg", jpeg(1))
    with bench.watching():
        bench.await_published(1)
        file.touch()
        bench.put("cam/b.jpg", jpeg(2))
        bench.await_published(2)
    assert bench.names() == ["a.jpg", "b.jpg"]


def test_a_start_publishes_only_what_came_since_the_last(bench: Bench) -> None:
    for start in range(3):
        bench.put(f"cam/{start}.jpg", jpeg(start))
        with bench.watching():
            bench.await_published(start + 1)
    assert bench.names() == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_lost_memory_is_made_anew_from_the_topic(bench: Bench) -> None:
    for number in range(5):
        bench.put(f"cam/{number}.jpg", jpeg(number))
    with bench.watching():
        bench.await_published(5)
    for file in bench.state.iterdir():
        file.unlink()
    bench.put("cam/5.jpg", jpeg(5))
    with bench.watching():
        bench.await_published(6)
    assert bench.names() == [f"{number}.jpg" for number in range(6)]


def test_files_removed_later_are_no_trouble(bench: Bench) -> None:
    settings = FolderSettings(rescan_s=0.1)
    with bench.watching(settings):
        bench.put("cam/a.jpg", jpeg(1))
        bench.await_published(1)
        (bench.root / "cam" / "a.jpg").unlink()
        (bench.root / "cam").rmdir()
        bench.put("cam/b.jpg", jpeg(2))
        bench.await_published(2)
    assert bench.names() == ["a.jpg", "b.jpg"]


def test_a_folder_moved_in_is_published_with_all_that_is_in_it(
    bench: Bench, tmp_path: Path
) -> None:
    outside = tmp_path / "staging"
    outside.mkdir()
    for number in range(3):
        (outside / f"{number}.jpg").write_bytes(jpeg(number))
    with bench.watching():
        outside.rename(bench.root / "cam")
        bench.await_published(3)
    assert bench.names() == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_name_that_is_no_text_is_published(bench: Bench) -> None:
    bench.put(os.fsdecode(b"caf\xe9/\xff.jpg"), jpeg(1))
    for _start in range(2):
        with bench.watching():
            bench.await_published(1)
    assert [(r.source, r.name) for r in bench.references()] == [("caf�", "�.jpg")]


def test_polling_finds_what_arrives(bench: Bench) -> None:
    with bench.watching(FolderSettings(polling=True, polling_s=0.1)):
        bench.put("cam/a.jpg", jpeg(1))
        bench.await_published(1)
    assert bench.names() == ["a.jpg"]


def test_the_same_image_from_two_cameras_is_two_references_to_one_file(bench: Bench) -> None:
    bench.put("one/a.jpg", jpeg(1))
    bench.put("two/a.jpg", jpeg(1))
    with bench.watching():
        bench.await_published(2)
    one, two = bench.references()
    assert one.path == two.path
    assert one.reference_id != two.reference_id


def test_a_watcher_that_was_replaced_writes_nothing_and_leaves(bench: Bench) -> None:
    stored, replaced = threading.Event(), threading.Event()
    ended: list[Exception] = []

    def pause(place: Place) -> None:
        if place == Place.STORED:
            stored.set()
            replaced.wait(30)

    def watch() -> None:
        try:
            bench.watch(threading.Event(), reached=pause)
        except Exception as error:  # noqa: BLE001 - whatever it is, the assertion below tells
            ended.append(error)

    first = threading.Thread(target=watch)
    first.start()
    bench.put("cam/a.jpg", jpeg(1))
    assert stored.wait(20)
    with bench.watching():
        bench.await_published(1)
        replaced.set()
        first.join(20)
    assert [type(error) for error in ended] == [LeaveError], ended
    assert bench.names() == ["a.jpg"]


def test_what_was_committed_is_found_behind_anothers_open_transaction(bench: Bench) -> None:
    other = Producer(
        {
            "bootstrap.servers": bench.cluster.bootstrap_servers,
            "transactional.id": f"other-{bench.job}",
        }
    )
    other.init_transactions()
    bench.put("cam/a.jpg", jpeg(1))

    class KilledError(Exception):
        pass

    def hide_and_kill(place: Place) -> None:
        if place == Place.STORED:
            other.begin_transaction()
            other.produce(bench.topic, b"uncommitted")
            other.flush()
        if place == Place.COMMITTED:
            raise KilledError

    with pytest.raises(KilledError):
        bench.watch(threading.Event(), reached=hide_and_kill)
    timer = threading.Timer(1.0, other.abort_transaction)
    timer.start()
    bench.put("cam/b.jpg", jpeg(2))
    with bench.watching():
        bench.await_published(1)
    timer.join()
    assert bench.names() == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("missing", ["folder", "topic", "broker", "memory", "store"])
def test_what_is_missing_at_the_start_is_said_with_the_way_out(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    expected: type[Exception] = ConfigurationError
    if missing == "folder":
        bench.root.rmdir()
    if missing == "topic":
        bench.job = "no-such-job"
    if missing == "broker":
        bench.cluster = Cluster("127.0.0.1:1")
        monkeypatch.setattr("transport.topics.ADMIN_TIMEOUT_S", 0.5)
    if missing == "memory":
        bench.state.write_bytes(b"a file where the folder should be")
    if missing == "store":
        bench.put("a.jpg", jpeg(1))
        (tmp_path / "images").rmdir()
        (tmp_path / "images").write_bytes(b"")
        expected = PublishError
    with pytest.raises(expected, match=r"Make|Start|right|Free"):
        bench.watch(threading.Event())


def test_stopping_takes_less_than_two_seconds(bench: Bench) -> None:
    with bench.watching():
        began = time.monotonic()
    assert time.monotonic() - began < 2.0


def test_kafka_may_be_away_for_longer_than_we_wait_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = EmbeddedBroker(tmp_path / "kafka", BrokerSettings())
    try:
        bench = Bench(Cluster(broker.start().bootstrap_servers), "away", tmp_path)
        with bench.watching():
            bench.put("cam/a.jpg", jpeg(1))
            bench.await_published(1)
            monkeypatch.setattr("transport.topics.ADMIN_TIMEOUT_S", 0.2)
            monkeypatch.setattr("producers.writer.PATIENCE_S", 0.5)
            broker.stop()
            bench.put("cam/b.jpg", jpeg(2))
            broker.start()
            monkeypatch.undo()
            bench.await_published(2)
        assert bench.names() == ["a.jpg", "b.jpg"]
    finally:
        broker.stop()
