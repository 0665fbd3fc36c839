"""The dead letters: what failed and why, and sending it again.

Layout only: ``assets/56-dead-letters.js`` and ``57-replay.js`` fill it.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import action, attributes, ghost_list, icon, page_title, trouble
from dashboard.i18n import Translator


def layout(t: Translator) -> Component:
    """The page in one language."""
    return html.Div(
        [
            page_title(t("Dead letters")),
            html.P(
                t(
                    "The untouched originals of images that got no verdict, newest first. A replay"
                    " sends one to the worker again, behind all that wait. It helps once the cause"
                    " is mended: an image that is still missing fails again and becomes another"
                    " dead letter."
                ),
                className="dim letters-intro",
            ),
            html.Div(
                [
                    html.Div(
                        id="letters-reasons",
                        className="letters-reasons",
                        role="group",
                        **attributes({"aria-label": t("Reason")}),
                    ),
                    action(
                        "replay-all",
                        [icon("rotate-cw"), html.Span("", id="letters-replay-all-text")],
                        "button",
                        id="letters-replay-all",
                        hidden=True,
                    ),
                ],
                id="letters-toolbar",
                className="letters-toolbar",
                hidden=True,
            ),
            html.P("", id="letters-said", className="letters-said", role="status"),
            trouble("letters", action("letters-again", t("Try again"))),
            action("letters-newest", "", "button letters-new", id="letters-new", hidden=True),
            ghost_list("letters", t("Loading"), 3, "letters"),
            _empty(t),
            html.Ol(id="letters", className="letters"),
            action("letters-older", t("Show older"), "button", id="letters-older", hidden=True),
            _confirmation(t),
        ],
        id="dead-letters",
    )


def _empty(t: Translator) -> Component:
    return html.Div(
        [
            icon("mail-check"),
            html.H2(t("No dead letter: every image got its verdict")),
            html.P(t("An image that cannot be read or judged is kept here, with the reason.")),
        ],
        id="letters-empty",
        className="empty",
        hidden=True,
    )


def _confirmation(t: Translator) -> Component:
    return html.Dialog(
        [
            html.H2("", id="replay-title"),
            html.P(
                t(
                    "The original goes to the end of the images that wait, as it was. The dead"
                    " letter stays where it is."
                )
            ),
            html.P("", id="replay-warning", className="replay-warning"),
            html.P("", id="replay-trouble", className="replay-trouble", role="alert", hidden=True),
            html.Div(
                [
                    action("replay-cancel", t("Cancel"), id="replay-cancel"),
                    action("replay-send", t("Send again"), "button primary", id="replay-send"),
                ],
                className="replay-buttons",
            ),
        ],
        id="replay",
        className="replay",
        **attributes({"aria-labelledby": "replay-title"}),
    )


def letter_texts(t: Translator) -> dict[str, Any]:
    """What the scripts say of dead letters."""
    return {
        "all": t("All"),
        "new": t.forms("Show {n} new", "Show {n} new"),
        "replay": t("Replay"),
        "replay_again": t("Replay again"),
        "replay_all": t.forms("Replay {n} of this reason", "Replay all {n} of this reason"),
        "replayed": t("Sent again {time}"),
        "event": t("Show in the feed"),
        "no_event": t("The event of this dead letter is no longer kept by the feed."),
        "missing": t("Its image is not in the image store: a replay fails again."),
        "not_reference": t("No image reference; its first bytes:"),
        "no_bytes": t("The message had no content."),
        "ask_one": t("Send this original again?"),
        "ask_all": t.forms(
            "“{reason}”: send {n} original again?", "“{reason}”: send {n} originals again?"
        ),
        "warn_one": t("Unless its cause is mended it fails again, as another dead letter."),
        "warn_all": t(
            "Those whose cause is not mended fail again and become dead letters once more; a"
            " worker that sees too many failures stops."
        ),
        "warn_missing": t("Its image is still not in the image store: it will fail again."),
        "sending": t("Sending…"),
        "sent": t.forms(
            "{n} original sent again: Kafka has it, and its verdict comes in the feed.",
            "{n} originals sent again: Kafka has them, and their verdicts come in the feed.",
        ),
        "unreachable": t("The server of this page does not answer. Try again once it is back."),
        "facts": {
            "source": t("Camera"),
            "name": t("File"),
            "size_bytes": t("Size"),
            "captured_at": t("Captured at"),
            "published_at": t("Published at"),
            "path": t("Path in the image store"),
            "image_sha256": t("Image SHA-256"),
            "reference_id": t("Reference"),
            "source_place": t("Place in the images (partition, offset)"),
            "bytes": t("Size of the message"),
        },
    }
