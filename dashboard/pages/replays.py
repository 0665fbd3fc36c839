"""The replays: what another model says of old images, beside what the live one said.

Layout only: ``assets/58-replays.js`` and ``59-replayed.js`` fill it.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import action, attributes, ghost_list, icon, page_title, trouble
from dashboard.i18n import Translator

COMMAND = "vigie replay driver --model VERSION"


def layout(t: Translator) -> Component:
    """The page in one language."""
    return html.Div(
        [
            page_title(t("Replays")),
            html.P(
                [
                    t(
                        "Old images judged again by another model. Live verdicts stay as they are:"
                        " here both stand side by side."
                    )
                    + " ",
                    html.Code(COMMAND),
                ],
                className="dim replays-intro",
            ),
            trouble("replays", action("replays-again", t("Try again"))),
            ghost_list("replays", t("Loading"), 2, "replays-list"),
            _empty(t),
            html.Div(
                id="replays-runs",
                className="replays-runs",
                role="group",
                **attributes({"aria-label": t("Run")}),
            ),
            _found(t),
        ],
        id="replays",
    )


def _empty(t: Translator) -> Component:
    return html.Div(
        [
            icon("history"),
            html.H2(t("Nothing has been replayed yet")),
            html.P(
                [
                    t("This command judges the old images with another model:") + " ",
                    html.Code(COMMAND),
                ]
            ),
        ],
        id="replays-empty",
        className="empty",
        hidden=True,
    )


def _found(t: Translator) -> Component:
    """What is known of the chosen run."""
    return html.Div(
        [
            html.P("", id="replays-summary", className="replays-summary num", role="status"),
            html.P("", id="replays-notes", className="dim small"),
            _table(t),
            html.Div(
                [
                    html.H2("", id="replays-changes"),
                    action("replays-all", t("Show all changes"), id="replays-all", hidden=True),
                ],
                className="replays-head",
            ),
            html.Ol(id="replays-list", className="replays-list"),
            action("replays-older", t("Show older"), id="replays-older", hidden=True),
        ],
        id="replays-found",
        hidden=True,
    )


def _table(t: Translator) -> Component:
    """How often each live verdict became which replayed one; wider than a telephone."""
    named = {
        "aria-label": t("Live verdicts by replayed verdicts"),
        "aria-describedby": "replays-caption",
    }
    scrolled = html.Div(
        html.Table(id="replays-table", className="replays-table num"),
        className="replays-scroll",
        tabIndex=0,
        role="region",
        **attributes(named),
    )
    said = t("Down: the live verdict. Across: the replayed one. ≠ marks what changed.")
    return html.Div(
        [html.P(said, id="replays-caption", className="dim small"), scrolled], id="replays-counts"
    )


def replay_texts(t: Translator) -> dict[str, Any]:
    """What the scripts say of replays."""
    return {
        "finished": t.forms("Finished: {n} image", "Finished: {n} images"),
        "unfinished": t("{share} done: {done} of {total}"),
        "failures": t.forms("{n} failure", "{n} failures"),
        "again": t("Run {n}"),
        "all_time": t("All that was kept, up to {until}"),
        "since": t("From {since}"),
        "until": t("Up to {until}"),
        "between": t("From {since} to {until}"),
        "started": t("started {time}"),
        "summary": t.forms("{n} reference compared", "{n} references compared"),
        "changed": t.forms("{n} changed: {share}", "{n} changed: {share}"),
        "reading": t("Reading the verdicts"),
        "unmatched": t.forms(
            "{n} replayed image has no live verdict that is still kept.",
            "{n} replayed images have no live verdict that is still kept.",
        ),
        "most": t.forms("Only the newest {n} is compared.", "Only the newest {n} are compared."),
        "corner": t("Live ↓ Replayed →"),
        "total": t("All"),
        "cell": t("{was}, replayed as {now}"),
        "changes": t.forms("{n} changed verdict", "{n} changed verdicts"),
        "none": t("No verdict changed"),
        "live": t("Live"),
        "replayed": t("Replayed"),
        "gone": t("Kafka no longer keeps this event."),
        "event": t("Show in the feed"),
        "no_map": t("no heat map"),
    }
