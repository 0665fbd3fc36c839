"""The report's file: everything it needs is inside, and it asks no other machine for anything."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from plotly.offline import get_plotlyjs

from model.driver.evaluate import Report, summarise
from model.driver.report.sections import sections, tiles
from model.driver.report.study import Study


def write_report(path: Path, study: Study) -> Report:
    """Write the page, with the worst images in it.

    Returns:
        What it says in numbers.

    Raises:
        RefusedError: an image cannot be read.
        OSError: the file cannot be written.
    """
    report = summarise(study.answers, study)
    page = _page(study, report)
    path.write_text(page, "utf-8")
    return report


def _page(study: Study, report: Report) -> str:
    plotly, script = get_plotlyjs(), _asset("page.js")
    of_whom = f" of {len(report.per_subject)} drivers" if report.per_subject else ""
    judged = study.made_at.strftime("%Y-%m-%d %H:%M %Z").rstrip()
    return Template(_asset("page.html")).substitute(
        title=escape(study.title),
        subtitle=f"{report.images:,} images{of_whom} · judged {judged}",
        # Named by their hashes, these two scripts run and no other: not one in a driver's name.
        script_hashes=" ".join(map(_hash, (plotly, script))),
        style=_asset("page.css"),
        tiles="".join(tiles(study, report)),
        sections="".join(sections(study, report)),
        plotly=plotly,
        script=script,
    )


def _asset(name: str) -> str:
    return (resources.files("model.driver.report") / name).read_text("utf-8")


def _hash(script: str) -> str:
    """How a content security policy (level 2, 4.2) names an inline script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
