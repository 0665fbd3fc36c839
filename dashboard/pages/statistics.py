"""Statistics of a period, against the one before it: the page and its callbacks.

The address says which period, so that a link shows the same. Counting happens once a second for
all pages, in a thread: Dash runs what is not ``async`` on the loop that serves everybody.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.basics import attributes, icon, page_title
from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.i18n import Translator, translator
from dashboard.reviews.precision import Precision
from dashboard.statistics import sentences
from dashboard.statistics.comparison import Statistics, statistics, take, with_windows
from dashboard.statistics.palette import COLOURS
from dashboard.statistics.panels import PANELS, Panel, digest, frame, style
from dashboard.statistics.telling import View
from dashboard.statistics.tiles import tiles
from dashboard.texts import behaviours, reasons
from dashboard.windows.store import WindowStore
from model.labels import Label

PATH = "/statistics"
MOST_VIEWS = 64  # different periods and zones counted within one second; the rest counts anew

Pulse = Callable[[], dict[str, Any]]

Judged = Callable[[float, float], dict[str, Precision]]
"""Per class, how often people found it right, from one moment to before another."""


def layout(t: Translator) -> Component:
    """The page in one language; the callbacks fill it."""
    return html.Div(
        [
            page_title(t("Statistics"), _period_control(t)),
            html.P("", id="statistics-scope", className="dim num"),
            html.P("", id="statistics-note", className="note", role="status", hidden=True),
            html.Section(
                _tiles_to_come(),
                id="statistics-tiles",
                className="stats",
                **attributes({"aria-label": t("Summary")}),
            ),
            html.Div(
                [icon("inbox"), html.P(t("Nothing happened in this period.")), _all_kept(t)],
                className="empty",
            ),
            html.Div([frame(t, panel) for panel in PANELS], className="panels"),
            dcc.Store(id=ids.STATISTICS_BEAT),
            dcc.Store(id=ids.STATISTICS_TABLES, data=[]),
            dcc.Store(id=ids.STATISTICS_DRAWN),
        ],
        id="statistics",
        className="statistics loading",
    )


def _all_kept(t: Translator) -> Component:
    return html.A(t("Show all that is kept"), href=PATH, className="button")


def _tiles_to_come() -> list[Component]:
    return [html.Div(className="stat ghost") for _ in range(5)]


def _period_control(t: Translator) -> Component:
    """Links to the usual periods, and a form for any other; ``55-statistics.js`` works it."""
    words = {"data-from": t("From"), "data-to": t("To"), "data-show": t("Show")}
    other = html.Details(
        [
            html.Summary(t("From – to"), className="period-choice"),
            html.Div(className="other-period"),
        ],
        id="statistics-other",
        **attributes(words),
    )
    named = attributes({"aria-label": t("Period")})
    return html.Nav(
        [html.Div(id=ids.STATISTICS_PERIODS, className="period-links"), other],
        className="periods",
        **named,
    )


def period_links(t: Translator, query: str | None) -> list[Component]:
    """One link per usual period, the one of this address marked."""
    chosen = FeedFilter.from_query(query).of_period_alone()
    usual = (
        (600, t("10 minutes")),
        (3600, t("1 hour")),
        (86_400, t("1 day")),
        (604_800, t("7 days")),
        (2_592_000, t("30 days")),
        (None, t("All kept")),
    )
    return [
        html.A(
            title,
            href=PATH + FeedFilter(last=last).to_query(),
            className="period-choice",
            **attributes({"aria-current": "true"} if chosen == FeedFilter(last=last) else {}),
        )
        for last, title in usual
    ]


class Counted:
    """Statistics that all pages share: counted once a second for each period and time zone."""

    def __init__(self, hub: Hub, windows: WindowStore, clock: Callable[[], float]) -> None:
        self._hub, self._windows, self._clock = hub, windows, clock
        self._lock = threading.Lock()
        self._second = -1
        self._found: dict[tuple[FeedFilter, str], Statistics] = {}

    @property
    def waits(self) -> bool:
        """Whether counts of the time before the events in memory are still being read."""
        return self._windows.state == "loading"

    def of(self, wanted: FeedFilter, t: Translator) -> Statistics:
        """The statistics of a period as of this second."""
        now = self._clock()
        with self._lock:
            if int(now) != self._second or len(self._found) >= MOST_VIEWS:
                self._second = int(now)
                self._found.clear()
            key = wanted, str(t.zone)
            if key not in self._found:
                kept = self._windows.kept()
                taken = self._hub.read(lambda rows: take(rows, wanted, now, kept))
                self._found[key] = statistics(with_windows(taken, self._windows), t.zone)
            return self._found[key]


def drawing(
    view: View, query: str, opened: Sequence[str], drawn: dict[str, str] | None, note: str
) -> dict[str, Any]:
    """Everything the page shows of a view; what it shows already is left as it is."""
    digests = {
        panel.name: digest(view, panel, query, is_open=panel.name in opened) for panel in PANELS
    }
    old = [panel.name for panel in PANELS if (drawn or {}).get(panel.name) == digests[panel.name]]

    def each(make: Callable[[Panel], Any]) -> dict[str, Any]:
        return {panel.name: no_update if panel.name in old else make(panel) for panel in PANELS}

    return {
        "figures": each(lambda panel: panel.draw(view)),
        "words": each(lambda panel: panel.say(view)),
        "tables": each(lambda panel: panel.table(view) if panel.name in opened else None),
        "styles": each(lambda panel: style(panel, view)),
        "tiles": tiles(view),
        "scope": sentences.scope(view),
        "note": note,
        "no_note": not note,
        "state": "statistics" if view.now.events else "statistics nothing",
        "drawn": digests,
    }


def _outputs() -> dict[str, Any]:
    names = [panel.name for panel in PANELS]
    return {
        "figures": {name: Output(name, "figure") for name in names},
        "words": {name: Output(f"{name}-words", "children") for name in names},
        "tables": {name: Output(f"{name}-table", "children") for name in names},
        "styles": {name: Output(f"{name}-panel", "className") for name in names},
        "tiles": Output("statistics-tiles", "children"),
        "scope": Output("statistics-scope", "children"),
        "note": Output("statistics-note", "children"),
        "no_note": Output("statistics-note", "hidden"),
        "state": Output("statistics", "className"),
        "drawn": Output(ids.STATISTICS_DRAWN, "data"),
    }


def register(
    app: Dash, counted: Counted, judged: Judged, labels: Sequence[Label], pulse: Pulse
) -> None:
    """Draw anew on each beat of the push, and when period, language or colours change."""

    def tell(
        search: str, opened: Sequence[str], scheme: str | None, t: Translator, drawn: Any
    ) -> dict[str, Any]:
        wanted = FeedFilter.from_query(search).of_period_alone()
        shade = scheme if scheme in COLOURS else "light"
        found = counted.of(wanted, t)
        precision = judged(found.period.start, found.period.end)
        view = View(t, found, behaviours(t, labels), reasons(t), shade, precision)
        note = sentences.note(view, pulse()["history"], windows_load=counted.waits)
        return drawing(view, wanted.to_query(), opened, drawn, note)

    @app.callback(
        output=_outputs(),
        inputs={
            "search": Input(ids.URL, "search"),
            "beat": Input(ids.STATISTICS_BEAT, "data"),
            "opened": Input(ids.STATISTICS_TABLES, "data"),
            "scheme": Input(ids.SCHEME, "data"),
            "zone": Input(ids.ZONE, "data"),
        },
        state={
            "language": State(ids.LANGUAGE, "data"),
            "drawn": State(ids.STATISTICS_DRAWN, "data"),
        },
    )
    async def draw(
        search: str | None,
        beat: int | None,  # noqa: ARG001 - the time has come
        opened: list[str] | None,
        scheme: str | None,
        zone: str | None,
        language: str | None,
        drawn: dict[str, str] | None,
    ) -> Any:
        if zone is None or scheme is None:
            raise PreventUpdate  # the browser is about to say
        t = translator(language, zone)
        return await asyncio.to_thread(tell, search or "", opened or (), scheme, t, drawn)

    app.clientside_callback(
        ClientsideFunction("statistics", "follow"),
        *(Input(panel.name, "clickData") for panel in PANELS),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.STATISTICS_PERIODS, "children"),
        Input(ids.URL, "search"),
        State(ids.LANGUAGE, "data"),
    )
    def mark(search: str | None, language: str | None) -> Any:
        return period_links(translator(language), search)
