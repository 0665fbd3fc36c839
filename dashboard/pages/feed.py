"""The live page: events as they come, and far back; one of them in full beside them.

Layout only: ``assets/`` fills it with what the push and ``/api/events`` bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.basics import action, attributes, icon, trouble
from dashboard.components.inspector import inspector
from dashboard.components.review import all_reviewed, review_bar, review_toast
from dashboard.components.toolbar import ANY_CONFIDENCE, tabs, toolbar
from dashboard.feed.filters import FeedFilter
from dashboard.i18n import Translator
from dashboard.texts import behaviours
from model.labels import Label

GHOSTS = 8  # two rows on most screens: enough to say where cards will be
LONGEST_MOMENT = 11  # digits of seconds since 1970, until the year 5138


def layout(
    t: Translator, query: str, labels: Sequence[Label], sources: Sequence[str], camera_folder: str
) -> Component:
    """The page in one language, its controls as the address says."""
    chosen = FeedFilter.from_query(query)
    stream = html.Section(
        [_standing(t), _trouble(t, "newer"), _cards(t), *_states(t, camera_folder)], id="stream"
    )
    return html.Div(
        [
            dcc.Location(id=ids.FILTER_URL, refresh=False),
            html.H1(t("Live events"), className="hidden"),
            html.P("", id="announced", className="hidden", role="status"),
            html.Section(
                [tabs(t), _ribbon(t)], className="tiles", **attributes({"aria-label": t("Summary")})
            ),
            _banner(t),
            toolbar(t, chosen, behaviours(t, labels), sources),
            review_bar(t),
            _history(t),
            html.Div([stream, inspector(t)], className="split-view"),
            review_toast(t),
        ],
        className="feed-page",
    )


def _ribbon(t: Translator) -> Component:
    said = {"aria-label": t("Events per ten seconds, last ten minutes")}
    return html.Div(
        [
            html.Div(
                [
                    html.Span(t("Last 10 minutes")),
                    html.Span(className="grow"),
                    html.Span([t("Latency p95"), " ", html.Strong("–", id="tile-latency")]),
                ],
                className="tile-name num",
            ),
            html.Div(id="ribbon", className="ribbon", role="img", **attributes(said)),
        ],
        className="tile ribbon-tile",
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


def _history(t: Translator) -> Component:
    """How much of the past the server has read: a note, the feed is already there."""
    bar = html.Progress(
        id="history-bar", max="1", value="0", **attributes({"aria-label": t("Reading the history")})
    )
    said = html.Span("", id="history-text", className="num")
    return html.Div([said, bar], id="history-note", className="history-note dim small", hidden=True)


def _standing(t: Translator) -> Component:
    """Over the cards while the feed is not at its newest: where it stands, and the way back."""
    words = [
        icon("arrow-up"),
        html.Span("", id="waiting-text", className="num"),
        html.Strong(t("Back to live")),
    ]
    return html.Div(
        [
            html.Span([icon("history"), html.Span("", id="standing-text")], id="standing-at"),
            action("resume", words, "waiting", id="waiting"),
        ],
        id="standing",
        className="standing",
        hidden=True,
    )


def _trouble(t: Translator, side: str) -> Component:
    """In the place of a page of cards that could not be had."""
    sentence = {
        "older": t("Older events could not be fetched."),
        "newer": t("Newer events could not be fetched."),
    }[side]
    again = action("retry", [icon("rotate-ccw"), t("Try again")])
    return trouble(side, again, sentence, "feed-trouble")


def _cards(t: Translator) -> Component:
    named = {"aria-label": t("Events, newest first"), "aria-busy": "true"}
    return html.Div(id="feed", className="feed", role="feed", **attributes(named))


def _ghosts(component_id: str, *before: Component) -> Component:
    """The shape of cards to come: no spinner, nothing moves when they arrive."""
    ghosts = [html.Div(className="card ghost") for _ in range(GHOSTS)]
    silent = attributes({"aria-hidden": "true"})
    return html.Div([*before, html.Div(ghosts, className="feed", **silent)], id=component_id)


def _states(t: Translator, camera_folder: str) -> tuple[Component, ...]:
    """What stands in the place of cards when there are none, and after the last one."""
    return (
        _ghosts("feed-loading", html.P("", id="loading-text", className="dim num")),
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
        all_reviewed(t),
        _first_run(t, camera_folder),
        html.Div(_ghosts("feed-more"), id="feed-older", hidden=True),
        _trouble(t, "older"),
        html.P(t("The oldest event kept"), id="feed-end", className="dim end", hidden=True),
        _archive(t),
        html.P("", id="feed-reach", className="dim end num", role="status", hidden=True),
        html.P("", id="feed-unreadable", className="dim end num"),
    )


def _archive(t: Translator) -> Component:
    """Below the last card: why no older ones come from the archive."""
    again = action("archive-again", [icon("rotate-ccw"), t("Try again")], id="archive-again")
    said = html.Span("", id="archive-text")
    return html.Div(
        [said, again], id="feed-archive", className="dim end", role="status", hidden=True
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
            dcc.Link(t("Try it with a picture"), href="/try", className="button primary"),
            html.Ul(steps, className="ways"),
        ],
        id="feed-first",
        className="empty first",
        hidden=True,
    )


def standing_at(search: str | None) -> str:
    """The part of the address that says at which moment the feed stands; empty when it is live.

    Where a feed stands is no filter: it does not change which events there are.
    """
    moment = parse_qs((search or "")[:4096].lstrip("?")).get("at", [""])[0]
    plain = moment.isascii() and moment.isdecimal() and len(moment) <= LONGEST_MOMENT
    return f"at={int(moment)}" if plain else ""


def choose(
    search: str | None,
    wanted: Sequence[str] | None,
    source: str | None,
    confidence: Sequence[int] | None,
    from_address: bool,
) -> tuple[str, list[str], str | None, list[int]]:
    """The address and the controls always say the same thing; the one that moved wins.

    Returns:
        The query string, the behaviours, the source, and the range of confidence in percent.
    """
    state = FeedFilter.from_query(search)
    if not from_address:
        span = tuple(confidence or ANY_CONFIDENCE)
        state = replace(
            state,
            behaviours=tuple(sorted(wanted or ())),
            source=source or "",
            confidence=None if span == ANY_CONFIDENCE else (span[0], span[1]),
        )
    parts = [part for part in (state.to_query().lstrip("?"), standing_at(search)) if part]
    query = f"?{'&'.join(parts)}" if parts else ""
    span = state.confidence or ANY_CONFIDENCE
    return query, list(state.behaviours), state.source or None, list(span)


def register(app: Dash) -> None:
    """Keep the address and the controls together."""

    @app.callback(
        Output(ids.FILTER_URL, "search"),
        Output(ids.FILTER_BEHAVIOURS, "value"),
        Output(ids.FILTER_SOURCE, "value"),
        Output(ids.FILTER_CONFIDENCE, "value"),
        Input(ids.FILTER_URL, "search"),
        Input(ids.FILTER_BEHAVIOURS, "value"),
        Input(ids.FILTER_SOURCE, "value"),
        Input(ids.FILTER_CONFIDENCE, "value"),
        prevent_initial_call=True,
    )
    def synchronise(
        search: str | None,
        wanted: list[str] | None,
        source: str | None,
        confidence: list[int] | None,
    ) -> Any:
        if search is None:
            raise PreventUpdate  # the browser is about to say what its address is
        # Drawn anew, the address and the controls arrive at once, in no certain order.
        moved = {one["prop_id"].partition(".")[0] for one in ctx.triggered}
        return choose(search, wanted, source, confidence, ids.FILTER_URL in moved)
