"""The charts of the statistics: a view in, a figure for Plotly out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

from babel import numbers

from dashboard.feed.latency import Latency
from dashboard.statistics.bars import (
    behaviour_bars,
    confidence_bars,
    reason_bars,
    source_bars,
    time_bars,
)
from dashboard.statistics.chart_parts import (
    Figure,
    Trace,
    between,
    figure,
    intervals,
    label,
    line,
    lying,
    plain,
    standing,
)
from dashboard.statistics.counts import CONFIDENCE_STEP, HOURS
from dashboard.statistics.palette import COLOURS
from dashboard.statistics.rates import precision_rates, source_rates
from dashboard.statistics.telling import (
    View,
    clock,
    day,
    duration,
    hour_link,
    hour_span,
    percent,
)
from schemas.events import SEVERITIES

MOST_SOURCES = 12  # cameras in the chart; its table has more
TICKS = 5  # times under a chart: as many as stand side by side on a phone
FEW_TICKS = 4  # under a third of the page
DAYS_TOLD = 36 * 3600  # from here on times of day repeat: days are told instead
SECONDS_FROM = 10_000  # milliseconds that are told as seconds


def per_behaviour(view: View) -> Figure:
    """Classified events per class, split by severity."""
    return lying(view, behaviour_bars(view), ("infraction", "check", "normal"))


def per_source(view: View) -> Figure:
    """Events per camera, split by severity."""
    return lying(view, source_bars(view)[:MOST_SOURCES], SEVERITIES)


def per_reason(view: View) -> Figure:
    """Failures per reason."""
    return lying(view, reason_bars(view), ("failure",))


def source_shares(view: View) -> Figure:
    """Share of infractions per camera, with its interval."""
    return intervals(view, source_rates(view)[:MOST_SOURCES], "infraction")


def precision(view: View) -> Figure:
    """Share of verdicts found right per class, with its interval."""
    return intervals(view, precision_rates(view), "bar")


def over_time(view: View) -> Figure:
    """Events per column of the period, split by severity."""
    return standing(view, time_bars(view), SEVERITIES, _time_axis(view))


def over_confidence(view: View) -> Figure:
    """Classified events per share of certainty, split by severity."""
    marks = (0, 25, 50, 75, 100)
    axis = {
        "tickvals": [mark / CONFIDENCE_STEP - 0.5 for mark in marks],
        "ticktext": [percent(view.t, mark / 100) for mark in marks],
        "range": [-0.5, 100 / CONFIDENCE_STEP - 0.4],
    }
    return standing(view, confidence_bars(view), ("infraction", "check", "normal"), axis)


def over_hours(view: View) -> Figure:
    """Classified events per class and hour of the reader's day, classes as the job lists them."""
    known = view.now.hours
    keys = [key for key in dict.fromkeys((*view.names, *known)) if key in known][::-1]
    links = [[_cell_link(view, key, hour) for hour in range(HOURS)] for key in keys]
    colours = COLOURS[view.scheme]
    trace: Trace = {
        "type": "heatmap",
        # Roots, so that a rare class is seen beside the usual one.
        "z": [[math.sqrt(count) for count in known[key]] for key in keys],
        "x": list(range(HOURS)),
        "y": [label(view.name(key)) for key in keys],
        "text": [[_compact(view, count) for count in known[key]] for key in keys],
        "texttemplate": "%{text}",
        "textfont": {"size": 10.5, "color": colours["ink"]},
        "customdata": links,
        "hovertext": [[_cell_words(view, key, hour) for hour in range(HOURS)] for key in keys],
        "hoverinfo": "text",
        "xgap": 2,
        "ygap": 2,
        "zmin": 0,
        "colorscale": [[0, colours["sunk"]], [1, between(colours["sunk"], colours["bar"])]],
        "showscale": False,
    }
    drawn = figure(view, [trace], hovermode="closest")
    drawn["layout"]["xaxis"] = {
        "tickvals": list(range(0, HOURS, 3)),
        "ticktext": [hour_span(view.t, hour).split(" – ")[0] for hour in range(0, HOURS, 3)],
    }
    drawn["layout"]["yaxis"] = {"showgrid": False, "ticksuffix": "  ", "type": "category"}
    return drawn


def _cell_link(view: View, key: str, hour: int) -> str:
    return hour_link(view, key, hour) if key and view.now.hours[key][hour] else ""


def _cell_words(view: View, key: str, hour: int) -> str:
    count = view.now.hours[key][hour]
    said = [plain(view.name(key)), hour_span(view.t, hour), view.t.number(count)]
    if view.before:
        before = view.before.hours.get(key, (0,) * HOURS)[hour]
        said.append(view.t("before: {n}").replace("{n}", view.t.number(before)))
    return " · ".join(said)


def _compact(view: View, count: int) -> str:
    if not count:
        return ""
    digits = 1 if 1000 <= count < 10_000 else 0
    return str(
        numbers.format_compact_decimal(count, locale=view.t.language, fraction_digits=digits)
    )


def latency_over_time(view: View) -> Figure:
    """Median and 95th percentile of each column, and the 95th of the period before."""
    colours, t, now = COLOURS[view.scheme], view.t, view.now.latencies
    scale = _latency_scale(now)
    bars = time_bars(view)
    traces = [
        line(t("p95"), _quantiles(now, "p95", scale), colours["check"], bars),
        line(t("p50"), _quantiles(now, "p50", scale), colours["bar"], bars),
    ]
    if view.before:
        before = _quantiles(view.before.latencies, "p95", scale)
        trace = line(t("p95 before"), before, colours["dim"], bars, dash="dot")
        trace["line"] |= {"width": 1}
        traces.append({**trace, "mode": "lines"})
    for trace in traces:
        trace["text"] = ["" if ms is None else duration(t, ms * scale) for ms in trace["y"]]
        trace["hovertemplate"] = "%{text}"
    drawn = figure(view, traces, hovermode="x unified")
    drawn["layout"]["xaxis"] = _time_axis(view, FEW_TICKS) | _TITLE
    unit = " ms" if scale == 1 else " s"
    drawn["layout"]["yaxis"] = {"ticksuffix": unit, "rangemode": "tozero"}
    return drawn


_TITLE = {"unifiedhovertitle": {"text": "%{hovertext}"}}


def _latency_scale(latencies: Sequence[Latency | None]) -> int:
    """Milliseconds of one unit of the axis."""
    slowest = max((latency.p95 for latency in latencies if latency), default=0.0)
    return 1000 if slowest > SECONDS_FROM else 1


def _quantiles(latencies: Sequence[Latency | None], name: str, scale: int) -> list[float | None]:
    return [round(getattr(known, name) / scale, 3) if known else None for known in latencies]


def _time_axis(view: View, ticks: int = TICKS) -> dict[str, Any]:
    """Round times under columns that are numbered."""
    edges = view.found.edges
    places = list(enumerate(edges))[1:-1] or [(0, edges[0])]
    tell: Callable[..., str] = clock
    if edges[-1] - edges[0] > DAYS_TOLD:
        tell = day
        places = [(n, at) for n, at in places if _is_midnight(view, at)] or places
    shown = places[:: math.ceil(len(places) / ticks)]
    return {
        "tickvals": [n - 0.5 for n, _ in shown],
        "ticktext": [tell(view.t, at) for _, at in shown],
        "range": [-0.5, len(edges) - 1.5],
    }


def _is_midnight(view: View, at: int) -> bool:
    when = dt.datetime.fromtimestamp(at, view.t.zone)
    return when.hour == 0 and when.minute == 0
