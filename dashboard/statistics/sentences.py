"""Each chart in a sentence: for those who have no time, and for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.feed.latency import Latency
from dashboard.statistics.bars import behaviour_bars, reason_bars
from dashboard.statistics.comparison import Comparison
from dashboard.statistics.counts import ENOUGH, INFRACTION
from dashboard.statistics.local_time import utc_offset
from dashboard.statistics.periods import DAY, HOUR, MINUTE
from dashboard.statistics.rates import precision_rates, source_rates
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
    if grain := _grain(view):
        said.append(grain)
    return " · ".join(said)


def _grain(view: View) -> str:
    """That whole windows were counted, and what that means; empty for single events."""
    t = view.t
    return {
        MINUTE: t("counted by whole minutes, latency to within 5%"),
        HOUR: t("counted by whole hours, latency to within 5%"),
        DAY: t("counted by whole days (UTC), latency to within 5%"),
    }.get(view.found.period.grain, "")


def note(view: View, history: float | None, *, windows_load: bool = False) -> str:
    """What is missing from these numbers; empty when nothing is known to be.

    Args:
        view: the numbers.
        history: how much of the events is read, from 0 to 1; ``None`` when all are.
        windows_load: whether the counts of the time before are still being read.
    """
    t, found = view.t, view.found
    if history is not None and found.period.grain == 1:
        reading = t("Older events are still being read ({share}): the numbers still grow.")
        return reading.replace("{share}", percent(t, history))
    return " ".join(
        filter(None, (_begun_before(view, windows_load=windows_load), *_left_out(view)))
    )


def _left_out(view: View) -> Iterator[str]:
    """Events that no number counts: not yet, or never."""
    t, found = view.t, view.found
    if found.behind:
        yield t.plural(
            "{n} event is not counted yet: the counting has stopped or is slow.",
            "{n} events are not counted yet: the counting has stopped or is slow.",
            found.behind,
        )
    if found.late:
        yield t.plural(
            "{n} event came too late to be counted.",
            "{n} events came too late to be counted.",
            found.late,
        )


def _begun_before(view: View, *, windows_load: bool) -> str:
    """That what is kept begins within the period."""
    t, found = view.t, view.found
    if found.kept_from is None or found.kept_from < found.period.start:
        return ""
    if windows_load:
        return t("Counts of the time before are still being read: the numbers still grow.")
    is_whole = found.period.grain > 1 and found.kept_from == found.period.start
    if is_whole or not found.period.chosen:
        return ""
    said = t("The oldest event that is kept is of {moment}: this period began before.")
    if found.period.grain > 1:
        said = t("Counts are kept from {moment} on: this period began before.")
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
    t, period = view.t, view.found.period
    if period.grain == DAY:
        return t("Only counts per day are left of this period: hours of day are not known.")
    most = max(view.now.infractions)
    if not most:
        return t("No infraction in this period.")
    hour = hour_span(t, view.now.infractions.index(most))
    said = t("Most infractions: {what}.").replace("{what}", f"{hour} ({t.number(most)})")
    if utc_offset(period.start, t.zone) % period.grain:
        said += " " + t("Counted by whole hours of UTC: an hour here begins up to one earlier.")
    return said


def sources(view: View) -> str:
    """The camera with most infractions."""
    counts = {source: kinds[INFRACTION] for source, kinds in view.now.sources.items()}
    most = max(counts, key=lambda source: counts[source], default="")
    if not counts.get(most):
        return view.t("No infraction in this period.")
    said = view.t("Most infractions: {what}.")
    return said.replace("{what}", f"{view.source(most)} ({view.t.number(counts[most])})")


def source_shares(view: View) -> str:
    """The camera that leads by the lower end of its interval, and whether chance may have it so."""
    t, rates = view.t, source_rates(view)
    told = [rate for rate in rates if rate.share is not None]
    few = t("Of fewer than {n} verdicts no share is told.").replace("{n}", t.number(ENOUGH))
    if not told:
        return few if rates else t("No verdict in this period.")
    share, interval = told[0].words(view)
    said = t("Leads: {name}, {share} of {n} verdicts (95% interval {interval}).")
    for place, value in (
        ("{name}", told[0].name),
        ("{share}", share),
        ("{n}", t.number(told[0].events)),
        ("{interval}", interval),
    ):
        said = said.replace(place, value)
    parts = [said]
    if len(told) > 1 and max(rate.high for rate in told[1:]) >= told[0].low:
        parts.append(t("The intervals overlap: it may be by chance."))
    if len(told) < len(rates):
        parts.append(few)
    return " ".join(parts)


def precision(view: View) -> str:
    """How many verdicts people judged, and how many of them they found right."""
    t, rates = view.t, precision_rates(view)
    reviewed = sum(rate.events for rate in rates)
    if not reviewed:
        return t(
            "Nobody has reviewed a verdict in this period: confirm or correct some in the feed, and"
            " how often the model is right stands here."
        )
    right = sum(rate.some for rate in rates)
    said = t.plural(
        "{n} verdict reviewed in this period, {right} found right.",
        "{n} verdicts reviewed in this period, {right} found right.",
        reviewed,
    )
    few = any(rate.share is None for rate in rates)
    said = said.replace("{right}", t.number(right))
    below = t("Of fewer than {n} verdicts no share is told.").replace("{n}", t.number(ENOUGH))
    return f"{said} {below}" if few else said


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
