"""Words, numbers and dates in the reader's language.

English is the source; the catalogues under ``locale/`` hold the other languages. What the scripts
say of single events, percentages among it, is formed in ``assets/10-words.js`` alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, dates, numbers
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LANGUAGES = {"fr": "Français", "en": "English"}
DOMAIN = "vigie"
_LOCALE = Path(__file__).parent / "locale"


@cache
def catalogue(language: str) -> Catalog:
    """The translations of a language; empty for the source language."""
    path = _LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


@dataclass(frozen=True, slots=True)
class Translator:
    """``t("Pause")``: the message in the language, or itself."""

    language: str = "en"
    zone: dt.tzinfo = field(default=dt.UTC)

    def __call__(self, message: str) -> str:
        """The message in the language; itself where it has no translation."""
        entry = catalogue(self.language).get(message)
        return str(entry.string) if entry is not None and entry.string else message

    def forms(self, one: str, many: str) -> dict[str, str]:
        """A counted text, keyed as the browser's ``Intl.PluralRules`` names its forms."""
        entry = catalogue(self.language).get(one)
        found = entry.string if entry is not None else None
        forms = found if isinstance(found, tuple) and all(found) else (one, many)
        return {"one": str(forms[0]), "other": str(forms[-1])}

    def plural(self, one: str, many: str, count: int) -> str:
        """The counted text for ``count``, which replaces its ``{n}``."""
        forms = self.forms(one, many)
        form = forms.get(Locale.parse(self.language).plural_form(count), forms["other"])
        return form.replace("{n}", self.number(count))

    def number(self, value: float) -> str:
        """A whole number, in groups of three as the language has them."""
        return str(numbers.format_decimal(round(value), locale=self.language))

    def moment(self, at: float) -> str:
        """A date and time of day, from seconds since 1970."""
        when = dt.datetime.fromtimestamp(at, self.zone)
        return str(dates.format_datetime(when, "medium", locale=self.language))

    def clock(self, at: float) -> str:
        """Hours and minutes, from seconds since 1970."""
        when = dt.datetime.fromtimestamp(at, self.zone)
        return str(dates.format_time(when, "short", locale=self.language))


def translator(language: str | None, zone: str | None = None) -> Translator:
    """The reader's language and time zone as the browser names them; the unknown falls back."""
    try:
        clock: dt.tzinfo = ZoneInfo(zone) if zone else dt.UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        clock = dt.UTC
    return Translator(language if language in LANGUAGES else "en", clock)
