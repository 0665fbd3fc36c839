"""One event in full: beside the feed on a wide screen, a drawer over it on a narrow one.

Layout only: ``assets/40-stage.js`` to ``assets/45-detail.js`` fill it.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.basics import action, attributes, icon
from dashboard.components.review import review_pane
from dashboard.i18n import Translator

GHOST_LINES = 6  # about the height of what comes, so that little moves when it does


def inspector(t: Translator) -> Component:
    """The pane, and the large view that opens from it."""
    return html.Aside(
        [
            _bar(t),
            html.P(t("Select a card to see it in full."), id="inspector-none", className="dim"),
            _loading(t),
            _lost(t),
            html.Div(_body(t), id="inspector-body", className="inspector-body", hidden=True),
            _large_view(t),
        ],
        id="inspector",
        className="inspector",
        tabIndex=-1,
        **attributes({"aria-label": t("Selected event")}),
    )


def _bar(t: Translator) -> Component:
    return html.Div(
        [
            html.Span("", id="inspector-what", className="dim small"),
            html.Div(className="grow"),
            html.Div(
                [
                    *_neighbours(t),
                    action("link", icon("link"), "round small", t("Copy the link to this event")),
                ],
                className="inspector-tools",
            ),
            action("close", icon("x"), "round small close", t("Close")),
        ],
        className="inspector-bar",
    )


def _neighbours(t: Translator) -> list[Component]:
    return [
        action("previous", icon("chevron-up"), "round small", t("Previous event (K)")),
        action("next", icon("chevron-down"), "round small", t("Next event (J)")),
    ]


def _loading(t: Translator) -> Component:
    lines = [html.Div(className="ghost-line") for _ in range(GHOST_LINES)]
    said = html.Span(t("Reading the event"), className="hidden", role="status")
    return html.Div(
        [said, html.Div(className="shot ghost-shot"), *lines],
        id="inspector-loading",
        className="inspector-loading",
        hidden=True,
    )


def _lost(t: Translator) -> Component:
    """The event is gone, or could not be asked for; ``assets/45-detail.js`` says which."""
    return html.Div(
        [
            icon("unlink"),
            html.H2("", id="inspector-lost-title"),
            html.P("", id="inspector-lost-text"),
            action("again", t("Try again"), id="inspector-again"),
            action("close", t("Back to live")),
        ],
        id="inspector-lost",
        className="empty lost",
        role="alert",
        hidden=True,
    )


def _body(t: Translator) -> list[Component]:
    return [
        _stage(t, "inspector"),
        html.P("", id="inspector-missing", className="trouble", hidden=True),
        _archived(),
        html.Div([_views(t), _heat(t, "inspector")], id="inspector-controls", className="controls"),
        html.Div(
            [
                html.H2("", id="inspector-title"),
                html.Span("", id="inspector-p", className="big num"),
            ],
            className="spread",
        ),
        html.P(
            [
                html.Span("", id="inspector-tag", className="tag"),
                html.Span("", id="inspector-meta"),
            ],
            className="meta num",
        ),
        html.P("", id="inspector-detail", className="trouble", hidden=True),
        review_pane(t),
        html.P(
            [icon("circle-question-mark"), html.Span("", id="inspector-doubt")],
            id="doubt",
            className="gaze doubt",
            hidden=True,
        ),
        html.P([icon("eye"), html.Span("", id="inspector-gaze")], id="gaze", className="gaze num"),
        _share(t),
        _strip(t),
        _classes(t),
        html.Div(id="inspector-facts", className="facts"),
        html.Details(
            [
                html.Summary(t("Raw event")),
                html.Pre(
                    "",
                    id="inspector-raw",
                    tabIndex=0,
                    **attributes({"aria-label": t("Raw event")}),
                ),
            ],
            className="raw",
        ),
    ]


def _archived() -> Component:
    """Why an event has no heat map; ``assets/45-detail.js`` says it."""
    said = html.Span("", id="archived-text")
    return html.P([icon("history"), said], id="inspector-archived", className="gaze", hidden=True)


def _stage(t: Translator, where: str) -> Component:
    """The image and the image under its heat map; ``data-view`` of the page says how they lie."""
    open_large = attributes({"data-action": "large"} if where == "inspector" else {})
    swipe = attributes({"data-swipe": t("How much of the image is without its heat map")})
    return html.Div(
        [
            html.Div(id=f"{where}-photo", className="shot large plain", **open_large),
            html.Div(id=f"{where}-shot", className="shot large heated", **open_large),
            html.Div(className="swipe", **swipe),
            *([_enlarge(t)] if where == "inspector" else []),
        ],
        id=f"{where}-stage",
        className="stage",
    )


def _enlarge(t: Translator) -> Component:
    return action("large", icon("maximize-2"), "round small enlarge", t("Large view (L)"))


def _views(t: Translator) -> Component:
    views = (("overlay", t("Overlay")), ("side", t("Side by side")), ("swipe", t("Swipe")))
    buttons = [
        html.Button(
            title,
            type="button",
            className="segment",
            **attributes({"data-action": "view", "data-view": view}),
        )
        for view, title in views
    ]
    named = attributes({"aria-label": t("How image and heat map are shown (V)")})
    return html.Div(buttons, className="segments", role="group", **named)


def _heat(t: Translator, where: str) -> Component:
    name = html.Span("", id=f"{where}-heat", className="heat-name")
    slider = html.Div(
        [icon("flame"), html.Span("", className="num", **attributes({"data-heat-value": ""}))],
        className="heat-slider",
        **attributes({"data-slider": t("Heat map opacity")}),
    )
    return html.Div([name, slider], className="heat-line")


def _share(t: Translator) -> Component:
    return html.Div(
        [
            action("copy", [icon("copy"), html.Span(t("Copy picture"))], title="C"),
            action("download", [icon("download"), html.Span(t("Download"))], title="D"),
            action("print", [icon("printer"), html.Span(t("Print"))]),
        ],
        className="share",
        role="group",
        **attributes({"aria-label": t("Pass this event on")}),
    )


def _strip(t: Translator) -> Component:
    listed = html.Ol(
        id="strip-events", className="strip-events", **attributes({"aria-label": t("Oldest first")})
    )
    return html.Section(
        [html.H3("", id="strip-title"), listed], id="strip", className="strip", hidden=True
    )


def _classes(t: Translator) -> Component:
    return html.Section(
        [
            html.H3(t("All probabilities")),
            html.P(
                t("Choose one to see its heat map. Each map is scaled to its own hottest point."),
                className="dim small",
            ),
            html.Ol(id="inspector-bars", className="bars"),
        ],
        id="inspector-classes",
    )


def _large_view(t: Translator) -> Component:
    head = html.Div(
        [
            html.H2("", id="large-title"),
            html.Span("", id="large-p", className="big num"),
            html.Span("", id="large-meta", className="dim num"),
            html.Div(className="grow"),
            action("zoom", icon("zoom-in"), "round small", t("Nearer (Z)")),
            *_neighbours(t),
            action("small", icon("x"), "round small", t("Close")),
        ],
        className="large-bar",
    )
    foot = html.Div([_views(t), _heat(t, "large")], className="controls", id="large-controls")
    missing: Any = html.P("", id="large-missing", className="trouble", hidden=True)
    return html.Dialog(
        [head, _stage(t, "large"), missing, foot],
        id="large",
        className="large-view",
        **attributes({"aria-labelledby": "large-title"}),
    )


def inspector_texts(t: Translator) -> dict[str, Any]:
    """The words that the scripts put together with the facts of one event."""
    return {
        "heat_of": t("Heat map of {name}"),
        "heat_of_other": t("Heat map of {name}, not the verdict"),
        "map_doubt": t("This heat map does not agree with the verdict: do not go by it."),
        "map_doubt_of": t("Heat map of {name}: does not agree with the verdict"),
        "doubts": {
            "unsure": t(
                "The model is not sure enough whether this is “{first}” or “{second}”:"
                " a person should look."
            ),
            "abstained": t("The model was not sure enough to answer: a person should look."),
            "unlike": t("The image is unlike those the model knows: a person should look."),
        },
        "gaze": _gaze_texts(t),
        "places": _place_names(t),
        "facts": _fact_names(t),
        "group": t.forms("{n} event of this group", "{n} events of this group"),
        "archived": {
            "gone": t(
                "From the archive: the heat map and the other probabilities are no longer kept."
            ),
            "away": t("From the archive: Kafka, which may have the heat map, does not answer now."),
        },
        "copy_of": t("Copy: {name}"),
        "no_image": t("There is no image to show: it could not be judged."),
        "image_gone": t("The image is no longer in the image store. The verdict remains."),
        "gone_title": t("This event is not there"),
        "gone": t("It is not in the topic: events are kept for a limited time."),
        "away_title": t("The event cannot be read now"),
        "away": t("The server or Kafka does not answer. The rest of the page stays."),
        "picture": {
            "image": t("Image"),
            "confidence": t("Confidence {p}"),
            "model": t("Model {version}"),
            "event": t("Event {id}"),
            "copied": t("Picture copied"),
            "saved": t("Picture downloaded"),
            "instead": t("The clipboard is not available here: the picture was downloaded."),
            "failed": t("The picture could not be made. Try again."),
        },
        "link_instead": t("The clipboard is not available here: copy the address of this page."),
        "text_instead": t("The clipboard is not available here: copy the selected text."),
    }


def _gaze_texts(t: Translator) -> dict[str, str]:
    """What one heat map says; the numbers are of ``dashboard/feed/gaze.py``."""
    return {
        "mainly": t(
            "For “{name}” the model looked mainly at {where}:"
            " {share} of the heat lies on {area} of the image."
        ),
        "spread": t(
            "For “{name}” the model looked at no one part of the image:"
            " its fullest half holds {share} of the heat."
        ),
        "nothing": t("No part of the image spoke for “{name}”."),
    }


def _place_names(t: Translator) -> dict[str, str]:
    """Parts of the image, as words that end “looked mainly at ...”."""
    return {
        "upper-left": t("the upper left"),
        "upper": t("the top, in the middle"),
        "upper-right": t("the upper right"),
        "left": t("the left, at mid-height"),
        "centre": t("the centre"),
        "right": t("the right, at mid-height"),
        "lower-left": t("the lower left"),
        "lower": t("the bottom, in the middle"),
        "lower-right": t("the lower right"),
        "left-half": t("the left half"),
        "right-half": t("the right half"),
        "upper-half": t("the upper half"),
        "lower-half": t("the lower half"),
    }


def _fact_names(t: Translator) -> list[list[Any]]:
    """Each group of facts with what the page calls each of them, in the order it lists them."""
    return [
        [
            t("When"),
            {
                "captured_at": t("Captured at"),
                "published_at": t("Published at"),
                "at": t("Verdict at"),
                "latency_ms": t("From publication to verdict"),
                "read_ms": t("Reading"),
                "decode_ms": t("Decoding"),
                "inference_ms": t("Inference"),
            },
        ],
        [
            t("Image"),
            {
                "source": t("Camera"),
                "name": t("File"),
                "size_bytes": t("Size"),
                "reference_id": t("Reference"),
                "image_sha256": t("Image SHA-256"),
            },
        ],
        [
            t("Model"),
            {"model_version": t("Version"), "model_sha256": t("Model SHA-256")},
        ],
        [
            t("Place in the log"),
            {
                "event_id": t("Event"),
                "source_place": t("Place in the images (partition, offset)"),
                "place": t("Place in the predictions (partition, offset)"),
            },
        ],
    ]
