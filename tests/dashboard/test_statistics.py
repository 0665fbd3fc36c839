"""Counts and charts over a period."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.i18n import translator
from dashboard.pages import charts
from dashboard.pages.statistics import period
from dashboard.statistics import summarise
from model.driver.labels import BEHAVIOURS
from tests.dashboard.kit import FAILED, item, seen

ITEMS = [item(n, FAILED if n % 10 == 9 else None, source=f"cabin-0{n % 2}") for n in range(100)]
FRENCH = translator("fr")


@given(st.integers(0, 99), st.integers(1, 100))
def test_a_summary_counts_each_event_of_its_period_once(first: int, length: int) -> None:
    start, end = ITEMS[first].at, ITEMS[first].at + length
    within = [found for found in ITEMS if start <= found.at < end]
    summary = summarise(ITEMS, start, end)
    assert summary.events == len(within)
    assert sum(summary.columns.values()) == len(within)
    assert sum(summary.sources.values()) == len(within)
    assert sum(summary.behaviours.values()) + sum(summary.reasons.values()) == len(within)


def test_all_that_is_kept_is_counted_when_no_period_is_chosen() -> None:
    assert summarise(ITEMS, *period(ITEMS, "all", ITEMS[50].at)).events == len(ITEMS)


def test_the_last_ten_minutes_are_the_last_ten_minutes() -> None:
    start, _ = period(ITEMS, "10", ITEMS[-1].at)
    assert start == ITEMS[-1].at - 600


def test_the_latency_is_told_by_its_median_and_its_95th_percentile() -> None:
    latency = summarise(ITEMS, *period(ITEMS, "all", 0)).latency
    assert latency == pytest.approx({"p50": 24.5, "p95": 29.0}, abs=0.1)


@pytest.mark.parametrize("items", [ITEMS, []])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_can_be_drawn_even_of_nothing(items: list[object], scheme: str) -> None:
    found = summarise(ITEMS if items else [], *period(ITEMS if items else [], "all", 1e9))
    figures = (
        charts.per_behaviour(FRENCH, found, BEHAVIOURS, scheme),
        charts.per_source(FRENCH, found, "inconnue", scheme),
        charts.over_time(FRENCH, found, scheme),
        charts.latencies(FRENCH, found, scheme),
    )
    assert all(figure.data for figure in figures)


def test_the_chart_of_behaviours_shows_the_counts_in_the_language() -> None:
    found = summarise([item(n, seen(6)) for n in range(3)], 0, 1e10)
    bars = charts.per_behaviour(FRENCH, found, BEHAVIOURS, "light").data[0]
    assert (bars.y[-1], bars.x[-1]) == ("Boisson ou nourriture", 3)
