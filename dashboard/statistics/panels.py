"""The panels of the statistics: each a chart, a sentence and a table of the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import attributes, graph
from dashboard.feed.filters import FeedFilter
from dashboard.i18n import Translator
from dashboard.statistics import charts, sentences, tables
from dashboard.statistics.chart_parts import Figure
from dashboard.statistics.counts import Summary
from dashboard.statistics.periods import DAY
from dashboard.statistics.telling import View
from dashboard.texts import severities
from schemas.events import SEVERITIES


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart and its two other forms.

    Attributes:
        height: of the chart, in pixels.
        style: how much room it takes.
        keys: what its colours and strokes stand for.
        facts: the numbers of a period that it shows: nothing is drawn anew while they stay.
    """

    name: str
    height: int
    draw: Callable[[View], Figure]
    say: Callable[[View], str]
    table: Callable[[View], Component]
    keys: tuple[str, ...]
    facts: Callable[[Summary], Any]
    style: str = ""


VERDICTS = ("infraction", "check", "normal", "before")
ALL = (*SEVERITIES, "before")

PANELS = (
    Panel(
        *("over-time", 280, charts.over_time, sentences.time, tables.time),
        keys=ALL,
        facts=lambda counts: counts.columns,
        style="wide",
    ),
    Panel(
        *("by-behaviour", 400, charts.per_behaviour, sentences.behaviours, tables.behaviours),
        keys=VERDICTS,
        facts=lambda counts: counts.behaviours,
    ),
    Panel(
        *("by-source", 400, charts.per_source, sentences.sources, tables.sources),
        keys=ALL,
        facts=lambda counts: counts.sources,
    ),
    Panel(
        *("by-share", 320, charts.source_shares, sentences.source_shares, tables.source_shares),
        keys=("interval",),
        facts=lambda counts: counts.sources,
    ),
    Panel(
        *("by-precision", 320, charts.precision, sentences.precision, tables.precision),
        keys=("interval",),
        facts=lambda _: None,
    ),
    Panel(
        *("by-hour", 380, charts.over_hours, sentences.hours, tables.hours),
        keys=(),
        facts=lambda counts: (counts.hours, counts.infractions),
        style="wide broad",
    ),
    Panel(
        *("by-confidence", 300, charts.over_confidence, sentences.confidence, tables.confidence),
        keys=VERDICTS,
        facts=lambda counts: (counts.confidence, counts.median_confidence),
        style="third",
    ),
    Panel(
        *("by-latency", 300, charts.latency_over_time, sentences.latency, tables.latency),
        keys=("p95", "p50", "p95-before"),
        facts=lambda counts: (counts.latency, counts.latencies),
        style="third",
    ),
    Panel(
        *("by-reason", 300, charts.per_reason, sentences.reasons, tables.reasons),
        keys=("failure", "before"),
        facts=lambda counts: counts.reasons,
        style="third",
    ),
)


BARE: dict[str, Callable[[View], bool]] = {
    "by-reason": lambda view: not view.now.reasons,
    "by-share": lambda view: not view.now.sources,
    "by-precision": lambda view: not view.precision,
    "by-hour": lambda view: view.found.period.grain == DAY,
}
"""When a chart has nothing to show: its sentence says so, and the chart stays away."""


def style(panel: Panel, view: View) -> str:
    """The style classes of a panel."""
    is_bare = panel.name in BARE and BARE[panel.name](view)
    named = ("panel", panel.style, "bare" if is_bare else "", "compared" if view.before else "")
    return " ".join(filter(None, named))


def titles(t: Translator) -> dict[str, str]:
    """What each panel is called."""
    return {
        "over-time": t("Events over time"),
        "by-behaviour": t("Behaviours"),
        "by-source": t("Cameras"),
        "by-share": t("Share of infractions by camera"),
        "by-precision": t("Precision by review"),
        "by-hour": t("Behaviours by hour of day"),
        "by-confidence": t("Confidence of the verdicts"),
        "by-latency": t("Latency from publication to verdict"),
        "by-reason": t("Failures by reason"),
    }


def frame(t: Translator, panel: Panel) -> Component:
    """A panel whose chart, sentence and table are still to come."""
    title = titles(t)[panel.name]
    table = html.Details(
        [
            html.Summary(t("Show as table")),
            html.Div(id=f"{panel.name}-table", className="table-scroll", tabIndex=0),
        ],
        **attributes({"data-table": panel.name}),
    )
    # On a phone a broad chart scrolls: by the keyboard too, once it can have the focus.
    scrolling: Any = {"tabIndex": 0} if "broad" in panel.style else {}
    return html.Section(
        [
            html.H2(title),
            html.P("", id=f"{panel.name}-words", className="dim small num"),
            *_ways_on(t, panel),
            _legend(t, panel.keys),
            html.Div(graph(panel.name, panel.height, title), className="chart", **scrolling),
            table,
        ],
        id=f"{panel.name}-panel",
        className=f"panel {panel.style}".strip(),
    )


def _ways_on(t: Translator, panel: Panel) -> list[Component]:
    """Where the numbers of a panel come from, if a person makes them."""
    if panel.name != "by-precision":
        return []
    href = "/" + FeedFilter(review="open").to_query()
    return [html.A(t("Review what is open"), href=href, className="small way-on")]


def _legend(t: Translator, keys: tuple[str, ...]) -> Component:
    """What is compared with stands in it only where there is a comparison: the styles see to it."""
    named: dict[str, str] = {
        **{str(kind): title for kind, title in severities(t).items()},
        "p95": t("p95"),
        "p50": t("p50"),
        "p95-before": t("p95 before"),
        "before": t("Before"),
        "interval": t("95% interval"),
    }
    return html.Ul(
        [html.Li(named[key], className=f"key {key}") for key in keys], className="legend"
    )


def digest(view: View, panel: Panel, query: str, *, is_open: bool) -> str:
    """Short, and another one whenever the panel has to be drawn anew."""
    found, t = view.found, view.t
    shown = (
        query,
        (t.language, str(t.zone), view.scheme, is_open),
        (found.comparison, found.edges[1:-1] if panel.name in {"over-time", "by-latency"} else ()),
        (found.period.grain, view.precision if panel.name == "by-precision" else None),
        panel.facts(view.now),
        panel.facts(view.before) if view.before else None,
    )
    return hashlib.blake2s(repr(shown).encode(), digest_size=8).hexdigest()
