"""What every chart of the statistics is made of: figures, lines, bars that lie and that stand.

Figures are plain dictionaries: Plotly's own classes check each value, at ten times the cost. Where
a bar leads is its ``customdata``; ``assets/55-statistics.js`` follows it.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.shell import FONT
from dashboard.statistics.bars import Bar
from dashboard.statistics.palette import COLOURS, Colours
from dashboard.statistics.rates import Rate
from dashboard.statistics.telling import View, percent, rise
from dashboard.texts import severities
from schemas.events import SEVERITIES, Severity

Figure = dict[str, Any]
Trace = dict[str, Any]

NAME_LENGTH = 19  # letters of a name beside its bar before it takes a second line: fits a phone
MARGIN = {"l": 4, "r": 20, "t": 8, "b": 4}  # to the right: half of the last time under a chart
FEWEST = 5  # bars that a chart has room for: a single one must not fill it
ROOM = 96  # pixels for the number after the longest bar, and its change
SHARE_ROOM = 120  # the same for a share and of how many


def lying(view: View, bars: Sequence[Bar], kinds: Sequence[Severity]) -> Figure:
    """Bars from left to right, the first on top, each with its number and its change."""
    rows = bars[::-1]
    shared = {"y": [label(bar.name) for bar in rows], "customdata": [bar.link for bar in rows]}
    traces = [{**shared, **_part(view, kind, rows, "x"), "orientation": "h"} for kind in kinds]
    ends = [max(bar.events, bar.before or 0) for bar in rows]
    if view.before:
        traces.append({**shared, **_ticks_before(view, rows)})
    traces.append({**shared, **_after(view, ends, [_number(view, bar) for bar in rows])})
    drawn = figure(view, traces, hovermode="y unified", barmode="stack", bargap=0.34)
    drawn["layout"]["xaxis"] = {"visible": False, "range": [0, max(ends, default=0) or 1]}
    drawn["layout"]["margin"] = MARGIN | {"r": ROOM}
    drawn["layout"]["yaxis"] = _name_axis(len(rows))
    return drawn


def _name_axis(rows: int) -> Trace:
    """Names from the top down, with room for a few more."""
    return {
        "type": "category",
        "range": [rows - max(rows, FEWEST) - 0.5, rows - 0.5],
        "showgrid": False,
        "ticksuffix": "  ",
    }


def intervals(view: View, rates: Sequence[Rate], colour: str) -> Figure:
    """A point and its interval per share, the first on top; in words where events are too few."""
    rows = rates[::-1]
    ends = [rate.high if rate.share is not None else 0.0 for rate in rows]
    shared = {"y": [label(rate.name) for rate in rows], "customdata": [rate.link for rate in rows]}
    points = {
        **shared,
        "type": "scatter",
        "mode": "markers",
        "x": [rate.share for rate in rows],
        "error_x": _ends(view, rows),
        "marker": {"size": 9, "color": COLOURS[view.scheme][colour]},
        "text": [" · ".join(rate.words(view)) for rate in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }
    numbers = {**shared, **_after(view, ends, [_share_words(view, rate) for rate in rows])}
    drawn = figure(view, [points, numbers], hovermode="closest")
    top = max(ends, default=0.0) or 1.0
    drawn["layout"]["xaxis"] = {"tickformat": ".0%", "range": [0, top], "nticks": 3}
    drawn["layout"]["margin"] = MARGIN | {"r": SHARE_ROOM}
    drawn["layout"]["yaxis"] = _name_axis(len(rows)) | {"showgrid": True}
    return drawn


def _ends(view: View, rows: Sequence[Rate]) -> Trace:
    """How far the intervals reach beyond their points."""

    def beyond(rate: Rate, end: float) -> float:
        return abs(end - rate.share) if rate.share is not None else 0.0

    return {
        "type": "data",
        "symmetric": False,
        "array": [beyond(rate, rate.high) for rate in rows],
        "arrayminus": [beyond(rate, rate.low) for rate in rows],
        "color": COLOURS[view.scheme]["dim"],
        "thickness": 1.5,
        "width": 5,
    }


def _share_words(view: View, rate: Rate) -> str:
    events = view.t.number(rate.events)
    if rate.share is None:
        said = view.t("too few: {some} of {n}").replace("{some}", view.t.number(rate.some))
        return f" {said.replace('{n}', events)}"
    said = view.t("of {n}").replace("{n}", events)
    return f" <b>{percent(view.t, rate.share)}</b> {said}"


def _part(view: View, kind: Severity, bars: Sequence[Bar], axis: str) -> Trace:
    """The parts of all bars that have one severity."""
    return {
        "type": "bar",
        "name": severities(view.t)[kind],
        axis: [bar.kinds[SEVERITIES.index(kind)] for bar in bars],
        "marker": {"color": _shades(view)[kind]},
        "hovertemplate": f"%{{{axis}:,d}}",
    }


def _ticks_before(view: View, bars: Sequence[Bar]) -> Trace:
    """A stroke where each bar ended in the period before."""
    stroke = {"width": 2, "color": COLOURS[view.scheme]["ink"]}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": view.t("Before"),
        "x": [bar.before for bar in bars],
        "marker": {"symbol": "line-ns", "size": 16, "line": stroke},
        "hovertemplate": "%{x:,d}",
    }


def _after(view: View, ends: Sequence[float], texts: Sequence[str]) -> Trace:
    """What is said of each row after its end: a label of the last part would move with it."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(ends),
        "text": list(texts),
        "textposition": "middle right",
        "textfont": {"color": COLOURS[view.scheme]["ink"]},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _number(view: View, bar: Bar) -> str:
    risen = rise(view.t, bar.events, bar.before, bar.before) if bar.before is not None else ""
    counted = f" <b>{view.t.number(bar.events)}</b>"
    return f"{counted}  {risen}" if risen else counted


def standing(
    view: View, bars: Sequence[Bar], kinds: Sequence[Severity], axis: Mapping[str, Any]
) -> Figure:
    """Columns from below, and a dotted line of what stood there in the period before."""
    shared = _told(bars)
    traces = [{**shared, **_part(view, kind, bars, "y")} for kind in kinds]
    if view.before:
        before = [bar.before for bar in bars]
        trace = line(view.t("Before"), before, COLOURS[view.scheme]["dim"], bars, dash="dot")
        trace["line"] |= {"width": 1.5, "shape": "hvh"}
        traces.append({**trace, "mode": "lines", "hovertemplate": "%{y:,d}"})
    drawn = figure(view, traces, hovermode="x unified", barmode="stack", bargap=0.14)
    drawn["layout"]["xaxis"] = {**axis, "unifiedhovertitle": {"text": "%{hovertext}"}}
    return drawn


def line(
    name: str,
    values: Sequence[float | None],
    colour: str,
    bars: Sequence[Bar],
    dash: str = "solid",
) -> Trace:
    """A value per column; where there is none, the line is broken."""
    return {
        **_told(bars),
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "y": list(values),
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 3.5},
        "connectgaps": False,
    }


def _told(bars: Sequence[Bar]) -> Trace:
    return {
        "x": list(range(len(bars))),
        "hovertext": [bar.name for bar in bars],
        "customdata": [bar.link for bar in bars],
    }


def plain(text: str) -> str:
    """Text that Plotly shows as it is: it would take ``<b>`` for bold."""
    return html.escape(text, quote=False)


def label(name: str) -> str:
    """A name beside its bar, in two lines at most."""
    lines = textwrap.wrap(name, NAME_LENGTH, max_lines=2, placeholder="…")
    return "<br>".join(map(plain, lines))


def between(one: str, other: str) -> str:
    """The colour half-way: on the full one, a number in ink could not be read."""
    pairs = ((int(one[n : n + 2], 16), int(other[n : n + 2], 16)) for n in (1, 3, 5))
    return "#" + "".join(f"{(a + b) // 2:02x}" for a, b in pairs)


def _shades(view: View) -> Colours:
    """The colours of the scheme; the usual stands back, so that the rest is seen."""
    colours = COLOURS[view.scheme]
    red, green, blue = (int(colours["normal"][n : n + 2], 16) for n in (1, 3, 5))
    return {**colours, "normal": f"rgba({red},{green},{blue},0.55)"}


def figure(view: View, traces: Sequence[Trace], **layout: Any) -> Figure:
    """Traces in the scheme's template and the language's numbers."""
    return {
        "data": list(traces),
        "layout": {
            "template": TEMPLATES[view.scheme],
            "separators": ",\u202f" if view.t.language == "fr" else ".,",
            **layout,
        },
    }


def template(colours: Colours) -> dict[str, Any]:
    """What the figures of one scheme share."""
    axis = {
        "gridcolor": colours["line"],
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "tickangle": 0,
        "ticks": "",
        "ticklabelstandoff": 6,
    }
    box = {"family": FONT, "size": 12.5, "color": colours["ink"]}
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": MARGIN,
        "font": {"family": FONT, "size": 12, "color": colours["dim"]},
        "hoverlabel": {"bgcolor": colours["ground"], "bordercolor": colours["line"], "font": box},
        "dragmode": False,
        "barcornerradius": 2,
        "showlegend": False,  # ours is HTML: it wraps, and takes no room from the chart
        "xaxis": axis | {"showgrid": False},
        "yaxis": axis | {"tickformat": ","},
    }
    return {"layout": layout}


TEMPLATES = {scheme: template(colours) for scheme, colours in COLOURS.items()}
