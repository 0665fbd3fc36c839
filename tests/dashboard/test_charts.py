"""What the statistics show of their numbers: charts, sentences, tables, links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest
from dash import no_update
from dash.development.base_component import Component
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item, Place
from dashboard.feed.rows import Rows
from dashboard.i18n import Translator, translator
from dashboard.pages.statistics import Counted, drawing, period_links
from dashboard.reviews.precision import Precision
from dashboard.statistics import charts, sentences, tables
from dashboard.statistics.bars import (
    Bar,
    behaviour_bars,
    confidence_bars,
    reason_bars,
    source_bars,
    time_bars,
)
from dashboard.statistics.chart_parts import label
from dashboard.statistics.comparison import statistics, take
from dashboard.statistics.palette import COLOURS, MEANING, SHEET, variables
from dashboard.statistics.panels import PANELS, Panel, titles
from dashboard.statistics.rates import precision_rates, source_rates
from dashboard.statistics.telling import View, duration, hour_link, percent, rise, span, width
from dashboard.statistics.tiles import tiles
from dashboard.texts import behaviours, reasons
from dashboard.windows.store import no_windows
from model.driver.labels import BEHAVIOURS
from schemas.events import SEVERITIES
from tests.dashboard.kit import FAILED, item, seen

ENGLISH, FRENCH = translator("en", "Europe/Paris"), translator("fr", "Europe/Paris")
NOW = 1_795_244_400.5
HOSTILE = '<b>bold</b><img src="x" onerror="alert(1)">'
OUTCOMES = (seen(0), seen(6, 0.876), seen(4, 0.43, abstained=True), FAILED)


def events(count: int = 120, gap_s: float = 55.0) -> list[Item]:
    """Of every outcome and from three cameras, the newest right now."""
    made = []
    for n in range(count):
        source = ("cabin-01", "cabin-02", "")[n % 3]
        one = item(n, OUTCOMES[n % 7 % 4], source=source)
        made.append(replace(one, place=Place(0, n), at=NOW - gap_s * (count - 1 - n)))
    return made


def view(
    found: Sequence[Item], wanted: FeedFilter, t: Translator = ENGLISH, scheme: str = "light"
) -> View:
    made = statistics(take(Rows.of(found), wanted, NOW), t.zone)
    return View(t, made, behaviours(t, BEHAVIOURS), reasons(t), scheme)


HOUR = FeedFilter(last=3600)
COMPARED = view(events(), HOUR)
EVERY_VIEW = [
    view(found, wanted, t, scheme)
    for found in (events(), [])
    for wanted in (HOUR, FeedFilter(), FeedFilter(last=7 * 86_400))
    for t, scheme in ((ENGLISH, "dark"), (FRENCH, "light"))
]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("shown", EVERY_VIEW)
def test_every_chart_is_one_that_plotly_knows(panel: Panel, shown: View) -> None:
    go.Figure(panel.draw(shown))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("shown", EVERY_VIEW)
def test_every_chart_has_its_sentence_and_its_table(panel: Panel, shown: View) -> None:
    assert panel.say(shown)
    assert "{" not in panel.say(shown)
    assert panel.table(shown).children
    assert panel.name in titles(shown.t)


def test_the_colours_of_charts_are_those_of_the_style_sheet() -> None:
    sheet = SHEET.read_text("utf-8")
    light = variables(sheet, ":root")
    dark = light | variables(sheet, '[data-mantine-color-scheme="dark"]')
    for meaning, name in MEANING.items():
        assert (COLOURS["light"][meaning], COLOURS["dark"][meaning]) == (light[name], dark[name])
    assert light["red-line"] != dark["red-line"]


BARS: tuple[Callable[[View], list[Bar]], ...] = (
    behaviour_bars,
    source_bars,
    time_bars,
    confidence_bars,
    reason_bars,
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9000)), max_size=40),
    st.sampled_from((HOUR, FeedFilter(), FeedFilter(start=int(NOW) - 5000, end=int(NOW) - 999))),
)
def test_a_bar_leads_to_as_many_events_as_it_is_long(
    made: list[tuple[int, int]], wanted: FeedFilter
) -> None:
    found = [replace(item(n, OUTCOMES[kind]), at=NOW - ago) for n, (kind, ago) in enumerate(made)]
    rows, shown = Rows.of(found), view(found, wanted)

    def accepted(link: str) -> int:
        return int(FeedFilter.from_query(link[1:]).accepts(rows, NOW).sum())

    for bars in BARS:
        for bar in bars(shown):
            assert accepted(bar.link) == bar.events
    for part, severity in zip(tiles(shown)[1:4], ("infraction", "check", "failure"), strict=True):
        assert accepted(part.href) == shown.now.kinds[SEVERITIES.index(severity)]


def test_a_cell_leads_to_the_last_hour_that_it_counts() -> None:
    noon = 1_795_172_400  # 12:00 in Paris
    found = [replace(item(n, seen(6)), at=noon + n) for n in (-86_400, -86_399, 0, 1, 2, 3600)]
    shown = view(found, FeedFilter())
    assert shown.now.hours["drink"][12] == 5
    link = FeedFilter.from_query(hour_link(shown, "drink", 12)[1:])
    assert (link.start, link.end, link.behaviours) == (noon, noon + 3600, ("drink",))


def test_an_event_without_a_camera_or_a_class_leads_nowhere() -> None:
    found = [replace(item(1, seen(1)), source="", behaviour="", at=NOW)]
    shown = view(found, FeedFilter())
    assert source_bars(shown)[0].link == ""
    assert [bar.link for bar in behaviour_bars(shown) if bar.events] == [""]


def test_what_others_wrote_is_shown_and_never_markup() -> None:
    found = [replace(one, source=HOSTILE, behaviour=HOSTILE) for one in events(8)]
    shown = view(found, FeedFilter())
    for panel in PANELS:
        assert "<b>bold" not in str(panel.draw(shown))
        assert "<img" not in str(panel.draw(shown))
    assert label("<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"


def texts(part: Any) -> list[str]:
    """Every text of a component, in order."""
    if isinstance(part, Component):
        return texts(getattr(part, "children", None))
    if isinstance(part, (list, tuple)):
        return [text for one in part for text in texts(one)]
    return [] if part is None else [str(part)]


def test_a_tile_says_how_much_what_share_and_what_was_before() -> None:
    shown = view([*events(66), *_before(44)], HOUR)
    said = [texts(tile) for tile in tiles(shown)]
    assert said[0] == ["Events", "66", "+50% · before: 44"]
    assert said[1][:3] == ["Infractions", "19", "28% of all"]
    assert said[4][0] == "Latency p95"


def _before(count: int) -> list[Item]:
    """So many events in the hour before the last, and the first of all before that."""
    return [
        replace(one, at=NOW - 3700 - 40 * n if n else NOW - 7300)
        for n, one in enumerate(events(count + 1))
    ]


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        (events(10), HOUR, "no comparison: nothing before"),
        (events(100), HOUR, "no comparison: the period before is only partly kept"),
        (events(200), HOUR, "compared with Nov 21, 2026"),
    ],
)
def test_what_can_not_be_compared_is_said_in_words(
    found: list[Item], wanted: FeedFilter, said: str
) -> None:
    assert said in sentences.scope(view(found, wanted))


def test_a_period_that_is_not_wholly_known_carries_a_note() -> None:
    short, whole = view(events(10), HOUR), view(events(200), HOUR)
    assert "this period began before" in sentences.note(short, None)
    assert "(62%)" in sentences.note(whole, 0.62)
    assert sentences.note(whole, None) == ""
    assert sentences.note(view(events(10), FeedFilter()), None) == ""


def cameras(**kinds: tuple[int, int]) -> View:
    """So many infractions and usual verdicts of each camera."""
    made = [
        item(0, seen(6 if n < infractions else 0), source=source)
        for source, (infractions, usual) in kinds.items()
        for n in range(infractions + usual)
    ]
    return view([replace(one, at=NOW - 60) for one in made], FeedFilter())


def test_a_camera_with_a_few_events_cannot_lead() -> None:
    shown = cameras(few=(3, 0), lucky=(4, 16), sure=(150, 850), rare=(1, 99), none=(0, 25))
    rates = source_rates(shown)
    assert [rate.name for rate in rates] == ["sure", "lucky", "rare", "none", "few"]
    assert [rate.share for rate in rates] == [0.15, 0.2, 0.01, 0, None]
    said = sentences.source_shares(shown)
    assert "Leads: sure, 15% of 1,000 verdicts (95% interval 12% – 17%)" in said
    assert "Of fewer than 20 verdicts no share is told." in said
    told = texts(tables.source_shares(shown))
    assert told[-5:] == ["few", "3", "3", "too few", "–"]
    points = charts.source_shares(shown)["data"][0]
    assert points["x"][0] is None
    assert points["error_x"]["array"][0] == points["error_x"]["arrayminus"][0] == 0


def test_a_share_lies_within_its_interval_and_failures_are_no_verdicts() -> None:
    for rate in source_rates(COMPARED):
        assert 0 <= rate.low <= rate.some / rate.events <= rate.high <= 1
    assert sum(rate.events for rate in source_rates(COMPARED)) == sum(COMPARED.now.kinds[:3])


def test_the_surely_worst_class_leads_what_people_reviewed() -> None:
    reviewed = {
        "safe": Precision.of(2, 4),
        "drink": Precision.of(30, 60),
        "radio": Precision.of(99, 100),
    }
    shown = replace(COMPARED, precision=reviewed)
    rates = precision_rates(shown)
    assert [rate.name for rate in rates] == [shown.name(key) for key in ("drink", "radio", "safe")]
    assert rates[0].link == "/?behaviour=drink&review=open"
    assert "164 verdicts reviewed in this period, 131 found right" in sentences.precision(shown)
    go.Figure(charts.precision(shown))
    assert texts(tables.precision(shown))[-5:] == [shown.name("safe"), "2", "4", "too few", "–"]
    assert "Nobody has reviewed" in sentences.precision(COMPARED)


def test_only_what_changed_is_drawn_anew() -> None:
    first = drawing(COMPARED, "?last=3600", (), None, "")
    assert no_update not in first["figures"].values()
    again = drawing(COMPARED, "?last=3600", (), first["drawn"], "")
    assert set(again["figures"].values()) == set(again["tables"].values()) == {no_update}
    opened = drawing(COMPARED, "?last=3600", ["by-hour"], first["drawn"], "")
    drawn = [name for name, figure in opened["figures"].items() if figure is not no_update]
    assert drawn == ["by-hour"]
    dark = drawing(replace(COMPARED, scheme="dark"), "?last=3600", (), first["drawn"], "")
    assert no_update not in dark["figures"].values()


def test_pages_that_ask_within_one_second_share_one_count() -> None:
    hub, now, asked = Hub(100), [NOW], []
    hub.open("log")
    read = hub.read
    hub.read = lambda tell: asked.append(1) or read(tell)  # type: ignore[method-assign]
    counted = Counted(hub, no_windows(), lambda: now[0])
    first = counted.of(HOUR, ENGLISH)
    assert counted.of(HOUR, FRENCH) is first
    assert counted.of(HOUR, translator("fr", "Asia/Tokyo")) is not first
    now[0] += 1
    assert counted.of(HOUR, ENGLISH) is not first
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("", "All kept"),
        ("?last=3600", "1 hour"),
        ("?last=604800", "7 days"),
        ("?last=2592000", "30 days"),
        ("?last=61", None),
        ("?from=1&to=2", None),
        (None, "All kept"),
    ],
)
def test_the_period_of_the_address_is_marked(query: str | None, marked: str | None) -> None:
    links = period_links(ENGLISH, query)
    current = [link.children for link in links if "aria-current" in link.to_plotly_json()["props"]]
    assert current == ([marked] if marked else [])


@pytest.mark.parametrize(
    ("said", "english", "french"),
    [
        (lambda t: percent(t, 0.996), "99%", "99\xa0%"),
        (lambda t: rise(t, 112, 100, 100), "+12%", "+12\xa0%"),
        (lambda t: rise(t, 3, 2, 2), "", ""),
        (lambda t: rise(t, 20, 20, 20), "as before", "comme avant"),
        (lambda t: duration(t, 4.25), "4.2 ms", "4,2\u202fms"),
        (lambda t: duration(t, 1234), "1,234 ms", "1\u202f234\u202fms"),
        (lambda t: duration(t, 12_345), "12.3 sec", "12,3\u202fs"),
        (lambda t: width(t, 1800), "30 minutes", "30 minutes"),
        (lambda t: width(t, 10_800), "3 hours", "3\xa0heures"),
    ],
)
def test_numbers_have_the_forms_of_the_language(
    said: Callable[[Translator], str], english: str, french: str
) -> None:
    assert (said(ENGLISH), said(FRENCH)) == (english, french)


def test_a_span_says_its_day_once() -> None:
    assert span(FRENCH, NOW - 0.5, NOW + 3599.5) == "21 nov. 2026, 08:00 – 09:00"
    assert span(FRENCH, NOW - 0.5, NOW + 86_399.5).count("nov.") == 2
