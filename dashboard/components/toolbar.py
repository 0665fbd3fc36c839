"""What narrows the feed and where it stands: tabs with their counts, filters, a jump in time.

The scripts work what the browser can do alone (``assets/65-filters.js``); the lists of choices and
the range of confidence are Mantine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.basics import action, attributes, icon
from dashboard.components.review import review_choices
from dashboard.feed.filters import FeedFilter
from dashboard.i18n import Translator

ANY_CONFIDENCE = (0, 100)
"""In whole percent: both thumbs at their ends leave no event out."""

STEP = 5
"""Percent per key press or pixel of a thumb: nobody looks for 83 %, and a link may still say it."""

LAYER = 320
"""Lists of choices open over the sheet of filters, which a phone shows over everything else."""


def tabs(t: Translator) -> Component:
    """One tab per severity; each is also the number that people come for."""
    kinds = (
        ("", "layers", t("All")),
        ("infraction", "triangle-alert", t("Infractions")),
        ("check", "eye", t("To check")),
        ("normal", "circle-check", t("Normal")),
        ("failure", "file-x-corner", t("Failures")),
    )
    buttons = [
        html.Button(
            [
                html.Span([icon(name), html.Span(title)], className="tile-name"),
                html.Span("–", className="count tile-value num"),
            ],
            className=f"tile choice {severity}".strip(),
            type="button",
            **attributes({"data-action": "tab", "data-severity": severity}),
        )
        for severity, name, title in kinds
    ]
    named = attributes({"aria-label": t("Show")})
    return html.Div(buttons, className="tabs", role="group", **named)


def toolbar(
    t: Translator, chosen: FeedFilter, names: Mapping[str, str], sources: Sequence[str]
) -> Component:
    """What is set, what can be set, and the pause."""
    return html.Div(
        [
            _opener("filters", "sliders-horizontal", t("Filters"), "F"),
            html.Div(
                [
                    html.Div(id="chips", className="chips"),
                    action("clear", t("Clear filters"), "link-button", id="clear", hidden=True),
                ],
                className="chosen",
            ),
            html.Div(className="grow"),
            html.Div(
                icon("flame"),
                className="heat-slider",
                **attributes({"data-slider": t("Heat map opacity")}),
            ),
            action(
                "flat",
                [icon("square-stack"), html.Span(t("Grouped"))],
                "button toggle",
                t("Similar images in a row as one card"),
            ),
            _opener("jump", "calendar-clock", t("Go to…"), "G"),
            _pause(t),
            _filters(t, chosen, names, sources),
            _jump(t),
        ],
        className="toolbar",
    )


def _opener(panel: str, name: str, title: str, key: str) -> Component:
    words = {"aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": panel}
    return html.Button(
        [icon(name), html.Span(title), html.Span("", className="set-count num", hidden=True)],
        className=f"button opener {panel}-opener",
        type="button",
        title=f"{title} ({key})",
        **attributes(words | {"data-action": "panel"}),
    )


def _pause(t: Translator) -> Component:
    return action(
        "pause",
        [
            icon("pause"),
            icon("play"),
            html.Span(t("Pause"), className="when-live"),
            html.Span(t("Resume"), className="when-paused"),
        ],
        "button pause",
    )


def _sheet(name: str, t: Translator, title: str, *children: Any) -> Component:
    """A small dialog: under its button on a wide screen, from below on a phone."""
    head = html.Div(
        [html.H2(title), action("shut", icon("x"), "round small", t("Close"))], className="spread"
    )
    named = attributes({"aria-label": title})
    return html.Div(
        [head, *children],
        id=name,
        className="sheet",
        role="dialog",
        hidden=True,
        tabIndex=-1,
        **named,
    )


def _filters(
    t: Translator, chosen: FeedFilter, names: Mapping[str, str], sources: Sequence[str]
) -> Component:
    foot = [
        action("clear", t("Clear filters"), "button"),
        action("shut", t("Done"), "button primary"),
    ]
    return _sheet(
        ids.FILTERS,
        t,
        t("Filters"),
        _field(t("Behaviours"), _behaviours(t, chosen, names)),
        _field(t("Camera"), _sources(t, chosen, sources)),
        _confidence(t, chosen),
        _period(t),
        _review(t),
        html.Div(foot, className="spread"),
    )


def _field(title: str, *parts: Any) -> Component:
    return html.Div([html.Div(title, className="field-name"), *parts], className="field")


def _behaviours(t: Translator, chosen: FeedFilter, names: Mapping[str, str]) -> Any:
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
        searchable=True,
        nothingFoundMessage=t("No camera of this name"),
        **_select(t, t("Camera")),
    )


def _select(t: Translator, label: str) -> dict[str, Any]:
    return {
        "clearable": True,
        "size": "sm",
        "comboboxProps": {"zIndex": LAYER},
        "clearButtonProps": {"aria-label": t("Clear")},
        **attributes({"aria-label": label}),
    }


def _confidence(t: Translator, chosen: FeedFilter) -> Component:
    slider = dmc.RangeSlider(
        id=ids.FILTER_CONFIDENCE,
        value=list(chosen.confidence or ANY_CONFIDENCE),
        min=ANY_CONFIDENCE[0],
        max=ANY_CONFIDENCE[1],
        step=STEP,
        minRange=0,
        label=None,
        thumbFromLabel=t("Lowest confidence, percent"),
        thumbToLabel=t("Highest confidence, percent"),
        updatemode="mouseup",  # each value is another feed: only the one that is kept
    )
    said = html.Span("", id="confidence-text", className="dim num")
    head = html.Div([html.Span(t("Confidence"), className="field-name"), said], className="spread")
    return html.Div([head, slider], className="field")


def _period(t: Translator) -> Component:
    spans = (("", t("Any time")), ("600", t("10 min")), ("3600", t("1 h")), ("86400", t("1 day")))
    buttons = [
        action("period", title, "period", **attributes({"data-last": seconds}))
        for seconds, title in spans
    ]
    moments = [_moment("from", t("From")), _moment("to", t("Until"))]
    named = attributes({"aria-label": t("Period")})
    return _field(
        t("Period"),
        html.Div(buttons, className="periods", role="group", **named),
        html.Div(moments, className="moments"),
    )


def _review(t: Translator) -> Component:
    named = attributes({"aria-label": t("Review")})
    return _field(
        t("Review"), html.Div(review_choices(t), className="periods", role="group", **named)
    )


def _moment(name: str, label: str) -> Component:
    """Where the script puts the browser's own control of date and time."""
    return html.Div(
        className="moment-field", **attributes({"data-moment": name, "data-label": label})
    )


def _jump(t: Translator) -> Component:
    back = (("3600", t("1 hour ago")), ("86400", t("1 day ago")), ("604800", t("1 week ago")))
    steps = [
        action("jump-back", title, "period", **attributes({"data-seconds": seconds}))
        for seconds, title in back
    ]
    return _sheet(
        ids.JUMP,
        t,
        t("Go to a time"),
        html.Div(_moment("at", t("Date and time")), className="moments"),
        html.Div(steps, className="periods"),
        html.Div(
            [
                action("resume", t("Back to live"), "button"),
                action("jump", t("Go there"), "button primary"),
            ],
            className="spread",
        ),
    )


def feed_texts(t: Translator) -> dict[str, Any]:
    """What the scripts say of groups, of the filters that are set, and of where the feed stands."""
    return {
        "images": t.forms("{n} image", "{n} images"),
        "looking_at": t("Looking at {time}"),
        "looking_back": t("Looking at {time}, from the archive"),
        "archived": t("From the archive"),
        "from_archive": t(
            "From the archive: before {time}. The numbers above count what came later."
        ),
        "archive": _archive_texts(t),
        "history": t("Reading the history: {share}"),
        "reach": t("The feed reaches back to {time}: events before are in the statistics alone."),
        "last": {
            "600": t("Last 10 minutes"),
            "3600": t("Last hour"),
            "86400": t("Last day"),
        },
        "since": t("since {time}"),
        "until": t("until {time}"),
        "any": t("Any"),
        "take_off": t("Take off the filter {name}"),
        "period_order": t("The end must be after the beginning."),
    }


def _archive_texts(t: Translator) -> dict[str, str]:
    """Why the archive gives no older events, by the word of `dashboard.feed.past`."""
    return {
        "none": t("Older events would be in the archive, but none is kept: start “vigie archive”."),
        "other": t("The archive is of another version of Vigie: bring both to the same one."),
        "away": t("The archive with older events does not answer now. The rest of the page does."),
        "behind": t(
            "The archive has not yet come as far as these events. If it does not run, start it:"
            " “vigie archive”."
        ),
        "filter": t(
            "The archive with older events cannot be asked by review: take this filter off."
        ),
    }
