"""The figures over the statistics that people come for, each with its change."""

from __future__ import annotations

from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import icon
from dashboard.statistics.counts import ENOUGH
from dashboard.statistics.telling import View, duration, feed_link, percent, rise
from schemas.events import SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: what it is, how much, what of it, against what, and where it leads."""

    icon: str
    title: str
    value: str
    share: str
    against: str
    link: str = ""
    kind: str = ""

    def draw(self) -> Component:
        """The tile; a link where it leads somewhere."""
        parts = [
            html.Div([icon(self.icon), html.Span(self.title)], className="stat-name"),
            html.Div(self.value, className="stat-value num"),
            *(
                html.Div(line, className="dim small num")
                for line in (self.share, self.against)
                if line
            ),
        ]
        style = f"stat {self.kind}".strip()
        if self.link:
            return html.A(parts, href=self.link, className=style)
        return html.Div(parts, className=style)


def tiles(view: View) -> list[Component]:
    """Events, infractions, what is to check, failures and latency."""
    t = view.t
    made = (
        _events(view),
        _kind(view, "triangle-alert", t("Infractions"), "infraction"),
        _kind(view, "eye", t("To check"), "check"),
        _kind(view, "file-x-corner", t("Failures"), "failure"),
        _latency(view),
    )
    return [tile.draw() for tile in made]


def _events(view: View) -> Tile:
    now = view.now.events
    before = view.before.events if view.before else None
    link = feed_link(view.found.period)
    number = view.t.number(now)
    return Tile("layers", view.t("Events"), number, "", _against(view, now, before), link)


def _kind(view: View, name: str, title: str, kind: Severity) -> Tile:
    place = SEVERITIES.index(kind)
    now = view.now.kinds[place]
    before = view.before.kinds[place] if view.before else None
    return Tile(
        name,
        title,
        view.t.number(now),
        _share(view, now),
        _against(view, now, before),
        feed_link(view.found.period, severity=kind),
        kind,
    )


def _latency(view: View) -> Tile:
    t, now = view.t, view.now.latency
    before = view.before.latency if view.before else None
    against = ""
    if now and before:
        risen = rise(t, now.p95, before.p95, before.events)
        against = _beside(risen, t("before: {n}").replace("{n}", duration(t, before.p95)))
    value = duration(t, now.p95) if now else "–"
    median = f"{t('p50')} {duration(t, now.p50)}" if now else ""
    return Tile("timer", t("Latency p95"), value, median, against)


def _share(view: View, count: int) -> str:
    """Of all events; untold of a few."""
    events = view.now.events
    if events < ENOUGH:
        return ""
    return view.t("{share} of all").replace("{share}", percent(view.t, count / events))


def _against(view: View, count: int, before: int | None) -> str:
    if before is None:
        return ""
    was = view.t("before: {n}").replace("{n}", view.t.number(before))
    return _beside(rise(view.t, count, before, before), was)


def _beside(risen: str, was: str) -> str:
    return f"{risen} · {was}" if risen else was
