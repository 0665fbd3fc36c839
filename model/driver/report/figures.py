"""The figures of an evaluation's report, each a pure function of measures.

Colours are names of CSS variables: the page that shows a figure puts its own colours in, light or
dark, before it draws. Text that a person chose (names of drivers and classes) is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from model.driver.deletion import Drops
from model.driver.evaluate import SURE
from model.labels import Label
from model.measures import (
    Calibration,
    ClassScores,
    Integers,
    RiskCoverage,
    Share,
    Threshold,
    wilson_interval,
)

INK, DIM, LINE, SUNK = "var(--ink)", "var(--dim)", "var(--line)", "var(--sunk)"
BLUE, RED, AMBER = "var(--blue)", "var(--red)", "var(--amber)"
ROW_PIXELS = 26
# A confusion of this share of a class is drawn in full red; most are far rarer.
FULL_RED = 0.15


def confusion_figure(confusion: Integers, labels: Sequence[Label]) -> go.Figure:
    """Images by truth (rows) and verdict (columns); blue where both agree, red where they do not.

    Colour tells the share of the row, the number the images.
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    agree = np.eye(len(labels), dtype=bool)
    full = max(FULL_RED, float(shares[~agree].max()))
    shades = np.where(agree, shares, -shares / full)
    cells = go.Heatmap(
        z=np.where(confusion > 0, shades, np.nan),
        x=[escape(label.code) for label in labels],
        y=[escape(f"{label.key} {label.code}") for label in labels],
        text=np.where(confusion > 0, confusion.astype(str), ""),
        texttemplate="%{text}",
        customdata=[
            [
                (escape(true.en), escape(said.en), share)
                for said, share in zip(labels, row, strict=True)
            ]
            for true, row in zip(labels, shares.tolist(), strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>called: %{customdata[1]}<br>"
        "%{text} images, %{customdata[2]:.1%} of the row<extra></extra>",
        hoverongaps=False,
        colorscale=[[0, RED], [0.5, "var(--panel)"], [1, BLUE]],
        zmin=-1,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
    )
    return _figure(
        [cells],
        height=130 + ROW_PIXELS * len(labels),
        xaxis={"title": "called", "side": "top", "showgrid": False},
        yaxis=_row_axis(len(labels)) | {"showgrid": False},
        plot_bgcolor=SUNK,
        margin={"t": 56},
    )


def per_class_figure(scores: ClassScores, images: Integers, labels: Sequence[Label]) -> go.Figure:
    """Precision, recall and F1 of each class, the class of the least F1 on top."""
    order = np.argsort(np.nan_to_num(scores.f1, nan=2), kind="stable")
    rows = [f"{escape(labels[n].key)} · {images[n]}" for n in order]
    kinds = {
        "precision": (scores.precision, "triangle-left", AMBER),
        "recall": (scores.recall, "triangle-right", BLUE),
        "F1": (scores.f1, "line-ns", INK),
    }
    traces = [
        go.Scatter(
            x=values[order],
            y=rows,
            mode="markers",
            name=name,
            marker={"symbol": sign, "size": 11, "color": colour}
            | {"line": {"width": 2 if name == "F1" else 0, "color": colour}},
            hovertemplate=f"%{{y}}<br>{name} %{{x:.3f}}<extra></extra>",
        )
        for name, (values, sign, colour) in kinds.items()
    ]
    least = np.nanmin([scores.precision, scores.recall])
    return _figure(
        [_bars_between(rows, scores.precision[order], scores.recall[order]), *traces],
        height=80 + ROW_PIXELS * len(labels),
        xaxis=_share_axis(float(least)),
        yaxis=_row_axis(len(rows)),
        showlegend=True,
    )


def reliability_figure(found: Calibration) -> go.Figure:
    """Accuracy over confidence with 95 % intervals, above the images of each bin."""
    filled = np.flatnonzero(found.counts)
    hits = np.rint(found.accuracy[filled] * found.counts[filled]).astype(int)
    accuracy, counts = found.accuracy[filled], found.counts[filled]
    bounds = [wilson_interval(int(h), int(n)) for h, n in zip(hits, counts, strict=True)]
    dots = go.Scatter(
        x=found.confidence[filled],
        y=accuracy,
        mode="markers",
        # A bin of few images should catch the eye less, and still be seen.
        marker={
            "color": BLUE,
            "opacity": 1,
            "size": 5 + 11 * np.sqrt(counts / counts.max()),
            "line": {"width": 0},
        },
        error_y=_reach(accuracy.tolist(), bounds, DIM),
        customdata=counts,
        hovertemplate="said %{x:.1%}, right %{y:.1%}<br>%{customdata} images<extra></extra>",
    )
    bars = go.Bar(
        x=(found.edges[:-1] + found.edges[1:]) / 2,
        y=found.counts.tolist(),
        width=float(found.edges[1]) * 0.92,
        text=[str(n) if n else "" for n in found.counts],
        textposition="outside",
        cliponaxis=False,
        marker={"color": BLUE},
        hovertemplate="%{y} images<extra></extra>",
    )
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.06)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=_dashed(DIM), hoverinfo="skip")
    figure.add_trace(dots, row=1, col=1)
    figure.add_trace(bars, row=2, col=1)
    for x, y, text in ((0.03, 0.95, "less sure than right"), (0.97, 0.05, "surer than right")):
        side = "left" if x < 0.5 else "right"
        figure.add_annotation(
            x=x, y=y, text=text, showarrow=False, xanchor=side, font={"color": DIM}
        )
    _style(figure, height=430)
    figure.update_xaxes(range=[0, 1.01], tickformat=".0%")
    figure.update_xaxes(title="confidence", row=2, col=1)
    figure.update_yaxes(range=[0, 1.04], tickformat=".0%", title="right", row=1, col=1)
    figure.update_yaxes(title="images", range=[0, 1.25 * found.counts.max()], row=2, col=1)
    return figure


def risk_coverage_figure(
    curve: RiskCoverage, served: tuple[float, float], sure: Threshold | None
) -> go.Figure:
    """Wrong answers among those given, over the share that is given.

    Args:
        curve: of all images.
        served: coverage and risk of the model as it is served.
        sure: the lowest threshold that keeps a promised accuracy; ``None``: there is none.
    """
    wrong = float(curve.risk[-1])
    best = np.linspace(0.01, 1, 100)
    traces = [
        go.Scatter(
            x=best,
            y=np.maximum(0, (best - (1 - wrong)) / best),
            mode="lines",
            line=_dashed(DIM),
            name="perfect order",
            hovertemplate="at best %{y:.2%} wrong of %{x:.0%} answered<extra></extra>",
        ),
        go.Scatter(
            x=curve.coverage,
            y=curve.risk,
            customdata=curve.thresholds,
            mode="lines",
            line={"color": BLUE, "width": 2},
            name="this model",
            hovertemplate="answers %{x:.1%}, %{y:.2%} wrong<br>from odds of %{customdata:,.1f} to 1"
            "<extra></extra>",
        ),
    ]
    marks = {"served": (*served, AMBER, "diamond")}
    if sure:
        marks[f"{SURE:.0%} right"] = (sure.coverage, 1 - sure.accuracy, INK, "circle-open")
    traces += [
        go.Scatter(
            x=[coverage],
            y=[risk],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 12, "symbol": sign, "line": {"width": 2}},
            hovertemplate=f"{name}: answers %{{x:.1%}}, %{{y:.2%}} wrong<extra></extra>",
        )
        for name, (coverage, risk, colour, sign) in marks.items()
    ]
    # The first few answers make large steps that say nothing: the top is that of half the images.
    top = max(curve.risk[curve.coverage >= 0.5].max(), 0.02)
    return _figure(
        traces,
        height=430,
        xaxis={"range": [0, 1.02], "tickformat": ".0%", "title": "answered"},
        yaxis={
            "range": [0, 1.15 * float(top)],
            "tickformat": ".1%",
            "title": "wrong among the answered",
        },
        showlegend=True,
    )


def shares_figure(shares: Mapping[str, Share], middle: float) -> go.Figure:
    """A share per name with its 95 % interval, the least on top.

    Args:
        shares: by name.
        middle: the share of all; a name whose whole interval lies below is red.
    """
    order = sorted(shares, key=lambda name: (shares[name].value, name))
    values = [shares[name].value for name in order]
    bounds = [shares[name].interval for name in order]
    rows = [f"{escape(name)} · {shares[name].total}" for name in order]
    dots = go.Scatter(
        x=values,
        y=rows,
        mode="markers",
        marker={"size": 9, "color": [RED if high < middle else BLUE for _, high in bounds]},
        error_x=_reach(values, bounds, DIM),
        customdata=[[shares[name].hits, *bound] for name, bound in zip(order, bounds, strict=True)],
        hovertemplate="%{y}<br>%{x:.1%} (%{customdata[0]} images)<br>"
        "95%: %{customdata[1]:.1%} to %{customdata[2]:.1%}<extra></extra>",
    )
    figure = _figure(
        [dots],
        height=80 + ROW_PIXELS * max(len(order), 2),
        xaxis=_share_axis(min(low for low, _ in bounds)),
        yaxis=_row_axis(len(rows)),
    )
    figure.add_vline(x=middle, line=_dashed(DIM))
    figure.add_annotation(
        x=middle, y=1, yref="paper", yanchor="bottom", xanchor="right", showarrow=False
    ).update_annotations(text=f"all {middle:.1%}", font={"color": DIM})
    return figure


def deletion_figure(by_class: Mapping[str, Drops]) -> go.Figure:
    """Probability that each class loses: by the heat map, by its shape elsewhere, by chance."""
    order = sorted(by_class, key=lambda key: by_class[key].hot)
    rows = [f"{escape(key)} · {by_class[key].images}" for key in order]
    kinds: dict[str, tuple[str, str, Any]] = {
        "any tenth": ("circle-open", DIM, [by_class[key].chance for key in order]),
        "same shape elsewhere": ("square-open", AMBER, [by_class[key].elsewhere for key in order]),
        "hottest tenth": ("circle", RED, [by_class[key].hot for key in order]),
    }
    traces = [
        go.Scatter(
            x=values,
            y=rows,
            mode="markers",
            name=name,
            marker={"symbol": sign, "color": colour, "size": 10},
            hovertemplate=f"%{{y}}<br>{name}: %{{x:.3f}} lost<extra></extra>",
        )
        for name, (sign, colour, values) in kinds.items()
    ]
    between = [np.array(kinds[name][2]) for name in ("any tenth", "hottest tenth")]
    return _figure(
        [_bars_between(rows, *between), *traces],
        height=80 + ROW_PIXELS * max(len(order), 2),
        xaxis={"title": "probability lost", "rangemode": "tozero", "zeroline": True},
        yaxis=_row_axis(len(rows)),
        showlegend=True,
    )


def _figure(traces: Sequence[Any], **layout: Any) -> go.Figure:
    return _style(go.Figure(list(traces)), **layout)


def _style(figure: go.Figure, **layout: Any) -> go.Figure:
    """Clear ground, quiet grid, and no zooming by a finger that only wants to scroll."""
    common = {
        "template": "none",
        "showlegend": False,
        "dragmode": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": INK},
        "hoverlabel": {"bgcolor": INK, "bordercolor": INK, "font": {"color": "var(--panel)"}},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    }
    figure.update_layout(**{**common, **layout})
    top = 44 if figure.layout.showlegend else 24
    figure.update_layout(margin={"l": 8, "r": 12, "t": top, "b": 8} | layout.get("margin", {}))
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(
            automargin=True,
            fixedrange=True,
            gridcolor=LINE,
            linecolor=LINE,
            zerolinecolor=LINE,
            ticklabelstandoff=4,
        )
    return figure


def _share_axis(least: float) -> dict[str, Any]:
    """From the ten per cent below the least share up to all, with room for a whole mark."""
    start = max(0.0, np.floor(least * 10 - 1e-9) / 10)
    return {"range": [start - 0.01, 1.01], "tickformat": ".0%"}


def _row_axis(rows: int) -> dict[str, Any]:
    """Names from the top down, without the room that plotly leaves at both ends."""
    return {"range": [rows - 0.5, -0.5]}


def _bars_between(rows: Sequence[str], one: Any, other: Any) -> go.Scatter:
    """A thin bar on each row from one value to the other."""
    ends = [[a, b, None] for a, b in zip(one, other, strict=True)]
    return go.Scatter(
        x=[value for row in ends for value in row],
        y=[row for row in rows for _ in range(3)],
        mode="lines",
        line={"color": LINE, "width": 4},
        hoverinfo="skip",
        showlegend=False,
    )


def _reach(
    values: Sequence[float], bounds: Sequence[tuple[float, float]], colour: str
) -> dict[str, Any]:
    """Error bars from the values to their bounds."""
    pairs = list(zip(values, bounds, strict=True))
    return {
        "array": [high - value for value, (_, high) in pairs],
        "arrayminus": [value - low for value, (low, _) in pairs],
        "color": colour,
        "thickness": 1.5,
        "width": 3,
    }


def _dashed(colour: str) -> dict[str, Any]:
    return {"color": colour, "dash": "dot", "width": 1.5}
