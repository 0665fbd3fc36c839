"""The newest events as columns, in the topic's order, with their groups.

A function of the events and of what people said of them: the newest ``history`` events. Whether
they came one by one, all at once after a restart, or the older ones last, before the reviews or
after them, makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.feed.groups import Chain, Kind
from dashboard.feed.items import SHARES, Item, Order, Place
from dashboard.feed.rows import Rows, Words
from dashboard.feed.table import Codes, Kinds, Table
from dashboard.reviews.ledger import Events, Ledger, Mark
from schemas.events import SEVERITIES

Numbers = NDArray[np.intp]
"""Row numbers."""

NO_LABEL = -1
HASH_BYTES = 32
MOST_CODES = 1 << 16  # texts that a column of 16 bits can tell apart
MOST_CHAINS = 4096  # cameras; with more, those that have long been silent are let go of

COLUMNS: Kinds = {
    "appended_ms": (np.int64, ()),
    "partition": (np.int32, ()),
    "offset": (np.int64, ()),
    "at": (np.float64, ()),
    "severity": (np.uint8, ()),
    "behaviour": (np.uint16, ()),
    "source": (np.uint32, ()),
    "reason": (np.uint16, ()),
    "model": (np.uint16, ()),
    "confidence": (np.float64, ()),
    "latency_ms": (np.float64, ()),
    "review": (np.uint8, ()),
    # What a card needs beside.
    "shares": (np.float64, (SHARES,)),
    "image": (np.uint8, (HASH_BYTES,)),
    "heat": (np.uint32, ()),
    "label": (np.int16, ()),
    "detail": (np.object_, ()),
    # The image reference, by which people name the event; how new what they said of it is.
    "source_offset": (np.int64, ()),
    "acted": (np.int64, ()),
    # The group: the same for all its events, but for ``n``, the number of the event in it.
    "first": (np.int64, ()),
    "first_ms": (np.int64, ()),
    "since": (np.float64, ()),
    "n": (np.uint32, ()),
    # Of the row that stands for its group: the first event of it that is kept.
    "head": (np.bool_, ()),
    "latest": (np.int64, ()),
    "latest_ms": (np.int64, ()),
    "until": (np.float64, ()),
    "best": (np.float64, ()),
}
"""About 200 bytes an event."""

CODED = ("behaviour", "source", "reason", "model")
COUNTED = tuple(COLUMNS)[: list(COLUMNS).index("shares")]
OF_GROUP = ("latest", "latest_ms", "until", "best")


class Newest(NamedTuple):
    """The end of one partition."""

    offset: int
    appended_ms: int


class Index:
    """Not safe between threads: the hub holds a lock.

    Args:
        history: how many of the newest events are kept.
        ledger: what people have said; without it nobody has said anything.
    """

    def __init__(self, history: int, ledger: Ledger | None = None) -> None:
        self._history = history
        self.ledger = ledger or Ledger()
        self.newest: dict[int, Newest] = {}
        self.chains: dict[tuple[int, int], Chain] = {}
        self._dropped = 0
        self.table = Table(COLUMNS)
        self.codes = {name: Codes(MOST_CODES) for name in CODED}

    def __len__(self) -> int:
        return len(self.table)

    def ends(self) -> dict[int, int]:
        """The last offset per partition."""
        return {partition: newest.offset for partition, newest in self.newest.items()}

    # What comes in

    def add(self, item: Item) -> None:
        """Take the next event of its partition; one already taken changes nothing."""
        partition, offset = item.place
        newest = self.newest.get(partition)
        if newest and offset <= newest.offset:
            return
        # A broker's clock may be set back; within a partition the offset is the order.
        appended_ms = max(item.appended_ms, newest.appended_ms) if newest else item.appended_ms
        self.newest[partition] = Newest(offset, appended_ms)
        order = Order(appended_ms, partition, offset)
        codes = {name: self.codes[name].code(getattr(item, name)) for name in CODED}
        chain = self._chain(item, order, codes)
        row = self.position(order)
        mark = self.ledger.mark(partition, item.source_offset)
        self.table.insert(row, _values(item, order, codes, chain, mark))
        if chain.n > 1:
            self._extend(chain, row)
        self.trim()

    def _chain(self, item: Item, order: Order, codes: dict[str, int]) -> Chain:
        """The group that the event belongs to, with the event counted."""
        kind = Kind(SEVERITIES.index(item.severity), codes["behaviour"], codes["reason"])
        key = order.partition, codes["source"]
        chain = self.chains.get(key)
        if chain is None or not chain.goes_on(kind, item.at):
            chain = Chain(kind, item.at, order.offset, order.appended_ms, item.at, 0)
            self.chains[key] = chain
        chain.at = item.at
        chain.n += 1
        return chain

    def _extend(self, chain: Chain, row: int) -> None:
        """Tell the row that stands for the group of its new event."""
        table = self.table
        head = self.head(Order(chain.first_ms, int(table["partition"][row]), chain.first))
        if head is None:
            return
        table["head"][head] = True  # its first event, and all others, may have been let go
        table["latest"][head] = table["offset"][row]
        table["latest_ms"][head] = table["appended_ms"][row]
        table["until"][head] = max(table["until"][head], table["at"][row])
        table["best"][head] = max(table["best"][head], table["confidence"][row])

    # What people say

    def follow(self, ledger: Ledger) -> None:
        """Take what people have said from this ledger from now on."""
        self.ledger = ledger
        self.mark(ledger.events())

    def mark(self, changed: Iterable[Events]) -> None:
        """Learn anew what people have said of these events."""
        table = self.table
        for row in self.of_sources(changed):
            place = int(table["partition"][row]), int(table["source_offset"][row])
            table["review"][row], table["acted"][row] = self.ledger.mark(*place)

    # What goes out

    def trim(self) -> None:
        """Let go of the events beyond the newest ``history``."""
        extra = len(self.table) - self._history
        if extra <= 0:
            return
        for head in np.flatnonzero(self.table["head"][:extra]):
            self._hand_over(int(head), extra)
        self.table.drop(extra)
        self._dropped += extra
        if self._dropped >= self._history:
            self._dropped = 0
            self._forget_texts()
        if len(self.chains) > MOST_CHAINS:
            now = float(self.table["at"][-1])
            self.chains = {k: c for k, c in self.chains.items() if c.goes_on(c.kind, now)}

    def _hand_over(self, head: int, kept: int) -> None:
        """Let the first event that is kept stand for a group whose first one is not."""
        table = self.table
        last = self.row(Order(*(int(table[n][head]) for n in ("latest_ms", "partition", "latest"))))
        if last is None or last < kept:
            return
        mine = self._group_mask(int(table["partition"][head]), int(table["first"][head]))
        heir = kept + int(np.argmax(mine[kept:]))
        table["head"][heir] = True
        for name in OF_GROUP:
            table[name][heir] = table[name][head]

    def _forget_texts(self) -> None:
        """Let go of texts that no event has any more: cameras come and go."""
        news = {}
        for name, codes in self.codes.items():
            column, texts = self.table[name], codes.texts()
            kept = Codes(codes.most, (texts[code] for code in np.unique(column)))
            news[name] = kept.translated(texts)
            column[:] = news[name][column]
            self.codes[name] = kept
        self.chains = {
            (partition, int(news["source"][source])): chain.translated(news)
            for (partition, source), chain in self.chains.items()
            if news["source"][source] or not source
        }

    # Where things are

    def kind(self, row: int) -> Kind:
        """What the event of a row shares with its group."""
        table = self.table
        return Kind(*(int(table[name][row]) for name in ("severity", "behaviour", "reason")))

    def order(self, row: int) -> Order:
        """Where a row stands in the feed."""
        table = self.table
        return Order(*(int(table[name][row]) for name in ("appended_ms", "partition", "offset")))

    def position(self, order: Order) -> int:
        """How many rows stand before this order."""
        times = self.table["appended_ms"]
        if not len(times) or times[-1] < order.appended_ms:
            return len(times)
        low, high = np.searchsorted(times, (order.appended_ms, order.appended_ms + 1))
        partition = self.table["partition"][low:high]
        offset = self.table["offset"][low:high]
        before = (partition < order.partition) | (
            (partition == order.partition) & (offset < order.offset)
        )
        return int(low + np.count_nonzero(before))

    def row(self, order: Order) -> int | None:
        """The row of the event with this order; ``None`` when it is not kept."""
        row = self.position(order)
        return row if row < len(self) and self.order(row) == order else None

    def head(self, first: Order) -> int | None:
        """The row that stands for the group whose first event has this order."""
        row = self.row(first)
        if row is not None:
            return row
        rows = self.group(Place(first.partition, first.offset))
        return int(rows[0]) if len(rows) else None

    def group(self, first: Place) -> Numbers:
        """The rows of the group named by its first event, oldest first."""
        return np.flatnonzero(self._group_mask(*first))

    def find(self, place: Place) -> int | None:
        """The row of the event at this place."""
        at = (self.table["partition"] == place.partition) & (self.table["offset"] == place.offset)
        row = int(np.argmax(at)) if len(at) else 0
        return row if len(at) and at[row] else None

    def of_sources(self, named: Iterable[Events]) -> Numbers:
        """The rows of events named by their image references, oldest first."""
        offsets: dict[int, list[int]] = {}
        for partition, found in named:
            offsets.setdefault(partition, []).extend(found)
        meant = np.zeros(len(self), bool)
        for partition, wanted in offsets.items():
            mine = self.table["partition"] == partition
            meant |= mine & np.isin(self.table["source_offset"], wanted)
        return np.flatnonzero(meant)

    def _group_mask(self, partition: int, first: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.table["first"] == first) & (
            self.table["partition"] == partition
        )
        return found

    # What is told

    def rows(self, chosen: slice | Numbers = slice(None)) -> Rows:
        """The columns that counting and filtering need, of all or of these rows."""
        words = Words(**{f"{name}s": self.codes[name].texts() for name in CODED})
        return Rows(**{name: self.table[name][chosen] for name in COUNTED}, words=words)

    def item(self, row: int) -> Item:
        """The event of a row, without the reference's id, which is not kept."""
        table = self.table
        texts = {name: self.codes[name].text(int(table[name][row])) for name in CODED}
        place = Place(int(table["partition"][row]), int(table["offset"][row]))
        label, image = int(table["label"][row]), table["image"][row]
        heat = f"{place}-{int(table['heat'][row]):08x}-{label}" if label != NO_LABEL else ""
        return Item(
            place=place,
            appended_ms=int(table["appended_ms"][row]),
            at=float(table["at"][row]),
            severity=SEVERITIES[table["severity"][row]],
            latency_ms=float(table["latency_ms"][row]),
            confidence=float(table["confidence"][row]),
            shares=tuple(float(share) for share in table["shares"][row] if share > 0),
            image=image.tobytes().hex() if image.any() else "",
            heat=heat,
            detail=table["detail"][row] or "",
            source_offset=int(table["source_offset"][row]),
            **texts,
        )


def _values(
    item: Item, order: Order, codes: dict[str, int], chain: Chain, mark: Mark
) -> tuple[Any, ...]:
    """One row, in the order of ``COLUMNS``."""
    shares = (*item.shares, *(0.0,) * SHARES)[:SHARES]
    heat, label = _heat(item.heat)
    severity = SEVERITIES.index(item.severity)
    return (
        *(*order, item.at, severity, *codes.values(), item.confidence, item.latency_ms, mark.code),
        *(shares, _hash(item.image), heat, label, item.detail or None),
        *(item.source_offset, mark.rank),
        *(chain.first, chain.first_ms, chain.since, chain.n),
        *(chain.n == 1, order.offset, order.appended_ms, item.at, item.confidence),
    )


def _hash(image: str) -> NDArray[np.uint8]:
    """The bytes of a SHA-256; zeros for none, and for what is no hash."""
    try:
        found = bytes.fromhex(image)
    except ValueError:
        found = b""
    return np.frombuffer(found if len(found) == HASH_BYTES else bytes(HASH_BYTES), np.uint8)


def _heat(name: str) -> tuple[int, int]:
    """Digest and class of a heat map's name."""
    if not name:
        return 0, NO_LABEL
    digest, label = name.split("-")[-2:]
    return int(digest, 16), int(label)
