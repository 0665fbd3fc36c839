"""Each chart as a table, whose rows lead to the feed: for the keyboard and to be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.statistics.bars import (
    Bar,
    behaviour_bars,
    confidence_bars,
    reason_bars,
    source_bars,
    time_bars,
)
from dashboard.statistics.counts import HOURS, Kinds
from dashboard.statistics.rates import Rate, precision_rates, source_rates
from dashboard.statistics.telling import View, duration, hour_link, hour_span, rise
from dashboard.texts import severities

MOST_ROWS = 300  # of cameras: more would be a list to search in, not to read


def behaviours(view: View) -> Component:
    """Classes."""
    return _bars(view, view.t("Behaviour"), behaviour_bars(view))


def sources(view: View) -> Component:
    """Cameras."""
    return _bars(view, view.t("Camera"), source_bars(view)[:MOST_ROWS])


def source_shares(view: View) -> Component:
    """Cameras, the surely highest share of infractions first."""
    heads = (view.t("Camera"), view.t("Infractions"), view.t("Verdicts"))
    return _rates(view, heads, source_rates(view)[:MOST_ROWS])


def precision(view: View) -> Component:
    """Classes that people have judged, the surely worst first."""
    heads = (view.t("Behaviour"), view.t("Found right"), view.t("Reviewed"))
    return _rates(view, heads, precision_rates(view))


def reasons(view: View) -> Component:
    """Reasons of failures."""
    rows = [_counted(view, bar, ()) for bar in reason_bars(view)]
    return _table([view.t("Reason"), *_last_heads(view)], rows)


def time(view: View) -> Component:
    """Columns of the period, newest first."""
    return _bars(view, view.t("Time"), time_bars(view)[::-1])


def confidence(view: View) -> Component:
    """Shares of certainty, surest first."""
    return _bars(view, view.t("Confidence"), confidence_bars(view)[::-1])


def hours(view: View) -> Component:
    """Class and hour of day, most events first; what never happened is left out."""
    cells = [
        (count, key, hour)
        for key, counts in view.now.hours.items()
        for hour, count in enumerate(counts)
        if count
    ]
    before = view.before.hours if view.before else None
    rows = []
    for count, key, hour in sorted(cells, key=lambda cell: (-cell[0], cell[1:])):
        was = before.get(key, (0,) * HOURS)[hour] if before is not None else None
        kinds: Kinds = (count,)
        bar = Bar(view.name(key), hour_link(view, key, hour) if key else "", kinds, was)
        rows.append(_counted(view, bar, (hour_span(view.t, hour),)))
    return _table([view.t("Behaviour"), view.t("Hour"), *_last_heads(view)], rows)


def latency(view: View) -> Component:
    """Quantiles of each column that has any, newest first."""
    rows = [
        [
            html.A(bar.name, href=bar.link),
            duration(view.t, known.p50),
            duration(view.t, known.p95),
            view.t.number(known.events),
        ]
        for bar, known in zip(time_bars(view), view.now.latencies, strict=True)
        if known
    ]
    heads = [view.t("Time"), view.t("p50"), view.t("p95"), view.t("Events")]
    return _table(heads, rows[::-1])


def _bars(view: View, what: str, bars: Sequence[Bar]) -> Component:
    rows = [_counted(view, bar, [view.t.number(count) for count in bar.kinds]) for bar in bars]
    return _table([what, *severities(view.t).values(), *_last_heads(view)], rows)


def _rates(view: View, heads: Sequence[str], rates: Sequence[Rate]) -> Component:
    rows = [
        [
            html.A(rate.name, href=rate.link) if rate.link else rate.name,
            view.t.number(rate.some),
            view.t.number(rate.events),
            *rate.words(view),
        ]
        for rate in rates
    ]
    return _table([*heads, view.t("Share"), view.t("95% interval")], rows)


def _last_heads(view: View) -> list[str]:
    heads = [view.t("Events")]
    return [*heads, view.t("Before"), view.t("Change")] if view.before else heads


def _counted(view: View, bar: Bar, between: Sequence[str]) -> list[Any]:
    name = html.A(bar.name, href=bar.link) if bar.link else bar.name
    cells = [name, *between, view.t.number(bar.events)]
    if bar.before is None:
        return cells
    risen = rise(view.t, bar.events, bar.before, bar.before)
    return [*cells, view.t.number(bar.before), risen or "–"]


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    head = html.Tr([html.Th(title, scope="col") for title in heads])
    body = [
        html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell) for cell in row[1:])])
        for row in rows
    ]
    return html.Table([html.Thead(head), html.Tbody(body)], className="counts num")
