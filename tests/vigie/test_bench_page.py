"""``vigie bench --page``: what the browser drew, what was sent, what it cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from tests.requirements import require_chromium
from tests.vigie.cli import vigie
from transport.broker import Running
from transport.clients import Cluster
from vigie.bench.browser import find_chromium, open_browser
from vigie.bench.visitors import Visitor
from vigie.bench.wire import Update, most_per_second, updates_in

HISTORY = 300


@pytest.fixture(scope="module")
def report(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One short run on the run's broker."""
    require_chromium()
    words = ("bench", "--page", "--history", str(HISTORY), "--seconds", "3", "--pages", "4")
    finished = vigie(
        tmp_path_factory.mktemp("bench"),
        *(*words, "--json"),
        VIGIE_KAFKA__BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.kafka
@pytest.mark.browser
@pytest.mark.prove
def test_every_event_is_painted_once_published(report):
    assert report["drawn"] == report["published"] > 40


@pytest.mark.kafka
@pytest.mark.browser
@pytest.mark.prove
def test_the_page_is_told_at_most_four_times_a_second(report):
    assert 1 <= report["updates_per_second"] <= 4


@pytest.mark.kafka
@pytest.mark.browser
@pytest.mark.prove
def test_the_report_has_every_measure(report):
    assert report["history"] == HISTORY
    assert 0 < report["latency_p50_ms"] <= report["latency_p95_ms"]
    assert 0 < report["update_p50_bytes"] <= report["update_max_bytes"]
    assert 0 < report["update_wire_bytes"] < report["update_max_bytes"]
    assert min(report["first_view_ms"]["min"], report["pages_cores"], report["server_mib"]) > 0


@pytest.mark.kafka
@pytest.mark.browser
@pytest.mark.prove
def test_its_topics_are_gone(report, kafka):
    topics = Cluster(kafka.bootstrap_servers).admin().list_topics(timeout=10).topics

    assert [name for name in topics if name.startswith("vigie.bench-")] == []


def test_a_machine_without_chromium_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="apt-get install chromium"):
        find_chromium()


def test_an_installation_without_playwright_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)

    with pytest.raises(ConfigurationError, match="pip install playwright"), open_browser():
        pass


def told(page: str, text: str) -> dict[str, object]:
    payload = {"componentId": "wire-batch", "props": {"children": text}}
    return {"type": "set_props", "rendererId": page, "payload": payload}


def test_what_a_frame_brings_a_page_is_one_update_of_all_its_parts():
    question = {"type": "get_props_request", "rendererId": "a", "requestId": "1", "payload": {}}
    one, other = told("a", "x" * 10), told("b", "x" * 20)
    alone = updates_in(json.dumps(one), 1.0)[0].size

    found = updates_in(json.dumps([one, question, one, other]), 7.5)

    assert found == [Update(7.5, "a", 2 * alone), Update(7.5, "b", alone + 10)]


def test_the_updates_of_each_page_are_counted_by_the_second():
    updates = [Update(at, page, 1) for at, page in ((1.0, "a"), (1.9, "a"), (1.5, "b"), (2.0, "a"))]

    assert most_per_second(updates) == 2
    assert most_per_second([]) == 0


def batch(after: str | None, cursor: str, *cards: str) -> dict[str, object]:
    text = {"after": after, "cursor": cursor, "query": "", "cards": [[0, one] for one in cards]}
    return {"componentId": "wire-batch", "props": {"children": json.dumps(text)}}


def test_a_visitor_reads_on_as_a_page_does():
    visitor = Visitor()

    visitor.take(batch(None, "log/0-4", "0-2", "0-4"))
    visitor.take(batch(None, "log/0-4", "0-9"))  # repeated: not for us
    visitor.take({"componentId": "wire-pulse", "props": {"children": "{}"}})

    assert visitor.standing() == {"cursor": "log/0-4", "query": "", "paused": False}
    assert visitor.cards == {"0-2", "0-4"}
