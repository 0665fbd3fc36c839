"""``vigie bench --archive``: its questions can be asked, and its figures can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from storage.database.settings import DatabaseSettings
from storage.database.tables import Event
from tests.storage.databases import column, opened
from vigie.bench.archive import (
    ARCHIVE,
    ArchiveReport,
    DatabaseReport,
    Question,
    ask_all,
    load,
)
from vigie.bench.machine import Machine

MACHINE = Machine("a processor", 2, 8.0, "Linux 6.1", "3.11")


def test_every_question_is_answered_from_made_up_events(tmp_path: Path) -> None:
    with opened(DatabaseSettings(), tmp_path) as database:
        load(database, 300)
        answered = list(ask_all(database, times=2))

        assert column(database, Event, "source_offset") == list(range(300))
    assert len(answered) > 10
    assert all(0 < one.p50_ms <= one.p95_ms for one in answered)


def test_databases_stand_beside_each_other() -> None:
    asked = (Question("page of 50", 1.0, 2.5),)
    databases = tuple(
        DatabaseReport(name, 5000, 900, asked, 10_000, 0.3, 0.812)
        for name in ("SQLite", "PostgreSQL")
    )
    report = ArchiveReport(MACHINE, 1_000_000, databases)

    assert report.columns() == ("1,000,000 events", "SQLite", "PostgreSQL", "aim")
    assert {len(line) for line in report.lines()} == {4}
    assert report.lines()[0] == ("page of 50", *["1.0 / 2.5 ms"] * 2, "100 ms")
    assert report.lines()[1][1] == "0.30 / 0.81 s"
    told = report.markdown(datetime(2026, 11, 21, tzinfo=UTC))
    assert told.startswith("Measured by `vigie bench --archive --events 1000000` on 2026-11-21")
    assert ARCHIVE.begin == "<!-- archive: written by `vigie bench --archive` -->"
