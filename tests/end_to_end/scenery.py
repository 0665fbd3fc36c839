"""A day of six simulated buses, judged by the real model, on a broker and a page of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from model.classifier import Classifier
from model.decode import Pixels
from producers.cabin.draw import draw, encode
from producers.cabin.scene import (
    BEHAVIOURS,
    random_cabin,
    random_driver,
    random_light,
    random_scene,
)
from schemas.events import Classification, ImageReference, Prediction, Timings, event_id
from storage.images import ImageStore, StoredImage
from tests.dashboard.running import publish
from tests.vigie.cli import environment
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics

SEED = 7
BUSES = ("bus-04", "bus-11", "bus-17", "bus-23", "bus-32", "bus-38")
HOURS = 26
"""Of history: a whole day and a little of the one before, to compare with."""

BUSY = (1, 0, 0, 0, 1, 3, 7, 9, 8, 6, 5, 6, 7, 6, 5, 6, 8, 9, 8, 6, 4, 3, 2, 1)
"""Episodes in each hour of the day and bus, by the timetable."""

SAFE_SHARE = 0.6
FOGGED_SHARE = 0.05
FOGGED = len(BEHAVIOURS)
"""A breath on the lens: the model abstains, and a person is asked to check."""

FOG_PIXELS = 20
EVERY_S = 8
"""Between two images of an episode: consecutive ones of one behaviour are a group."""

LIVE_EVERY_S = 1.2
TURN_SHARE = 0.5
"""How often a driver does something else on the next image."""

QUALITY = 88
START_LINE = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Picture:
    """A drawn image, kept, and what the model says of it."""

    stored: StoredImage
    data: bytes
    outcome: Classification
    timings: Timings


Album = dict[tuple[str, int], Picture]
"""By bus and behaviour, ``FOGGED`` beside them."""


def draw_album(store: ImageStore, classifier: Classifier) -> Album:
    """One image of each behaviour in each bus, always with the same driver in the same cabin."""
    rng = np.random.default_rng(SEED)
    album: Album = {}
    for bus in BUSES:
        driver, cabin, light = random_driver(rng), random_cabin(rng), random_light(rng)
        for act in BEHAVIOURS:
            image = draw(random_scene(rng, act, driver, cabin, light))
            album[bus, act] = _take(image, store, classifier)
        fogged = cv2.GaussianBlur(image, (0, 0), FOG_PIXELS)
        album[bus, FOGGED] = _take(fogged, store, classifier)
    return album


def _take(image: Pixels, store: ImageStore, classifier: Classifier) -> Picture:
    data = encode(image, QUALITY)
    return Picture(store.put(data), data, *classifier.classify(data))


def _random_act(rng: np.random.Generator) -> int:
    if rng.random() < FOGGED_SHARE:
        return FOGGED
    return 0 if rng.random() < SAFE_SHARE else int(rng.integers(1, FOGGED))


def history(album: Album, classifier: Classifier, now: datetime) -> list[Prediction]:
    """The events of the hours before ``now``, oldest first."""
    rng = np.random.default_rng(SEED)
    taken: list[tuple[datetime, str, int]] = []
    for hour in range(HOURS, 0, -1):
        begin = now - timedelta(hours=hour)
        for bus in BUSES:
            for _ in range(BUSY[begin.hour]):
                act = _random_act(rng)
                first = begin + timedelta(seconds=float(rng.uniform(0, 3500)))
                taken += [
                    (first + timedelta(seconds=EVERY_S * n), bus, act)
                    for n in range(int(rng.integers(1, 5)))
                ]
    ordered = sorted(one for one in taken if one[0] < now)
    return [
        _prediction(n, at, bus, album[bus, act], classifier)
        for n, (at, bus, act) in enumerate(ordered)
    ]


def _prediction(
    n: int, at: datetime, bus: str, picture: Picture, classifier: Classifier
) -> Prediction:
    published = at - timedelta(milliseconds=12 + n % 9)
    stored = picture.stored
    reference = ImageReference(
        f"history-{n}", "driver", bus, stored.path, stored.sha256, stored.size_bytes,
        f"{at:%H%M%S}.jpg", published,
    )  # fmt: skip
    return Prediction(
        event_id=event_id("vigie.driver.images", 0, n),
        job="driver",
        source_partition=0,
        source_offset=n,
        published_at=published,
        finished_at=at,
        model_version=classifier.model_version,
        model_sha256=classifier.model_sha256,
        reference=reference,
        outcome=picture.outcome,
        timings=replace(picture.timings),
    )


@dataclass
class Scenery:
    """`vigie up` on that day."""

    home: Path
    broker: EmbeddedBroker
    album: Album
    cluster: Cluster
    link: str = ""
    process: subprocess.Popen[str] | None = None

    def drop(self, bus: str, name: str, data: bytes) -> None:
        """Put an image into a camera's folder as a camera does: whole, under its name."""
        folder = self.home / "cameras" / bus
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        part.write_bytes(data)
        part.rename(folder / name)

    @contextmanager
    def driving(self) -> Iterator[None]:
        """The buses take images while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._drive, args=(stop,), daemon=True)
        thread.start()
        yield
        stop.set()
        thread.join()

    def _drive(self, stop: threading.Event) -> None:
        rng = np.random.default_rng(SEED)
        acts = dict.fromkeys(BUSES, 0)
        n = 0
        while not stop.wait(LIVE_EVERY_S):
            bus = BUSES[n % len(BUSES)]
            if rng.random() < TURN_SHARE:
                acts[bus] = _random_act(rng)
            self.drop(bus, f"live-{n:05d}.jpg", self.album[bus, acts[bus]].data)
            n += 1

    def start(self) -> None:
        """Start everything and wait for the link."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "up", "--port", "0", "--no-simulate"],
            cwd=self.home,
            env=environment(self.home, {"VIGIE_DASHBOARD__STALE_AFTER_S": "10"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        found = START_LINE.search(self.process.stdout.readline())
        assert found, "vigie up ended before it told its link"
        self.link = found[0]

    def end(self) -> None:
        """End everything but the broker."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(15)
        if self.process and self.process.stdout:
            self.process.stdout.close()


@contextmanager
def open_scenery(home: Path, now: datetime) -> Iterator[Scenery]:
    """The day, and everything that serves it; all of it has ended on leaving."""
    store = ImageStore(home / "images", 20_000_000)
    classifier = Classifier.load()
    album = draw_album(store, classifier)
    broker = EmbeddedBroker(home, BrokerSettings())
    scenery = Scenery(home, broker, album, Cluster(broker.start().bootstrap_servers))
    try:
        ensure_topics(scenery.cluster.admin(), JobTopics("driver"), TopicSettings())
        publish(scenery.cluster, "driver", history(album, classifier, now))
        scenery.start()
        yield scenery
    finally:
        scenery.end()
        broker.stop()
