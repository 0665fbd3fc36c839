"""Statistics over the events that are kept: per behaviour, per camera, over time, latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.basics import attributes, graph, page_title
from dashboard.hub import Hub
from dashboard.i18n import Translator, translator
from dashboard.items import Item
from dashboard.pages import charts
from dashboard.statistics import Summary, summarise
from dashboard.texts import reasons
from model.labels import Label

PERIODS = {"10": 600.0, "60": 3600.0, "1440": 86400.0}  # minutes as on the control -> seconds
ALL = "all"


def layout(t: Translator) -> Component:
    """The page in one language; its charts are filled by the callback."""
    periods = [
        {"value": "10", "label": t("10 minutes")},
        {"value": "60", "label": t("1 hour")},
        {"value": "1440", "label": t("1 day")},
        {"value": ALL, "label": t("All kept")},
    ]
    control = dmc.SegmentedControl(
        id=ids.STATISTICS_PERIOD,
        value=ALL,
        size="xs",
        data=periods,
        **attributes({"aria-label": t("Period")}),
    )
    return html.Div(
        [
            page_title(t("Statistics"), control),
            html.P("", id="statistics-scope", className="dim num"),
            html.Div(
                [
                    _panel(t("Behaviours"), "by-behaviour", 340),
                    _panel(t("Events over time"), "over-time", 340),
                    _panel(t("Cameras"), "by-source", 300),
                    _panel(t("Latency from publication to verdict"), "by-latency", 300),
                    html.Section(
                        [html.H2(t("Failures by reason")), html.Div(id="by-reason")],
                        className="panel",
                    ),
                ],
                className="panels",
            ),
            dcc.Store(id=ids.STATISTICS_BEAT),
        ]
    )


def _panel(title: str, component_id: str, height: int) -> Component:
    return html.Section([html.H2(title), graph(component_id, height, title)], className="panel")


def period(items: Sequence[Item], minutes: str | None, now: float) -> tuple[float, float]:
    """First and last moment of the chosen period; of all that is kept when none is chosen."""
    end = max(now, items[-1].at) + 1e-3 if items else now
    if minutes in PERIODS:
        return now - PERIODS[minutes], end
    return (min(item.at for item in items) if items else now - 1.0), end


def scope(t: Translator, found: Summary) -> str:
    """One line that says what is counted."""
    counted = t.plural("{n} event", "{n} events", found.events)
    said = [counted, f"{t.moment(found.start)} – {t.moment(found.end)}"]
    if found.latency:
        quantiles = (f"{name} {t.number(ms)} ms" for name, ms in found.latency.items())
        said.append(", ".join(quantiles))
    return " · ".join(said)


def failures(t: Translator, found: Summary) -> Component:
    """Failures per reason, most frequent first."""
    names = reasons(t)
    rows = [
        part
        for reason, count in found.reasons.most_common()
        for part in (html.Dt(names.get(reason, reason)), html.Dd(t.number(count)))
    ]
    if not rows:
        return html.P(t("No failure in this period."), className="dim")
    return html.Dl(rows, className="facts num")


def register(app: Dash, hub: Hub, labels: Sequence[Label], clock: Callable[[], float]) -> None:
    """Draw the charts anew on each beat of the push, and when language or colours change."""

    @app.callback(
        Output("by-behaviour", "figure"),
        Output("over-time", "figure"),
        Output("by-source", "figure"),
        Output("by-latency", "figure"),
        Output("by-reason", "children"),
        Output("statistics-scope", "children"),
        Input(ids.STATISTICS_BEAT, "data"),
        Input(ids.STATISTICS_PERIOD, "value"),
        Input(ids.SCHEME, "data"),
        State(ids.LANGUAGE, "data"),
        State(ids.ZONE, "data"),
    )
    def draw(
        _: int | None,
        minutes: str | None,
        scheme: str | None,
        language: str | None,
        zone: str | None,
    ) -> Any:
        t, items, now = translator(language, zone), hub.items(), clock()
        found = summarise(items, *period(items, minutes, now))
        shade = scheme if scheme in charts.COLOURS else "light"
        return (
            charts.per_behaviour(t, found, labels, shade),
            charts.over_time(t, found, shade),
            charts.per_source(t, found, t("unknown camera"), shade),
            charts.latencies(t, found, shade),
            failures(t, found),
            scope(t, found),
        )
