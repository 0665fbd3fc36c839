"""The operations strip in the header: worker, waiting images, speed, dead letters.

Filled by ``assets/52-operations.js`` from the pulse. Each figure is told by a word and a shape,
and explains itself when pointed at or reached by keyboard.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.basics import attributes, icon
from dashboard.i18n import Translator

LETTERS_PATH = "/dead-letters"


def strip(t: Translator) -> Component:
    """The strip in one language, before anything is known."""
    shapes = [
        icon("circle-check"),
        icon("triangle-alert"),
        icon("octagon-x"),
        icon("circle-question-mark"),
    ]
    return html.Ul(
        [
            _figure("worker", shapes, role="status"),
            _figure("waiting", [icon("hourglass")]),
            _figure("rate", [icon("gauge")]),
            _figure("dead", [icon("mail-x")], href=LETTERS_PATH),
        ],
        id="operations",
        className="operations num",
        **attributes({"aria-label": t("Operations"), "data-worker": "unknown"}),
    )


def _figure(name: str, shapes: list[Component], href: str = "", role: str = "") -> Component:
    words = html.Span("…", id=f"operations-{name}", **attributes({"role": role} if role else {}))
    shown = [*shapes, words]
    return html.Li(
        [
            dcc.Link(shown, href=href, className="operation")
            if href
            else html.Button(shown, className="operation", type="button"),
            html.Span("", id=f"operations-{name}-why", className="why", role="tooltip"),
        ],
        id=f"operations-{name}-box",
    )


def operations_texts(t: Translator) -> dict[str, Any]:
    """The words of the strip; ``why`` has the sentence that explains each figure."""
    return {
        "worker": {
            "alive": t("Worker running"),
            "stuck": t("Worker not answering"),
            "absent": t("No worker"),
            "unknown": t("Worker not known"),
        },
        "waiting": t.forms("{n} waiting", "{n} waiting"),
        "waiting_more": t("{n}+ waiting"),
        "waiting_unknown": t("waiting not known"),
        "oldest": t("oldest {age}"),
        "rate": t("{n} images/s"),
        "dead": t.forms("{n} dead letter", "{n} dead letters"),
        "dead_more": t("{n}+ dead letters"),
        "dead_unknown": t("dead letters not known"),
        "why": {
            "alive": t("A worker is there and answers the images as they come."),
            "stuck": t(
                "A worker is there, but images wait and none has been answered for 5 seconds. It"
                " has just been killed, or it hangs. Nothing is lost: start it again."
            ),
            "absent": t(
                "No worker is there: images wait and nothing is lost. Start one with vigie infer,"
                " or all of Vigie with vigie up."
            ),
            "unknown": t("Not known: Kafka does not answer."),
            "away": t("Not known: the server of this page does not answer."),
            "waiting": t(
                "Images that have been sent and have no verdict yet, and how long the first of"
                " them has been waiting."
            ),
            "rate": t("Verdicts per second over the last 10 seconds."),
            "dead": t("Originals of images that got no verdict. Look at them and send them again."),
        },
    }
