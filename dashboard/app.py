"""``create_app``: everything the page needs is passed in, so that a test passes its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dashboard import guard, ids, live, web
from dashboard.components.shell import THEME, shell
from dashboard.feed.hub import Hub
from dashboard.feed.items import card
from dashboard.feed.messages import Messages
from dashboard.feed.past import Past
from dashboard.feed.pictures import Pictures
from dashboard.feed.routes import add_feed_routes
from dashboard.i18n import Translator, translator
from dashboard.metrics import add_vitals_routes
from dashboard.operations.desk import Desk
from dashboard.operations.report import Snapshot, not_known
from dashboard.operations.routes import add_letter_routes
from dashboard.pages import dead_letters, feed, replays, statistics, try_it
from dashboard.replays.desk import ReplayDesk
from dashboard.replays.routes import add_replay_routes
from dashboard.reviews.desk import ReviewDesk
from dashboard.reviews.export import add_export_route
from dashboard.reviews.routes import add_review_routes
from dashboard.settings import DashboardSettings
from dashboard.texts import browser_texts
from dashboard.trial.simulator import add_simulator_routes
from dashboard.trial.upload import Uploads, add_upload_routes
from dashboard.windows.store import WindowStore, no_windows
from model.labels import Label
from producers.simulator_controls import Controls
from transport.health.vitals import Vitals
from transport.hosts import allowed_hosts

INDEX = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<title>Vigie</title>
<link rel="icon" href="/assets/logo.svg">{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""

VIEWPORT = "width=device-width, initial-scale=1, viewport-fit=cover"


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of.

    Attributes:
        labels: the classes of the job, in the order of the model's outputs.
        camera_folder: where a newcomer is told to drop images.
        uploads: where pictures that a person gives to the page go; ``None``: it takes none.
        simulator: steers the simulated cameras; ``None``: the page does not show them.
        operations: how the work goes, at a moment in seconds since 1970.
        desk: where dead letters are looked at and sent again; ``None``: they cannot be.
        replays: where replays are looked at; ``None``: they cannot be.
        reviews: where people say what they think of events; ``None``: they cannot.
        windows: counts of the time before the events in memory.
        past: the feed beyond the events in memory; ``None``: it ends with them.
        vitals: what the process tells of itself; ``None``: it has no readiness and metrics.
    """

    hub: Hub
    messages: Messages
    pictures: Pictures
    labels: Sequence[Label]
    settings: DashboardSettings
    camera_folder: str
    uploads: Uploads | None = None
    simulator: Controls | None = None
    operations: Callable[[float], Snapshot] = not_known
    desk: Desk | None = None
    replays: ReplayDesk | None = None
    reviews: ReviewDesk | None = None
    windows: WindowStore = field(default_factory=no_windows)
    past: Past | None = None
    vitals: Vitals | None = None
    clock: Callable[[], float] = time.time


def create_app(site: Site) -> FastAPI:
    """The whole site as one ASGI application."""
    server = FastAPI(title="Vigie", docs_url=None, redoc_url=None, openapi_url=None)
    pulse = live.Pulse(partial(_pulse, site), site.hub.counts, site.clock, _known_reviews(site.hub))
    web.add_picture_routes(server, site.pictures)
    _add_try_routes(server, site)
    if site.desk:
        add_letter_routes(server, site.desk)
    if site.replays:
        add_replay_routes(server, site.replays)
    if site.reviews:
        add_review_routes(server, site.hub, site.reviews)
        add_export_route(server, site.hub, site.reviews.job, site.clock)
    if site.vitals:
        add_vitals_routes(server, site.vitals)
    past = site.past or Past(site.hub, None, "", "")
    add_feed_routes(server, site.hub, past, site.messages, site.labels)
    web.add_data_routes(server, site.hub, pulse)
    app = Dash(
        __name__,
        server=cast("Any", server),
        title="Vigie",
        index_string=INDEX,
        suppress_callback_exceptions=True,
        update_title=cast("Any", None),
        meta_tags=[{"name": "viewport", "content": VIEWPORT}],
    )
    app.layout = _frame
    _register_frame(app, site, pulse)
    feed.register(app)
    counted = statistics.Counted(site.hub, site.windows, site.clock)
    statistics.register(app, counted, site.hub.ledger.precision, site.labels, pulse.of)
    live.register(app, site.hub, pulse)
    # Dash does this at the first request for "/": a page asked for by another address before that,
    # such as a link to the statistics, would come without styles and scripts. A test holds it.
    app._setup_server()
    policy = web.content_security_policy(list(app.csp_hashes()))
    server.add_middleware(GZipMiddleware, minimum_size=1024)
    server.add_middleware(web.SecurityHeaders, policy=policy)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(site.settings.host))
    return server


def _pulse(site: Site, now: float) -> dict[str, Any]:
    return {**site.hub.pulse(now), "operations": site.operations(now)}


def _known_reviews(hub: Hub) -> Callable[[], int]:
    return lambda: hub.ledger.version


def _add_try_routes(server: FastAPI, site: Site) -> None:
    guard.answer_refusals(server)
    if site.uploads:
        add_upload_routes(server, site.uploads, partial(_card_of, site.hub))
    if site.simulator:
        add_simulator_routes(server, site.simulator, site.clock)


def _card_of(hub: Hub, reference_id: str) -> dict[str, Any] | None:
    found = hub.find_reference(reference_id)
    return card(found) if found else None


def _frame() -> Any:
    """What stays when the page or the language changes."""
    stores = (ids.ZONE, ids.SCHEME, ids.TEXTS, ids.PAGE)
    return dmc.MantineProvider(
        [
            dcc.Location(id=ids.URL, refresh=False),
            dcc.Store(id=ids.LANGUAGE, storage_type="local"),
            *(dcc.Store(id=name) for name in stores),
            dcc.Store(id=ids.PAUSED, data=False),
            html.Div(id=ids.WIRE_BATCH, hidden=True),
            html.Div(id=ids.WIRE_PULSE, hidden=True),
            html.Div(id=ids.ROOT),
        ],
        theme=THEME,
        defaultColorScheme="auto",
    )


def _pages(
    site: Site, pulse: live.Pulse, t: Translator, query: str
) -> dict[str, Callable[[], Component]]:
    """What makes each page, by its address."""
    most_bytes = site.uploads.max_bytes if site.uploads else 0
    simulates = site.simulator is not None
    return {
        "/": lambda: feed.layout(t, query, site.labels, pulse.of()["sources"], site.camera_folder),
        "/statistics": lambda: statistics.layout(t),
        "/replays": lambda: replays.layout(t),
        "/dead-letters": lambda: dead_letters.layout(t),
        "/try": lambda: try_it.layout(t, site.labels, most_bytes, has_simulator=simulates),
    }


def render(
    site: Site, pulse: live.Pulse, language: str | None, path: str | None, query: str | None
) -> tuple[Any, Any]:
    """The whole visible page in one language, and the words its scripts need."""
    if not language:
        return no_update, no_update  # the browser is about to say which one
    t = translator(language)
    pages = _pages(site, pulse, t, query or "")
    current = path if path in pages else "/"
    texts = browser_texts(t, site.labels, site.settings.stale_after_s)
    return shell(t, current, pages[current]()), texts


def _register_frame(app: Dash, site: Site, pulse: live.Pulse) -> None:
    app.callback(
        Output(ids.ROOT, "children"),
        Output(ids.TEXTS, "data"),
        Input(ids.LANGUAGE, "data"),
        Input(ids.URL, "pathname"),
        State(ids.URL, "search"),
    )(partial(render, site, pulse))
    app.clientside_callback(
        ClientsideFunction("vigie", "language"),
        Output(ids.LANGUAGE, "data"),
        Input(ids.LANGUAGE_CHOICE, "value", allow_optional=True),
        Input(ids.WIRE_PULSE, "id"),  # there from the start, when the choice is not yet
        State(ids.LANGUAGE, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("vigie", "stand"),
        Output(ids.PAGE, "data"),
        Input(ids.PAUSED, "data"),
        Input(ids.FILTER_URL, "search", allow_optional=True),
        Input(ids.TEXTS, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("vigie", "connect"),
        Output(ids.ZONE, "data"),
        Input(ids.WIRE_BATCH, "id"),
        Input(ids.WIRE_PULSE, "id"),
    )
