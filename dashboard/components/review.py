"""Review: what a person says of an event in its pane, and over the feed what is left.

Layout only: ``assets/47-review.js``, ``48-reviewing.js`` and ``63-left.js`` fill it.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import action, attributes, icon, trouble
from dashboard.i18n import Translator

EXPORTS = (("csv", "CSV"), ("json", "JSON"))


def review_pane(t: Translator) -> Component:
    """What stands of the event in the pane, who said so, and what can be done."""
    return html.Section(
        [
            html.Div([html.H3(t("Review")), _scope(t)], className="spread"),
            html.P(
                [icon("list-checks"), html.Span("", id="review-standing")],
                id="review-state",
                className="review-state num",
            ),
            html.P("", id="review-noted", className="review-noted", hidden=True),
            html.P("", id="review-heard", className="review-heard", hidden=True),
            _decisions(t),
            html.Div(id="review-form", hidden=True),
            trouble("review", action("review-again", [icon("rotate-ccw"), t("Try again")])),
            _more(t),
            html.Details(
                [html.Summary("", id="review-log-title"), html.Ol(id="review-log-events")],
                id="review-log",
                className="review-log",
                hidden=True,
            ),
        ],
        id="review",
        className="review",
        **attributes({"aria-label": t("Review"), "aria-busy": "false"}),
    )


def _scope(t: Translator) -> Component:
    """A group is reviewed as one, or an image of it alone."""
    buttons = [
        html.Button(
            title,
            type="button",
            className="segment",
            **attributes({"data-action": "review-scope", "data-scope": scope}),
        )
        for scope, title in (("group", ""), ("one", t("This image")))
    ]
    named = attributes({"aria-label": t("What is reviewed (A)")})
    return html.Div(
        buttons, id="review-scope", className="segments", role="group", hidden=True, **named
    )


def _decisions(t: Translator) -> Component:
    buttons = (
        ("confirm", "check", t("Confirm"), t("The model is right (R)")),
        ("false-positive", "ban", t("False positive"), t("There is nothing of the kind (X)")),
        ("correct", "pencil", t("Correct"), t("It is another class (E, or the class's digit)")),
    )
    return html.Div(
        [
            action(name, [icon(drawn), html.Span(title)], title=why)
            for name, drawn, title, why in buttons
        ],
        className="review-decisions",
        role="group",
        **attributes({"aria-label": t("Your review")}),
    )


def _more(t: Translator) -> Component:
    name = [icon("user"), html.Span("", id="review-who")]
    return html.Div(
        [
            action(
                "note", [icon("message-square"), html.Span(t("Note"))], "link-button", title="N"
            ),
            action("undo", [icon("undo-2"), html.Span(t("Undo"))], "link-button", title="U"),
            html.Div(className="grow"),
            action("review-name", name, "link-button", title=t("Whose review it is")),
        ],
        className="review-more",
    )


def review_bar(t: Translator) -> Component:
    """How much is left of what the filters let through, and where to go on."""
    bar = html.Progress(
        id="left-bar", max="1", value="0", **attributes({"aria-label": t("Reviewed")})
    )
    switch = attributes({"aria-checked": "true"})
    return html.Section(
        [
            html.Div(
                [icon("list-checks"), html.Strong("", id="left-text", className="num"), bar],
                className="left",
                id="left",
                hidden=True,
            ),
            action("review-next", t("Next to review"), "button", id="review-next", hidden=True),
            html.Button(
                [html.Span(className="knob"), html.Span(t("Auto-advance"))],
                type="button",
                role="switch",
                className="switch",
                title=t("After a review, go to the next event that has none"),
                **switch,
                **attributes({"data-action": "advance"}),
            ),
            html.Div(className="grow"),
            _filter(t),
            _export(t),
        ],
        id="review-bar",
        className="review-bar",
        **attributes({"aria-label": t("What is left to review")}),
    )


def _filter(t: Translator) -> Component:
    choices = (("", t("All")), ("open", t("To review")), ("done", t("Reviewed")))
    buttons = [_choice(state, title, "segment") for state, title in choices]
    named = attributes({"aria-label": t("Show by review")})
    return html.Div(buttons, className="segments", role="group", **named)


def _choice(state: str, title: str, style: str) -> Component:
    return action("reviewed", title, style, **attributes({"data-review": state}))


def review_choices(t: Translator) -> list[Component]:
    """The same filter with each kind of review, for the sheet of filters."""
    choices = (
        ("", t("Any")),
        ("open", t("To review")),
        ("done", t("Reviewed")),
        ("confirmed", t("Confirmed")),
        ("false_positive", t("False positive")),
        ("corrected", t("Corrected")),
    )
    return [_choice(state, title, "period") for state, title in choices]


def _export(t: Translator) -> Component:
    links = [
        html.A(kind, href="/api/export", download="", **attributes({"data-export": name}))
        for name, kind in EXPORTS
    ]
    said = html.Span(t("All events that the filters let through, with their reviews."))
    return html.Details(
        [
            html.Summary([icon("download"), html.Span(t("Export"))], className="button"),
            html.Div([said, html.Div(links)], className="export-kinds small"),
        ],
        id="export",
        className="export",
    )


def review_toast(t: Translator) -> Component:
    """What was just recorded or not, with the way back; said aloud by a line of its own."""
    return html.Div(
        [
            html.P("", id="review-said", className="hidden", role="status"),
            html.Div(
                [
                    html.Span("", id="toast-text"),
                    action("undo-last", t("Undo (U)"), "toast-action", id="toast-undo"),
                    action("review-again", t("Try again"), "toast-action", id="toast-again"),
                ],
                id="toast",
                className="toast",
                hidden=True,
            ),
        ]
    )


def all_reviewed(t: Translator) -> Component:
    """In the place of cards when nothing is left to review."""
    return html.Div(
        [
            icon("list-checks"),
            html.H2(t("All reviewed")),
            html.P(t("Nothing is left here. What comes next appears by itself.")),
            action("reviewed", t("Show all events"), **attributes({"data-review": ""})),
        ],
        id="feed-reviewed",
        className="empty all-reviewed",
        hidden=True,
    )


def review_texts(t: Translator) -> dict[str, Any]:
    """The words that the scripts put together with what people said of events."""
    return {
        "states": {
            "confirmed": t("Confirmed"),
            "false_positive": t("False positive"),
            "corrected": t("Corrected"),
        },
        "filters": {"open": t("To review"), "done": t("Reviewed")},
        "corrected_to": t("Corrected: {name}"),
        "mixed": t("Reviewed"),
        "part": t("{done} of {of} reviewed"),
        "none": t("Not reviewed yet"),
        "whole": t.forms("The {n} image", "All {n} images"),
        "note": t("Note"),
        "undone": t("Taken back"),
        "history": t("History ({n})"),
        "undo_of": t("Take back: {what}"),
        "saving": t("Saving…"),
        "noted": t("Note kept"),
        "heard": t("{name} has just said: {what}"),
        "nobody": t("Your name"),
        "left": t("{n} of {all} to review"),
        "all_done": t("All reviewed · {n}"),
        "no_more": t("Nothing else is left to review here."),
        "further": t("The next ones are further back: choose “To review”."),
        "choose_first": t("Choose an event first: J, or R to begin."),
        "no_undo": t("There is nothing to take back."),
        "no_false": t("Only what the model reports can be a false positive: correct it."),
        "form": _form_texts(t),
        "trouble": _trouble_texts(t),
    }


def _form_texts(t: Translator) -> dict[str, str]:
    return {
        "name": t("Your name: colleagues see it beside what you decide"),
        "name_done": t("Continue"),
        "note": t("Note (Enter keeps it, Shift+Enter begins a line)"),
        "note_done": t("Keep note"),
        "classes": t("What it really shows"),
        "model": t("the model"),
        "cancel": t("Cancel"),
    }


def _trouble_texts(t: Translator) -> dict[str, str]:
    """Why an action was not recorded, by the status of the answer."""
    return {
        "404": t("Nothing was recorded: this event is not there any more."),
        "409": t("Nothing was recorded: somebody was faster. Look at what stands now."),
        "413": t("Nothing was recorded: the text is too long."),
        "503": t("Nothing was recorded: Kafka does not answer."),
        "504": t("It was recorded, but the page has not read it back yet: look again in a moment."),
        "refused": t("Nothing was recorded: the server refused it."),
        "network": t("The server does not answer: look whether it was recorded, or try again."),
    }
