"""The charts of the statistics: a summary in, a Plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.components.shell import FONT
from dashboard.i18n import Translator
from dashboard.items import SEVERITIES
from dashboard.statistics import COLUMNS, Summary
from dashboard.texts import behaviours, severities
from model.labels import Label

Colours = Mapping[str, str]

COLOURS: dict[str, Colours] = {
    "light": {
        "infraction": "#e5484d",
        "check": "#e79d13",
        "normal": "#9ccfb2",
        "failure": "#8a90a0",
        "ink": "#5a606c",
        "line": "#e8e8ec",
        "bar": "#4c5fd5",
    },
    "dark": {
        "infraction": "#f2555a",
        "check": "#f0ad33",
        "normal": "#2c6a48",
        "failure": "#6f7686",
        "ink": "#a0a6b2",
        "line": "#262a32",
        "bar": "#8494ff",
    },
}
"""The colours of ``assets/10-base.css``, which Plotly cannot read."""

LATENCY_BARS = 24
SLOWEST_SHARE = 0.99
"""One straggler of minutes (an image that waited for its worker) would press all others into one
bar: the slowest hundredth stands in the last."""


def per_behaviour(t: Translator, found: Summary, labels: Sequence[Label], scheme: str) -> go.Figure:
    """Classified events per behaviour, most frequent on top."""
    names = behaviours(t, labels)
    counted = {key: found.behaviours[key] for key in names} | dict(found.behaviours)
    rows = sorted((count, names.get(key, key)) for key, count in counted.items())
    figure = go.Figure(
        go.Bar(
            x=[count for count, _ in rows],
            y=[name for _, name in rows],
            orientation="h",
            marker_color=COLOURS[scheme]["bar"],
            text=[t.number(count) for count, _ in rows],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y} · %{text}<extra></extra>",
        )
    )
    _style(t, figure, scheme)
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(showgrid=False, ticksuffix="  ")


def per_source(t: Translator, found: Summary, unknown: str, scheme: str) -> go.Figure:
    """Events per camera, split by severity."""
    sources = sorted({source for source, _ in found.sources}, reverse=True)
    shown = [source or unknown for source in sources]
    figure = go.Figure(
        [
            go.Bar(
                x=[found.sources[source, severity] for source in sources],
                y=shown,
                orientation="h",
                name=name,
                marker_color=COLOURS[scheme][severity],
            )
            for severity, name in severities(t).items()
        ]
    )
    _style(t, figure, scheme)
    figure.update_layout(barmode="stack", barcornerradius=0, bargap=0.5, showlegend=True)
    figure.update_layout(
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    )
    return figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")


def over_time(t: Translator, found: Summary, scheme: str) -> go.Figure:
    """Events over the period, split by severity."""
    names = severities(t)
    starts = [found.start + column * found.column_s for column in range(COLUMNS)]
    figure = go.Figure(
        [
            go.Bar(
                y=[found.columns[column, severity] for column in range(COLUMNS)],
                name=names[severity],
                customdata=[t.moment(start) for start in starts],
                hovertemplate="%{customdata} · %{y}",
                marker_color=COLOURS[scheme][severity],
            )
            for severity in SEVERITIES
        ]
    )
    _style(t, figure, scheme)
    figure.update_layout(barmode="stack", bargap=0.12, barcornerradius=0)
    ticks = (0, COLUMNS // 2, COLUMNS - 1)
    return figure.update_xaxes(
        showgrid=False, tickvals=list(ticks), ticktext=[t.clock(starts[tick]) for tick in ticks]
    )


def latencies(t: Translator, found: Summary, scheme: str) -> go.Figure:
    """How long events took from publication to verdict."""
    values = np.asarray(found.latencies)
    most = float(np.quantile(values, SLOWEST_SHARE)) if values.size else 1.0
    counts, edges = np.histogram(
        np.minimum(values, most), bins=LATENCY_BARS, range=(0.0, max(most, 1.0))
    )
    figure = go.Figure(
        go.Bar(
            x=[t.number(edge) for edge in edges[:-1]],
            y=counts.tolist(),
            marker_color=COLOURS[scheme]["bar"],
            hovertemplate="≥ %{x} ms · %{y}<extra></extra>",
        )
    )
    _style(t, figure, scheme)
    figure.update_layout(bargap=0.1)
    return figure.update_xaxes(type="category", showgrid=False, nticks=6, ticksuffix=" ms")


def _style(t: Translator, figure: go.Figure, scheme: str) -> None:
    colours = COLOURS[scheme]
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 24, "t": 8, "b": 8},
        font={"family": FONT, "size": 12, "color": colours["ink"]},
        hoverlabel={"font": {"family": FONT}},
        separators=",\u202f" if t.language == "fr" else ".,",
        showlegend=False,
        bargap=0.28,
        barcornerradius=4,
        uirevision="keep",
    )
    axes = {"gridcolor": colours["line"], "zeroline": False, "automargin": True}
    figure.update_xaxes(fixedrange=True, tickangle=0, ticklabelstandoff=6, **axes)
    figure.update_yaxes(fixedrange=True, **axes)
