"""The live page: events as they come, one of them in full beside them.

Layout only: ``assets/`` fills it with what the push brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.basics import action, attributes, icon
from dashboard.filters import FeedFilter
from dashboard.i18n import Translator
from dashboard.texts import behaviours
from model.labels import Label


def layout(
    t: Translator, query: str, labels: Sequence[Label], sources: Sequence[str], camera_folder: str
) -> Component:
    """The page in one language, its controls as the address says."""
    chosen = FeedFilter.from_query(query)
    stream = html.Section([_waiting(t), _cards(t), *_states(t, camera_folder)], id="stream")
    return html.Div(
        [
            dcc.Location(id=ids.FILTER_URL, refresh=False),
            dcc.Store(id=ids.FILTER_SEVERITY, data=chosen.severity),
            html.H1(t("Live events"), className="hidden"),
            _summary(t),
            _banner(t),
            _toolbar(t, chosen, behaviours(t, labels), sources),
            html.Div([stream, _inspector(t)], className="split-view"),
        ],
        className="feed-page",
    )


def _summary(t: Translator) -> Component:
    ribbon = html.Div(
        [
            html.Div(html.Span(t("Last 10 minutes")), className="tile-name"),
            html.Div(
                id="ribbon",
                className="ribbon",
                role="img",
                **attributes({"aria-label": t("Events per ten seconds, last ten minutes")}),
            ),
        ],
        className="tile ribbon-tile",
    )
    return html.Section(
        [
            _tile("tile-infraction", "triangle-alert", t("Infractions"), "infraction"),
            _tile("tile-check", "eye", t("To check"), "check"),
            _tile("tile-rate", "gauge", t("Images/s")),
            _tile("tile-latency", "timer", t("Latency p95")),
            ribbon,
        ],
        className="tiles",
        **attributes({"aria-label": t("Summary")}),
    )


def _tile(component_id: str, name: str, title: str, kind: str = "") -> Component:
    return html.Div(
        [
            html.Div([icon(name), html.Span(title)], className="tile-name"),
            html.Div("–", id=component_id, className="tile-value num"),
        ],
        className=f"tile {kind}".strip(),
    )


def _banner(t: Translator) -> Component:
    return html.Div(
        [
            icon("unplug"),
            html.Div(
                [
                    html.Strong("", id="banner-title"),
                    html.Span(
                        t("What is shown stays. The page continues by itself and misses nothing.")
                    ),
                ]
            ),
        ],
        id="banner",
        className="banner",
        role="alert",
        hidden=True,
    )


def _toolbar(
    t: Translator, chosen: FeedFilter, names: dict[str, str], sources: Sequence[str]
) -> Component:
    return html.Div(
        [
            _tabs(t),
            html.Div(_behaviours(t, chosen, names), className="behaviours"),
            html.Div(_sources(t, chosen, sources), className="sources"),
            html.Div(className="grow"),
            html.Div(
                icon("flame"),
                className="heat-slider",
                **attributes({"data-slider": t("Heat map opacity")}),
            ),
            action(
                "pause",
                [
                    icon("pause"),
                    icon("play"),
                    html.Span(t("Pause"), className="when-live"),
                    html.Span(t("Resume"), className="when-paused"),
                ],
                "button pause",
            ),
        ],
        className="toolbar",
    )


def _behaviours(t: Translator, chosen: FeedFilter, names: dict[str, str]) -> Any:
    return dmc.MultiSelect(
        id=ids.FILTER_BEHAVIOURS,
        value=list(chosen.behaviours),
        placeholder=None if chosen.behaviours else t("All behaviours"),
        data=[{"value": key, "label": name} for key, name in names.items()],
        **_select(t, t("Behaviours")),
    )


def _sources(t: Translator, chosen: FeedFilter, sources: Sequence[str]) -> Any:
    return dmc.Select(
        id=ids.FILTER_SOURCE,
        value=chosen.source or None,
        placeholder=t("All cameras"),
        data=sorted({*sources, *([chosen.source] if chosen.source else [])}),
        **_select(t, t("Camera")),
    )


def _select(t: Translator, label: str) -> dict[str, Any]:
    return {
        "clearable": True,
        "size": "sm",
        "clearButtonProps": {"aria-label": t("Clear")},
        **attributes({"aria-label": label}),
    }


def _tabs(t: Translator) -> Component:
    tabs = (
        ("", t("All")),
        ("infraction", t("Infractions")),
        ("check", t("To check")),
        ("normal", t("Normal")),
        ("failure", t("Failures")),
    )
    buttons = [
        html.Button(
            [html.Span(title), html.Span("", className="count num")],
            className="choice",
            type="button",
            **attributes({"data-action": "tab", "data-severity": severity}),
        )
        for severity, title in tabs
    ]
    return html.Div(
        buttons, className="tabs", role="group", **attributes({"aria-label": t("Show")})
    )


def _waiting(t: Translator) -> Component:
    words = [html.Span("", id="waiting-text", className="num"), html.Strong(t("Show"))]
    return action("resume", words, "waiting", id="waiting", hidden=True)


def _cards(t: Translator) -> Component:
    named = {"aria-label": t("Events, newest first"), "aria-busy": "true"}
    return html.Div(id="feed", className="feed", role="feed", **attributes(named))


def _states(t: Translator, camera_folder: str) -> tuple[Component, ...]:
    """What stands in the place of cards when there are none, and after the last one."""
    ghosts = [html.Div(className="card ghost") for _ in range(8)]
    return (
        html.Div(
            [
                html.P("", id="loading-text", className="dim num"),
                html.Div(ghosts, className="feed"),
            ],
            id="feed-loading",
        ),
        html.Div(
            [
                icon("inbox"),
                html.P(t("Nothing matches these filters yet.")),
                action("all", t("Show all events")),
            ],
            id="feed-nothing",
            className="empty",
            hidden=True,
        ),
        _first_run(t, camera_folder),
        html.P(
            t("The newest 48 events that match. Statistics count all that are kept."),
            id="feed-end",
            className="dim end",
            hidden=True,
        ),
        html.P("", id="feed-unreadable", className="dim end num"),
    )


def _first_run(t: Translator, camera_folder: str) -> Component:
    ways = (
        (t("Send images"), "vigie send photo.jpg"),
        (t("Drop them into a camera folder"), f"{camera_folder}/cabin-01/"),
        (t("Watch a simulated driver"), "vigie simulate"),
    )
    steps = [html.Li([html.Strong(title), html.Code(what)]) for title, what in ways]
    return html.Div(
        [
            icon("eye"),
            html.H2(t("Waiting for the first image")),
            html.P(
                t("Each image appears here with its verdict as soon as the worker has seen it.")
            ),
            html.Ul(steps, className="ways"),
        ],
        id="feed-first",
        className="empty first",
        hidden=True,
    )


def _inspector(t: Translator) -> Component:
    """One event in full: beside the feed on a wide screen, a drawer over it on a narrow one."""
    return html.Aside(
        [
            html.Div(
                [
                    html.Span("", id="inspector-what", className="dim small"),
                    html.Div(className="grow"),
                    action("link", icon("link"), "round small", t("Copy the link to this event")),
                    action("close", icon("x"), "round small close", t("Close")),
                ],
                className="inspector-bar",
            ),
            html.P(t("Select a card to see it in full."), id="inspector-none", className="dim"),
            html.Div(
                [
                    html.Div(id="inspector-shot", className="shot large"),
                    html.Div(
                        [html.Span("", id="inspector-heat", className="dim small")],
                        id="inspector-slider",
                        className="heat-slider",
                        **attributes({"data-slider": t("Heat map opacity")}),
                    ),
                    html.Div(
                        [
                            html.H2("", id="inspector-title"),
                            html.Span("", id="inspector-p", className="big num"),
                        ],
                        className="spread",
                    ),
                    html.P("", id="inspector-meta", className="meta num"),
                    html.P("", id="inspector-detail", className="trouble", hidden=True),
                    html.Section(
                        [
                            html.H3(t("All probabilities")),
                            html.P(
                                t("Choose one to see where it was found."), className="dim small"
                            ),
                            html.Ol(id="inspector-bars", className="bars"),
                        ],
                        id="inspector-classes",
                    ),
                    html.H3(t("Facts")),
                    html.Dl(id="inspector-facts", className="facts"),
                    html.Details([html.Summary(t("Raw event")), html.Pre("", id="inspector-raw")]),
                ],
                id="inspector-body",
                className="inspector-body",
                hidden=True,
            ),
        ],
        id="inspector",
        className="inspector",
        tabIndex=-1,
        **attributes({"aria-label": t("Selected event")}),
    )


def choose(
    search: str | None,
    severity: str | None,
    wanted: Sequence[str] | None,
    source: str | None,
    from_address: bool,
) -> tuple[str, str, list[str], str | None]:
    """The address and the controls always say the same thing; the one that moved wins.

    Returns:
        The query string, the severity, the behaviours and the source.
    """
    state = FeedFilter.from_query(search)
    if not from_address:
        state = replace(
            state,
            severity=severity or "",
            behaviours=tuple(sorted(wanted or ())),
            source=source or "",
        )
    return state.to_query(), state.severity, list(state.behaviours), state.source or None


def register(app: Dash) -> None:
    """Keep the address and the controls together."""

    @app.callback(
        Output(ids.FILTER_URL, "search"),
        Output(ids.FILTER_SEVERITY, "data"),
        Output(ids.FILTER_BEHAVIOURS, "value"),
        Output(ids.FILTER_SOURCE, "value"),
        Input(ids.FILTER_URL, "search"),
        Input(ids.FILTER_SEVERITY, "data"),
        Input(ids.FILTER_BEHAVIOURS, "value"),
        Input(ids.FILTER_SOURCE, "value"),
        prevent_initial_call=True,
    )
    def synchronise(
        search: str | None,
        severity: str | None,
        wanted: list[str] | None,
        source: str | None,
    ) -> Any:
        if search is None:
            raise PreventUpdate  # the browser is about to say what its address is
        # Drawn anew, the address and the controls arrive at once, in no certain order.
        moved = {one["prop_id"].partition(".")[0] for one in ctx.triggered}
        return choose(search, severity, wanted, source, ids.FILTER_URL in moved)
