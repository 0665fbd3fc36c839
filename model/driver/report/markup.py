"""The HTML that every part of a report is made of. Texts come in escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import plotly.graph_objects as go


def tile(name: str, value: str, note: str) -> str:
    """One headline figure."""
    return f'<div class="tile"><h3>{name}</h3><strong>{value}</strong><span>{note}</span></div>'


def section(title: str, reading: str, body: str, *, wide: bool = False) -> str:
    """A part with its heading and how to read it; ``wide`` takes the whole page's width."""
    return (
        f'<section{" class=wide" if wide else ""}><h2>{title}</h2><p class="dim">{reading}</p>'
        f"{body}</section>"
    )


def plot(figure: go.Figure, label: str) -> str:
    """A figure that the page's script draws; ``label`` is what a screen reader says of it."""
    # A driver's name must not end the element that holds the data.
    data = figure.to_json().replace("<", "\\u003c")
    height = figure.layout.height
    return (
        f'<script type="application/json">{data}</script>'
        f'<div class="plot" role="img" aria-label="{label}" style="height:{height}px"></div>'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls sideways by itself where it is too wide."""
    head = f"<tr>{''.join(f'<th>{one}</th>' for one in heads)}</tr>"
    body = "".join(f"<tr>{''.join(f'<td>{one}</td>' for one in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{head}{body}</table></div>'


def list_of(facts: Mapping[str, str]) -> str:
    """Names, each with its text."""
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{text}</dd>' for name, text in facts.items())}</dl>"


def more(title: str, body: str) -> str:
    """What only those who want it see."""
    return f"<details><summary>{title}</summary>{body}</details>"


def percent(value: float, digits: int = 1) -> str:
    """A share, as people read it."""
    return f"{value:.{digits}%}"


def reach(bounds: tuple[float, float]) -> str:
    """An interval of shares."""
    return f"{bounds[0]:.1%} to {bounds[1]:.1%}"


def decimals(value: float) -> str:
    """A measure between 0 and 1; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def odds(value: float) -> str:
    """``12.3 to 1``."""
    return f"{value:,.1f} to 1"


def times(ratio: float | None) -> str:
    """How many times more."""
    return "–" if ratio is None else f"{ratio:.1f} ×"
