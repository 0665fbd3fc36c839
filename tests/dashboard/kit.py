"""Parts for dashboard tests: events with every outcome, and images drawn from noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import simplejpeg

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item, Order, Place, read_item
from dashboard.feed.listing import Card, Where
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from schemas.events import (
    Classification,
    Failure,
    HeatGrids,
    ImageReference,
    Outcome,
    Prediction,
    Timings,
)

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FAILED = Failure("image_truncated", "The image file is cut off: copy it again.")
KEYS = [label.key for label in BEHAVIOURS]


def seen(label: int = 4, confidence: float = 0.91, *, abstained: bool = False) -> Classification:
    """The model saw class ``label``; the other nine share the rest evenly."""
    rest = (1 - confidence) / 9
    shares = tuple(confidence if n == label else rest for n in range(10))
    infraction = BEHAVIOURS[label].is_infraction and not abstained
    cells = bytes((n * 25 + cell) % 256 for n in range(10) for cell in range(12))
    heat = HeatGrids(3, 4, (2.0,) * 10, cells)
    return Classification(label, KEYS[label], confidence, infraction, abstained, shares, heat)


def prediction(
    n: int,
    outcome: Outcome | None = None,
    *,
    source: str = "cabin-01",
    name: str = "photo.jpg",
    sha256: str = "a" * 64,
    at: datetime | None = None,
) -> Prediction:
    """The ``n``-th answer, one second after the one before."""
    finished = at or START + timedelta(seconds=n)
    published = finished - timedelta(milliseconds=20 + n % 10)
    reference = ImageReference(
        f"reference-{n}", "driver", source, "aa/x", sha256, 1234, name, published
    )
    return Prediction(
        event_id=f"vigie.driver.images-0-{n}",
        job="driver",
        source_partition=0,
        source_offset=n,
        published_at=published,
        finished_at=finished,
        model_version="driver-1",
        model_sha256="b" * 64,
        reference=reference,
        outcome=outcome or seen(n % 10),
        timings=Timings(0.1, 0.5, 3.2),
    )


def item(
    n: int,
    outcome: Outcome | None = None,
    *,
    partition: int = 0,
    appended_ms: int | None = None,
    source: str = "cabin-01",
) -> Item:
    """The ``n``-th answer as it stands in a partition, two offsets after the one before."""
    made = prediction(n, outcome, source=source)
    at_ms = int(made.finished_at.timestamp() * 1000) if appended_ms is None else appended_ms
    return read_item(Place(partition, 2 * n), at_ms, encode_prediction(made))


def all_cards(hub: Hub) -> list[Card]:
    """The hub's whole window, oldest first, each event for itself."""
    found: list[Card] = []
    where = Where()
    while cards := hub.page(FeedFilter(flat=True), where).cards:
        found += cards
        where = Where(before=Order(*cards[-1]["order"]))
    return found[::-1]


class Kept:
    """Messages that are at hand, by their place."""

    def __init__(self, messages: dict[Place, bytes]) -> None:
        self._messages = messages

    def read(self, place: Place) -> bytes | None:
        return self._messages.get(place)


def noise_jpeg(width: int = 320, height: int = 240, seed: int = 1) -> bytes:
    """A JPEG of smooth noise: a real picture that shows nobody."""
    rough = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    smooth = np.kron(rough, np.ones((height // 6 + 1, width // 8 + 1, 1), np.uint8))
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(smooth[:height, :width]), 85))
