"""The colours of charts: those of the style sheet, which Plotly cannot read by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

Colours = Mapping[str, str]

SHEET = Path(__file__).parents[1] / "assets" / "10-base.css"
SCHEMES = {"light": ":root", "dark": '[data-mantine-color-scheme="dark"]'}
MEANING = {
    "infraction": "red-line",
    "check": "amber-line",
    "normal": "green-line",
    "failure": "grey-line",
    "ink": "ink",
    "dim": "dim",
    "line": "line",
    "ground": "panel",
    "sunk": "sunk",
    "bar": "accent",
}


def variables(sheet: str, selector: str) -> dict[str, str]:
    """The colours that a style sheet declares for one selector, by the name of their variable.

    Raises:
        ValueError: the style sheet has no such block.
    """
    block = re.search(rf"^\s*{re.escape(selector)} {{([^}}]*)}}", sheet, re.MULTILINE)
    if block is None:
        raise ValueError(f"{SHEET.name} has no block {selector!r}, which charts take colours from.")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block[1]))


def read_palettes(sheet: str) -> dict[str, Colours]:
    """What each scheme calls its colours by their meaning; dark inherits what it does not name."""
    light = variables(sheet, SCHEMES["light"])
    found = {scheme: light | variables(sheet, name) for scheme, name in SCHEMES.items()}
    return {
        scheme: {meaning: named[name] for meaning, name in MEANING.items()}
        for scheme, named in found.items()
    }


COLOURS = read_palettes(SHEET.read_text("utf-8"))
