"""What a page wants to see, and its one spelling: the query string of the address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from dashboard.items import SEVERITIES, Item

MOST_WORDS = 64  # of one filter, and their length: an address is text from outside


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """An empty part lets everything through."""

    severity: str = ""
    behaviours: tuple[str, ...] = ()
    source: str = ""

    @classmethod
    def from_query(cls, query: str | None) -> FeedFilter:
        """Read a query string; what is unknown is ignored, so that an old link still opens."""
        values = parse_qs((query or "")[:4096].lstrip("?"))
        severity = values.get("severity", [""])[0]
        behaviours = {word[:MOST_WORDS] for word in values.get("behaviour", [])}
        return cls(
            severity=severity if severity in SEVERITIES else "",
            behaviours=tuple(sorted(behaviours)[:MOST_WORDS]),
            source=values.get("source", [""])[0][:200],
        )

    def to_query(self) -> str:
        """The same filter as a query string, always spelt the same way."""
        pairs = [
            ("severity", self.severity),
            *(("behaviour", word) for word in self.behaviours),
            ("source", self.source),
        ]
        kept = [(key, value) for key, value in pairs if value]
        return f"?{urlencode(kept)}" if kept else ""

    def accepts(self, item: Item) -> bool:
        """Whether the item is wanted."""
        return (
            (not self.severity or item.severity == self.severity)
            and (not self.behaviours or item.behaviour in self.behaviours)
            and (not self.source or item.source == self.source)
        )


EVERYTHING = FeedFilter()
