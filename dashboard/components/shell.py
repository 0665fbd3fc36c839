"""What surrounds every page: navigation, connection state, language, colour scheme, help."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components import operations
from dashboard.components.basics import action, attributes, icon
from dashboard.i18n import LANGUAGES, Translator

FONT = "Inter, system-ui, sans-serif"
THEME = {
    "fontFamily": FONT,
    "headings": {"fontFamily": FONT, "fontWeight": "650"},
    "primaryColor": "vigie",
    "primaryShade": {"light": 6, "dark": 3},
    "colors": {
        "vigie": [
            *("#eef0ff", "#dde1ff", "#bcc4ff", "#9aa6ff", "#7b89f5"),
            *("#5d6ce6", "#3f4fd0", "#3642b4", "#2e3894", "#262e78"),
        ],
        "dark": [
            *("#d5d8de", "#a9aeb9", "#9299a5", "#6b727e", "#383d46"),
            *("#2a2e36", "#1c1f24", "#15171b", "#0f1013", "#0c0d10"),
        ],
    },
    "autoContrast": True,
    "defaultRadius": "md",
    "respectReducedMotion": True,
}


def shell(t: Translator, current: str, page: Component) -> Component:
    """A whole page in one language."""
    return html.Div(
        [
            html.A(t("Skip to content"), href="#main", className="skip"),
            _header(t),
            _navigation(t, current),
            html.Main(page, id="main", className="main", tabIndex=-1),
            html.Div(id="notice", className="notice", role="status"),
            _help(t),
        ],
        className="shell",
    )


def _header(t: Translator) -> Component:
    return html.Header(
        [
            html.Div(
                [html.Img(src="/assets/logo.svg", alt=""), html.Span("Vigie")], className="brand"
            ),
            _state(),
            operations.strip(t),
            html.Div(className="grow"),
            dmc.SegmentedControl(
                id=ids.LANGUAGE_CHOICE,
                value=t.language,
                size="xs",
                data=[{"value": code, "label": code.upper()} for code in LANGUAGES],
                **attributes({"aria-label": t("Language")}),
            ),
            action("help", icon("keyboard"), "round wide-only", t("Keyboard shortcuts (?)")),
            action(
                "scheme",
                [icon("sun"), icon("moon"), icon("monitor")],
                "round scheme",
                t("Light, dark or as the system"),
            ),
        ],
        className="header",
    )


def _state() -> Component:
    """Live, paused, reconnecting, stale: filled by ``assets/50-summary.js``."""
    return html.Div(
        [
            html.Span(className="dot"),
            html.Span("…", id="state-text", role="status"),
            html.Span("", id="state-age", className="num"),
        ],
        id="state",
        className="state",
        **attributes({"data-state": "loading"}),
    )


def _navigation(t: Translator, current: str) -> Component:
    pages = (
        ("/", "activity", t("Live")),
        ("/statistics", "chart-column", t("Statistics")),
        ("/replays", "history", t("Replays")),
        (operations.LETTERS_PATH, "mail-x", t("Dead letters")),
        ("/try", "image-up", t("Try it")),
    )
    links = [
        dcc.Link(
            [icon(name), html.Span(title), *_badge(path)],
            href=path,
            className="nav-link" + (" current" if path == current else ""),
        )
        for path, name, title in pages
    ]
    return html.Nav(links, className="nav", **attributes({"aria-label": t("Pages")}))


def _badge(path: str) -> list[Component]:
    """How many dead letters there are; filled by ``assets/52-operations.js``."""
    is_letters = path == operations.LETTERS_PATH
    return [html.Span("", id="letters-badge", className="badge num")] if is_letters else []


def _help(t: Translator) -> Any:
    rows = (
        ("J", t("next card")),
        ("K", t("previous card")),
        ("Enter", t("open the details")),
        ("Esc", t("close, back to the newest")),
        ("G", t("go to a time")),
        ("F", t("filters")),
        ("T", t("next tab: all, infractions, …")),
        ("R", t("review: confirm; begins it when no event is chosen")),
        ("X", t("review: false positive")),
        ("1 – 9, 0", t("review: it is the class of this number")),
        ("E", t("review: the classes with their numbers")),
        ("A", t("review: all images of the group, or this one")),
        ("N", t("review: leave a note")),
        ("U", t("review: take the last one back")),
        (t("Space"), t("pause or resume")),
        ("H", t("heat map on or off")),
        ("V", t("image and heat map: overlay, side by side, swipe")),
        ("← →", t("previous or next event of the group")),
        ("L", t("large view")),
        ("Z", t("nearer, in the large view")),
        ("C", t("copy the picture")),
        ("D", t("download the picture")),
        ("?", t("this help")),
    )
    listed = [part for key, what in rows for part in (html.Dt(html.Kbd(key)), html.Dd(what))]
    return dmc.Modal(
        id="help",
        title=t("Keyboard"),
        centered=True,
        radius="lg",
        closeButtonProps={"aria-label": t("Close")},
        children=html.Dl(listed, className="keys"),
    )
