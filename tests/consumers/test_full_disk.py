"""The broker's disk full while a worker judges: each image still gets exactly one answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.codec import decode_prediction
from schemas.errors import EXIT_FATAL
from tests.consumers.kit import Place, WorkerProcess, make_place
from tests.disks import MEBIBYTE, Disk, small_disk
from tests.transport.broker_kit import answering, stopped_at_the_end
from tests.transport.sender import Sender
from tests.waiting import wait_until
from transport.broker import BrokerSettings, EmbeddedBroker, embedded
from transport.clients import SESSION_TIMEOUT_MS
from transport.reading import read_to_end

pytestmark = [pytest.mark.kafka, pytest.mark.prove, pytest.mark.timeout(900)]

PATIENCE_S = 120.0
NEEDED = 16 * MEBIBYTE  # Kafka itself writes some kilobytes here
FULL_FOR_S = (0.0, 1.5 * SESSION_TIMEOUT_MS / 1000)
"""At once there is room again; or so late that the worker's session has ended meanwhile. Its client
may fence itself then: the worker leaves with code 3, and who supervises it starts a new one."""


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedBroker]:
    monkeypatch.setattr(embedded, "MINIMUM_FREE_BYTES", NEEDED)
    with small_disk(tmp_path, 48) as disk:
        broker = EmbeddedBroker(disk.path / "home", BrokerSettings(start_timeout_s=PATIENCE_S))
        with stopped_at_the_end(broker):
            yield broker


class Supervised:
    """A worker that is started again when it leaves because its client is broken."""

    def __init__(self, place: Place) -> None:
        self._start = lambda: WorkerProcess(place, transaction_images=20)
        self._worker = self._start()

    def __enter__(self) -> Supervised:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.kill()

    def look_after(self) -> None:
        code = self._worker.process.poll()
        if code is not None:
            assert code == EXIT_FATAL
            self._worker.kill()
            self._worker = self._start()


def offsets(place: Place) -> list[int]:
    messages = read_to_end(place.cluster, place.topics.predictions, "test-full")
    return [decode_prediction(one.value()).source_offset for one in messages]


def test_a_full_disk_under_producer_and_worker_loses_and_doubles_nothing(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    disk = Disk(broker.layout.home.parent)
    place = make_place(broker.start().bootstrap_servers, "job", tmp_path / "images")
    address = place.cluster.bootstrap_servers

    def reference(number: int) -> bytes:
        return place.reference(number, f"slow 5 {number}".encode())

    def more(than: int) -> bool:
        worker.look_after()
        return len(offsets(place)) > than

    with (
        Supervised(place) as worker,
        Sender(address, place.topics.images, reference, pause_s=0.01) as sender,
    ):
        for full_for_s in FULL_FOR_S:
            seen = len(offsets(place))
            wait_until(lambda n=seen: more(n + 50), PATIENCE_S, "progress")
            pid = broker.status().pid
            disk.fill()
            wait_until(
                lambda: broker.status().waits_for is not None, PATIENCE_S, "the end of Kafka"
            )
            time.sleep(full_for_s)
            disk.make_room()
            wait_until(
                lambda p=pid: broker.status().pid != p and answering(broker),
                PATIENCE_S,
                "the broker's return",
            )
        seen = len(offsets(place))
        wait_until(lambda: more(seen + 50), PATIENCE_S, "progress after the last")
        sender.finish()
        wait_until(lambda: more(sender.sent - 1), PATIENCE_S, "the rest")
    assert sender.acknowledged == list(range(sender.sent))
    assert offsets(place) == sender.acknowledged
