"""The pictures of the page: images made smaller, and heat maps, each under a name for ever its own.

An image leaves this process only decoded and encoded anew: what a file carries beside its pixels
(where and when it was taken, or worse) stays in the store.
"""

from __future__ import annotations

import threading
from typing import Literal

import simplejpeg

from dashboard.feed.items import Place, heat_name
from dashboard.feed.messages import ByteCache, Messages
from model.decode import decode_at_least, resize
from model.heat import heat_png
from schemas.codec import decode_prediction
from schemas.errors import RefusedError
from schemas.events import Classification, HeatGrids
from storage.images import Images

Size = Literal["small", "large"]

BOX = {"small": (480, 360), "large": (1280, 960)}
"""Pixels that a picture may fill: a card is up to 240 wide on a screen of double density, the
inspector shows up to 640."""

QUALITY = {"small": 82, "large": 88}
"""JPEG quality: below these, blocks show on faces; above, the file doubles for nothing visible."""

AT_ONCE = 2
"""Images decoded at the same time: each may need 150 MB."""


class Pictures:
    """Makes pictures when someone looks, and remembers the last ones."""

    def __init__(self, store: Images, messages: Messages, cache_bytes: int) -> None:
        self._store = store
        self._messages = messages
        self._cache = ByteCache(cache_bytes)
        self._decoding = threading.Semaphore(AT_ONCE)

    def photograph(self, sha256: str, size: Size) -> bytes | None:
        """A JPEG of the image with this hash, upright; ``None`` where there is none to show."""
        return self._cache.get(f"{sha256}.{size}", lambda: self._shrink(sha256, size))

    def heat(self, name: str) -> bytes | None:
        """The PNG of the heat map with this name; ``None`` when its event is not to be had."""
        return self._cache.get(name, lambda: self._draw_heat(name))

    def _shrink(self, sha256: str, size: Size) -> bytes | None:
        width, height = BOX[size]
        try:
            with self._decoding:
                data = self._store.load(sha256)
                if data is None:
                    return None
                pixels = decode_at_least(data, width, height)
                shown = fit(pixels.shape[1], pixels.shape[0], width, height)
                small = resize(pixels, *shown)
                return bytes(simplejpeg.encode_jpeg(small, QUALITY[size], "RGB"))
        except (RefusedError, OSError):
            return None

    def _draw_heat(self, name: str) -> bytes | None:
        partition, _, rest = name.partition("-")
        offset, _, rest = rest.partition("-")
        label = rest.rpartition("-")[2]
        place = Place.parse(f"{partition}-{offset}")
        if place is None or not (label.isascii() and label.isdecimal()):
            return None
        message = self._messages.read(place)
        grids = heat_of(message) if message else None
        if grids is None or int(label) >= len(grids.peaks):
            return None
        # The digest in the name keeps an address of a topic that was deleted from showing this map.
        if heat_name(place, grids.cells, int(label)) != name:
            return None
        return heat_png(grids.grid(int(label)), grids.rows, grids.columns)


def heat_of(message: bytes) -> HeatGrids | None:
    """The heat grids in an event, if it has any."""
    try:
        outcome = decode_prediction(message).outcome
    except RefusedError:
        return None
    return outcome.heat if isinstance(outcome, Classification) else None


def fit(width: int, height: int, most_width: int, most_height: int) -> tuple[int, int]:
    """The largest size of the same shape within the box, and never larger than it is."""
    scale = min(1.0, most_width / width, most_height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
