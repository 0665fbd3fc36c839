"""What the statistics say in words: one view of the numbers, its links, numbers and times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from babel import dates, numbers, units

from dashboard.feed.filters import FeedFilter
from dashboard.i18n import Translator
from dashboard.reviews.precision import Precision
from dashboard.statistics.comparison import Comparison, Statistics
from dashboard.statistics.counts import Summary, change
from dashboard.statistics.periods import HOUR, Period


@dataclass(frozen=True, slots=True)
class View:
    """Statistics and the words to tell them in.

    Attributes:
        names: what each class is called, by its key.
        reasons: what each reason of a failure is called.
        scheme: ``light`` or ``dark``.
        precision: per class, how often people who judged it in this period found it right.
    """

    t: Translator
    found: Statistics
    names: Mapping[str, str]
    reasons: Mapping[str, str]
    scheme: str
    precision: Mapping[str, Precision] = field(default_factory=dict)

    @property
    def now(self) -> Summary:
        """The chosen period."""
        return self.found.now

    @property
    def before(self) -> Summary | None:
        """The period before, when it is wholly known."""
        return self.found.before if self.found.comparison is Comparison.WHOLE else None

    def name(self, key: str) -> str:
        """A class."""
        return self.names.get(key, key)

    def source(self, source: str) -> str:
        """A camera."""
        return source or self.t("unknown camera")

    def reason(self, reason: str) -> str:
        """Why there is no answer."""
        return self.reasons.get(reason, reason)


def feed_link(period: Period, **parts: Any) -> str:
    """The feed with exactly the events of a bar: single ones, of the same period."""
    events = FeedFilter(flat=True)
    if period.chosen:
        events = replace(events, start=period.start, end=period.end)
    return "/" + replace(events, **parts).to_query()


def hour_link(view: View, key: str, hour: int) -> str:
    """The feed with the events of a class in one hour: the last one, where there are several."""
    period = view.found.period
    when = dt.datetime.fromtimestamp(view.now.latest[key, hour], view.t.zone)
    start = int(when.replace(minute=0, second=0, microsecond=0).timestamp())
    bounds = {"start": max(start, period.start), "end": min(start + HOUR, period.end)}
    return feed_link(period, behaviours=(key,), **bounds)


def percent(t: Translator, share: float) -> str:
    """A share in whole per cent, cut as everywhere on the page: 99.6 % is not certain."""
    cut = int(100 * share + 1e-9) / 100  # a hair: 0.29 times 100 is 28.999...
    return str(numbers.format_percent(cut, locale=t.language))


def rise(t: Translator, now: float, before: float, events: int) -> str:
    """A change in per cent with its sign; empty where there were too few events before."""
    risen = change(now, before, events)
    if risen is None:
        return ""
    if risen == 0:
        return t("as before")
    return ("+" if risen > 0 else "−") + percent(t, abs(risen) / 100)


def decimal(t: Translator, value: float) -> str:
    """A number, with one digit after the point as long as it is small."""
    return str(numbers.format_decimal(round(value, 1 if value < 100 else None), locale=t.language))


def duration(t: Translator, ms: float) -> str:
    """Milliseconds; seconds from ten on."""
    value, unit = (ms, "millisecond") if ms < 10_000 else (ms / 1e3, "second")
    rounded = round(value, 1 if value < 10 or unit == "second" else None)
    return str(units.format_unit(rounded, f"duration-{unit}", "short", locale=t.language))


def width(t: Translator, seconds: int) -> str:
    """How long a column is: "5 minutes"."""
    # The largest unit of which there is one: Babel would otherwise turn 30 minutes into half hours.
    length = dt.timedelta(seconds=seconds)
    return str(dates.format_timedelta(length, "second", threshold=0.99, locale=t.language))


def span(t: Translator, start: float, end: float) -> str:
    """Two moments, the day said once when it is the same; seconds only where they matter."""
    first, last = (dt.datetime.fromtimestamp(at, t.zone) for at in (start, end))
    short = end - start > HOUR or (start % 60 == 0 and end % 60 == 0)
    form: Any = "short" if short else "medium"
    hours = [str(dates.format_time(when, form, locale=t.language)) for when in (first, last)]
    days = [str(dates.format_date(when, "medium", locale=t.language)) for when in (first, last)]
    if days[0] == days[1]:
        return f"{days[0]}, {hours[0]} – {hours[1]}"
    return f"{days[0]}, {hours[0]} – {days[1]}, {hours[1]}"


def clock(t: Translator, at: float) -> str:
    """Time of day; with seconds only where they matter."""
    when = dt.datetime.fromtimestamp(at, t.zone)
    return str(dates.format_time(when, "medium" if at % 60 else "short", locale=t.language))


def hour_span(t: Translator, hour: int) -> str:
    """An hour of day: "14:00 – 15:00"."""
    ends = (dt.time(hour), dt.time((hour + 1) % 24))
    return " – ".join(str(dates.format_time(end, "short", locale=t.language)) for end in ends)


def day(t: Translator, at: float) -> str:
    """A day without its year."""
    when = dt.datetime.fromtimestamp(at, t.zone)
    return str(dates.format_skeleton("MMMd", when, locale=t.language))
