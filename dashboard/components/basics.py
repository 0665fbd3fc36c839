"""Small pieces used on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component


def attributes(values: Mapping[str, str]) -> Any:
    """``aria-*`` and ``data-*`` attributes, whose names cannot be keywords."""
    return dict(values)


def icon(name: str) -> Component:
    """An icon drawn by CSS in the colour of the text, silent to screen readers."""
    return html.Span(className=f"icon icon-{name}", **attributes({"aria-hidden": "true"}))


def action(
    name: str, children: Any, style: str = "button", label: str = "", **more: Any
) -> Component:
    """A button that the scripts answer: ``name`` is a key of ``vigie.actions``."""
    words = {"data-action": name} | ({"aria-label": label, "title": label} if label else {})
    return html.Button(children, className=style, type="button", **attributes(words), **more)


def graph(component_id: str, height: int, label: str) -> Component:
    """The only way to put a chart on a page.

    Plotly's mode bar would offer to send the data to Plotly's cloud. What the chart says in words
    stands in the element ``{component_id}-words``.
    """
    config: Any = {"displaylogo": False, "showSendToCloud": False, "displayModeBar": False}
    chart = dcc.Graph(
        id=component_id,
        figure=go.Figure(layout={"template": "none", "height": height}),
        config=config | {"responsive": True},
        style={"height": height},
    )
    named = {"aria-label": label, "aria-describedby": f"{component_id}-words"}
    return html.Div(chart, role="img", **attributes(named))


def trouble(
    name: str, again: Component, sentence: str = "", style: str = "trouble-box"
) -> Component:
    """What stands in the place of something that could not be had; scripts show it and fill it.

    Its id is ``{name}-trouble``, that of its sentence ``{name}-trouble-text``.
    """
    return html.Div(
        [html.Span(sentence, id=f"{name}-trouble-text"), again],
        id=f"{name}-trouble",
        className=style,
        role="alert",
        hidden=True,
    )


def ghost_list(name: str, label: str, count: int, style: str) -> Component:
    """The shape of a list to come, ``{name}-loading``; ``style`` is the class of that list."""
    return html.Div(
        [html.Div(className="letter ghost") for _ in range(count)],
        id=f"{name}-loading",
        className=style,
        role="img",
        **attributes({"aria-label": label}),
    )


def page_title(title: str, *beside: Any) -> Component:
    """The heading of a page, with its controls beside it."""
    return html.Div([html.H1(title), html.Div(className="grow"), *beside], className="page-title")
