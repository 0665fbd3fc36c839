"""How far a page has read: a position in the topic, so that it outlives the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.feed.items import Place

LONGEST = 4096  # text from outside; a topic of a hundred partitions stays below


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last offset seen per partition, in the log with this id.

    A topic deleted and created anew has another id, so an old cursor is recognised instead of
    hiding new events.
    """

    log: str
    offsets: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: object) -> Cursor | None:
        """The cursor written as ``log/partition-offset,...``; ``None`` for anything else."""
        if not isinstance(text, str) or len(text) > LONGEST:
            return None
        log, slash, rest = text.rpartition("/")
        places = [Place.parse(part) for part in rest.split(",") if part]
        if not slash or None in places:
            return None
        return cls(log, {place.partition: place.offset for place in places if place})

    def __str__(self) -> str:
        places = (str(Place(p, o)) for p, o in sorted(self.offsets.items()))
        return f"{self.log}/{','.join(places)}"

    def is_before(self, place: Place) -> bool:
        """Whether the event at ``place`` came after this cursor."""
        return place.offset > self.offsets.get(place.partition, -1)
