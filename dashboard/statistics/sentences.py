"""Each chart in a sentence: for those who have no time, and for those who do not see it."""

from __future__ import annotations

from dashboard.feed.latency import Latency
from dashboard.statistics.bars import behaviour_bars, reason_bars
from dashboard.statistics.counts import INFRACTION, Comparison
from dashboard.statistics.periods import DAY
from dashboard.statistics.telling import (
    View,
    clock,
    day,
    decimal,
    duration,
    hour_span,
    percent,
    rise,
    span,
    width,
)

NAMED = 3  # of a list: what a person keeps in mind


def scope(view: View) -> str:
    """How many events of which period, and what they are compared with."""
    t, period = view.t, view.found.period
    counted = t.plural("{n} event", "{n} events", view.now.events)
    said = [counted, span(t, period.start, period.end)]
    match view.found.comparison:
        case Comparison.WHOLE:
            before = span(t, period.before.start, period.before.end)
            said.append(t("compared with {period}").replace("{period}", before))
        case Comparison.NOTHING:
            said.append(t("no comparison: nothing before"))
        case Comparison.PARTIAL:
            said.append(t("no comparison: the period before is only partly kept"))
    return " · ".join(said)


def note(view: View, history: float | None) -> str:
    """What is missing from these numbers; empty when nothing is known to be."""
    t, found = view.t, view.found
    if history is not None:
        said = t("Older events are still being read ({share}): the numbers still grow.")
        return said.replace("{share}", percent(t, history))
    if not found.period.chosen or found.kept_from is None or found.kept_from < found.period.start:
        return ""
    said = t("The oldest event that is kept is of {moment}: this period began before.")
    return said.replace("{moment}", t.moment(found.kept_from))


def behaviours(view: View) -> str:
    """The most frequent classes."""
    most = [bar for bar in behaviour_bars(view) if bar.events][:NAMED]
    if not most:
        return view.t("No verdict in this period.")
    listed = ", ".join(f"{bar.name} ({view.t.number(bar.events)})" for bar in most)
    return view.t("Most often: {list}.").replace("{list}", listed)


def time(view: View) -> str:
    """How many on average, and when most."""
    t, edges = view.t, view.found.edges
    totals = [sum(kinds) for kinds in view.now.columns]
    peak = totals.index(max(totals))
    when = edges[peak]
    at = clock(t, when) if edges[-1] - edges[0] <= DAY else f"{day(t, when)}, {clock(t, when)}"
    rate = 60 * view.now.events / (edges[-1] - edges[0])
    said = t("{mean} events per minute on average; most from {time}: {n} in {width}.")
    for place, value in (
        ("{mean}", decimal(t, rate)),
        ("{time}", at),
        ("{n}", t.number(totals[peak])),
        ("{width}", width(t, view.found.period.step())),
    ):
        said = said.replace(place, value)
    return said


def hours(view: View) -> str:
    """The hour of day with most infractions."""
    most = max(view.now.infractions)
    if not most:
        return view.t("No infraction in this period.")
    said = view.t("Most infractions: {what}.")
    hour = hour_span(view.t, view.now.infractions.index(most))
    return said.replace("{what}", f"{hour} ({view.t.number(most)})")


def sources(view: View) -> str:
    """The camera with most infractions."""
    counts = {source: kinds[INFRACTION] for source, kinds in view.now.sources.items()}
    most = max(counts, key=lambda source: counts[source], default="")
    if not counts.get(most):
        return view.t("No infraction in this period.")
    said = view.t("Most infractions: {what}.")
    return said.replace("{what}", f"{view.source(most)} ({view.t.number(counts[most])})")


def confidence(view: View) -> str:
    """How sure the model was, half of the time."""
    median = view.now.median_confidence
    if median is None:
        return view.t("No verdict in this period.")
    said = view.t("Half of the verdicts are at least {share} sure.")
    return said.replace("{share}", percent(view.t, median))


def latency(view: View) -> str:
    """Both quantiles, now and before."""
    t, now = view.t, view.now.latency
    if now is None:
        return t("No latency is known in this period.")
    said = _quantiles(view, now)
    before = view.before.latency if view.before else None
    if before:
        said += " · " + t("before: {n}").replace("{n}", _quantiles(view, before))
    return said


def _quantiles(view: View, latency: Latency) -> str:
    t = view.t
    return f"{t('p50')} {duration(t, latency.p50)}, {t('p95')} {duration(t, latency.p95)}"


def reasons(view: View) -> str:
    """How many failures, and why most of them."""
    bars = reason_bars(view)
    failed = sum(bar.events for bar in bars)
    if not failed:
        return view.t("No failure in this period.")
    counted = view.t.plural("{n} failure", "{n} failures", failed)
    before = sum(view.before.reasons.values()) if view.before else 0
    risen = rise(view.t, failed, before, before)
    return f"{counted} ({risen})" if risen else counted
