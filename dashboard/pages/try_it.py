"""The page to try Vigie on: one's own pictures, and the simulated cameras.

Layout only: ``assets/65-try.js`` and ``assets/67-simulator.js`` fill it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import action, attributes, icon, page_title
from dashboard.i18n import Translator
from dashboard.texts import behaviours
from model.labels import Label


def layout(
    t: Translator, labels: Sequence[Label], max_bytes: int, *, has_simulator: bool
) -> Component:
    """The page in one language."""
    parts = [_pictures(t, max_bytes)]
    if has_simulator:
        parts.append(_simulator(t, behaviours(t, labels)))
    return html.Div(
        [
            page_title(t("Try it")),
            html.P(
                t(
                    "A picture from here goes the way of every other: through Kafka, past the"
                    " model, into the feed."
                ),
                className="dim",
            ),
            html.Div(parts, className="try-columns"),
        ],
        className="try-page",
    )


def _pictures(t: Translator, max_bytes: int) -> Component:
    limit = t("{n} MB").replace("{n}", t.number(max_bytes / 1e6))
    taken = t("JPEG, PNG, WebP, BMP, TIFF or GIF, up to {limit}.").replace("{limit}", limit)
    clean = t("Where and when it was taken is removed before it is kept.")
    named = {
        "aria-label": t("Your pictures"),
        "data-max-bytes": str(max_bytes),
        "data-limit": limit,
    }
    return html.Section(
        [
            html.Div(
                [
                    icon("image-up"),
                    html.H2(t("Drop pictures here"), className="with-mouse"),
                    html.H2(t("Take or choose a picture"), className="with-finger"),
                    html.P(
                        t("or paste one, or drop them on any other page"),
                        className="with-mouse dim",
                    ),
                    action("choose", t("Choose pictures"), "button primary"),
                    html.P(f"{taken} {clean}", id="try-limits", className="dim small"),
                ],
                className="dropzone",
            ),
            html.Ol(id="try-list", className="attempts"),
            action("forget", t("Clear the list"), "button quiet", id="try-forget", hidden=True),
            html.Div(id="try-said", className="hidden", role="log"),
        ],
        id="try",
        **attributes(named),
    )


def _simulator(t: Translator, names: dict[str, str]) -> Component:
    listed = [html.Option(t("Mixed, as on the road"), value="")]
    listed += [html.Option(name, value=str(n)) for n, name in enumerate(names.values())]
    return html.Section(
        [
            html.H2(t("Simulated cameras"), id="simulator-title"),
            html.P(
                t("Drawn drivers in drawn cars: images to judge when no camera is at hand."),
                className="dim small",
            ),
            html.Div(
                [
                    html.Span(className="dot"),
                    html.Span("…", id="simulator-state", role="status"),
                    html.Span("", id="simulator-age", className="num"),
                ],
                id="simulator-chip",
                className="state",
            ),
            html.P(
                [t("None is running here. Start one:"), " ", html.Code("vigie simulate")],
                id="simulator-absent",
                className="dim",
                hidden=True,
            ),
            html.P("", id="simulator-trouble", className="trouble", role="alert", hidden=True),
            html.Div(
                [
                    _choice(
                        t("Behaviour"),
                        "simulator-behaviour",
                        html.Select(listed, id="simulator-behaviour", className="entry chooser"),
                    ),
                    _slider(t("Speed"), "simulator-rate"),
                    _slider(t("Cameras"), "simulator-cameras"),
                    action(
                        "simulate",
                        [
                            icon("play"),
                            icon("square"),
                            html.Span(t("Start"), className="when-stopped"),
                            html.Span(t("Stop"), className="when-running"),
                        ],
                        "button primary simulate",
                    ),
                ],
                id="simulator-controls",
                className="controls",
            ),
        ],
        id="simulator",
        className="panel simulator",
        **attributes({"aria-labelledby": "simulator-title", "data-wish": "stopped"}),
    )


def _choice(title: str, component_id: str, control: Component) -> Component:
    return html.Div([html.Label(title, htmlFor=component_id), control], className="control")


def _slider(title: str, component_id: str) -> Component:
    """A place for a slider, which only a script can make; its value in words beside its name."""
    return html.Div(
        [
            html.Div(
                [
                    html.Label(title, htmlFor=f"{component_id}-slider"),
                    html.Span("", id=f"{component_id}-value", className="num"),
                ],
                className="spread",
            ),
            html.Div(id=component_id),
        ],
        className="control",
    )
