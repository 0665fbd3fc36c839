"""``/api/export``: the events under a filter with what people said of them, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Response
from starlette.responses import StreamingResponse

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item
from dashboard.feed.listing import Orders
from dashboard.guard import Refusal
from dashboard.reviews.cards import of_event
from dashboard.reviews.ledger import Ledger

AT_ONCE = 200
"""Events written at a time: 5 ms in which nobody else is answered."""

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Tells spreadsheets that the file is UTF-8."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run: OWASP, CSV Injection."""

KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
"""What a period from an address may name; years have four digits."""

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

COLUMNS = (
    *("time", "camera", "severity", "class", "confidence", "reason", "model", "image_sha256"),
    *("place", "review", "corrected_to", "reviewer", "reviewed_at", "note"),
)

Row = Mapping[str, str | float | None]


def add_export_route(server: FastAPI, hub: Hub, job: str, clock: Callable[[], float]) -> None:
    """``GET`` gives single events, newest first, as many as the window holds.

    Args:
        server: the site.
        hub: has the events and their reviews.
        job: whose events; part of the file's name.
        clock: seconds since 1970, for a filter of the last so many seconds.
    """

    @server.get("/api/export")
    def export(query: str = "", format: str = "csv") -> Response:  # noqa: A002 - word of the address
        if format not in KINDS:
            raise Refusal(
                400, "wrong_value", f"{format[:100]!r} is no format of an export: csv or json."
            )
        wanted = FeedFilter.from_query(query)
        orders = hub.orders(wanted)
        write = as_csv if format == "csv" else as_json
        name = f"{file_name(job, wanted, orders, clock())}.{format}"
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        parts = write(rows(hub, orders))
        return StreamingResponse(parts, media_type=KINDS[format], headers=headers)


def rows(hub: Hub, orders: Orders) -> Iterator[list[Row]]:
    """The rows of these events, some at a time, without what the window lets go of meanwhile."""
    for start in range(0, len(orders), AT_ONCE):
        items = hub.items(orders[start : start + AT_ONCE])
        yield [row_of(item, hub.ledger) for item in items]


def row_of(item: Item, ledger: Ledger) -> Row:
    """One event by its column names. Times are UTC."""
    review = of_event(ledger, item)
    return {
        "time": _iso(item.at),
        "camera": item.source,
        "severity": item.severity,
        "class": item.behaviour,
        "confidence": round(item.confidence, 6) if item.behaviour else None,
        "reason": item.reason,
        "model": item.model,
        "image_sha256": item.image,
        "place": str(item.place),
        "review": review["state"] if review else "",
        "corrected_to": (review["label"] if review else None) or "",
        "reviewer": review["by"] if review else "",
        "reviewed_at": _iso(review["at"]) if review and review["at"] else "",
        "note": review["note"] if review else "",
    }


def as_csv(parts: Iterator[list[Row]]) -> Iterator[bytes]:
    """RFC 4180, in UTF-8 with a mark at its beginning."""
    yield (BOM + _lines([COLUMNS])).encode()
    for part in parts:
        yield _lines([[_cell(row[name]) for name in COLUMNS] for row in part]).encode()


def as_json(parts: Iterator[list[Row]]) -> Iterator[bytes]:
    """One array, an event on each line."""
    begins = "[\n"
    for part in parts:
        for row in part:
            yield (begins + json.dumps(row, ensure_ascii=False)).encode()
            begins = ",\n"
    yield (("" if begins == ",\n" else "[") + "\n]\n").encode()


def file_name(job: str, wanted: FeedFilter, orders: Orders, now: float) -> str:
    """Job and period, without suffix, in signs that every file system takes.

    Args:
        job: whose events.
        wanted: its period, if it has one; otherwise that of the events is named.
        orders: of the events, newest first.
        now: seconds since 1970.
    """
    start = now - wanted.last if wanted.last else wanted.start
    end = now if wanted.last else wanted.end
    if start is None and len(orders):
        start = orders[-1][0] / 1e3
    if end is None:
        end = orders[0][0] / 1e3 if len(orders) else now
    period = [_stamp(moment) for moment in (start, end) if moment is not None]
    return UNSAFE.sub("-", "-".join(("vigie", job, *period)))[:200]


def _lines(cells: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(cells)
    return text.getvalue()


def _cell(value: str | float | None) -> str | float | None:
    """Text that a spreadsheet would take for a formula is made plain text; a number stays one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def _stamp(moment: float) -> str:
    told = datetime.fromtimestamp(min(max(moment, 0), LAST), UTC)
    return told.strftime("%Y%m%dT%H%M%SZ")
