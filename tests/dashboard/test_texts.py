"""Words, numbers and dates in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract

import dashboard
from dashboard.i18n import Translator, catalogue, translator
from dashboard.texts import behaviours, browser_texts, reasons
from model.driver.labels import BEHAVIOURS
from schemas.events import FailureReason

FOLDER = Path(dashboard.__file__).parent
FRENCH, ENGLISH = translator("fr", "Europe/Paris"), translator("en", "Europe/Paris")
KEYWORDS = {"t": None, "forms": (1, 2), "plural": (1, 2)}


def messages() -> set[str]:
    found = set()
    for path in FOLDER.rglob("*.py"):
        with path.open("rb") as file:
            for _, message, _, _ in extract("python", file, keywords=KEYWORDS):
                found.add(message if isinstance(message, str) else message[0])
    return found


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    translated = {
        entry.id if isinstance(entry.id, str) else entry.id[0]
        for entry in catalogue("fr")
        if entry.id and all([entry.string] if isinstance(entry.string, str) else entry.string)
    }
    assert translated == messages()


def test_a_translation_keeps_the_places_for_values() -> None:
    for entry in catalogue("fr"):
        ids = [entry.id] if isinstance(entry.id, str) else entry.id
        strings = [entry.string] if isinstance(entry.string, str) else entry.string
        for one, other in zip(ids, strings, strict=True):
            assert set(re.findall(r"{\w+}", one)) == set(re.findall(r"{\w+}", other))


def test_behaviours_have_their_names_in_both_languages() -> None:
    assert behaviours(FRENCH, BEHAVIOURS)["drink"] == "Boisson ou nourriture"
    assert behaviours(ENGLISH, BEHAVIOURS)["drink"] == "Drinking or eating"


def test_every_reason_of_a_failure_has_a_title() -> None:
    assert set(FailureReason) <= set(reasons(ENGLISH))


def test_dates_follow_the_reader_s_time_zone() -> None:
    assert FRENCH.clock(1_795_244_400) == "08:00"
    assert FRENCH.moment(1_795_244_400).startswith("21 nov. 2026")


def test_counted_words_agree_with_their_number() -> None:
    said = [FRENCH.plural("{n} new", "{n} new", n) for n in (1, 2)]
    assert said == ["1 nouveau", "2 nouveaux"]


@pytest.mark.parametrize("language", ["", None, "xx", "<b>"])
def test_an_unknown_language_or_zone_falls_back(language: str | None) -> None:
    assert translator(language, "../../etc/passwd") == Translator("en")


def test_the_browser_gets_every_text_it_names() -> None:
    used = set(
        re.findall(
            r"texts\.(\w+)",
            "".join(path.read_text("utf-8") for path in (FOLDER / "assets").glob("*.js")),
        )
    )
    assert used <= set(browser_texts(ENGLISH, BEHAVIOURS, 30))


def test_every_icon_in_use_is_there_and_no_other() -> None:
    code = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    styles = "".join(p.read_text("utf-8") for p in (FOLDER / "assets").glob("[!1]*.css"))
    drawn = {path.stem for path in (FOLDER / "assets" / "icons").glob("*.svg")}
    in_styles = set(re.findall(r"icons/([\w-]+)\.svg", styles))
    assert set(re.findall(r'icon\("([\w-]+)"\)', code)) | in_styles <= drawn
    assert drawn <= set(re.findall(r'"([\w-]+)"', code)) | in_styles
