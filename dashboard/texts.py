"""The words that are needed in more than one place, and those the browser needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.inspector import inspector_texts
from dashboard.components.operations import operations_texts
from dashboard.components.review import review_texts
from dashboard.components.toolbar import feed_texts
from dashboard.i18n import Translator
from dashboard.pages.dead_letters import letter_texts
from dashboard.pages.replays import replay_texts
from model.labels import Label
from schemas.events import EVENT_UNREADABLE, UNKNOWN_OUTCOME, FailureReason, Severity


def behaviours(t: Translator, labels: Sequence[Label]) -> dict[str, str]:
    """The name of each behaviour, with a capital as titles have it."""
    names = {label.key: label.fr if t.language == "fr" else label.en for label in labels}
    return {key: name[:1].upper() + name[1:] for key, name in names.items()}


def severities(t: Translator) -> dict[Severity, str]:
    """What one event is."""
    return {
        "infraction": t("Infraction"),
        "check": t("To check"),
        "normal": t("Normal"),
        "failure": t("Failure"),
    }


def reasons(t: Translator) -> dict[str, str]:
    """Why an image has no answer, as a title."""
    named: Mapping[str, str] = {
        FailureReason.MESSAGE_EMPTY: t("Empty message"),
        FailureReason.MESSAGE_TOO_LARGE: t("Message too large"),
        FailureReason.MESSAGE_NOT_AVRO: t("Unreadable message"),
        FailureReason.MESSAGE_UNKNOWN_SCHEMA: t("Message of an unknown schema"),
        FailureReason.MESSAGE_WRONG_TYPE: t("Message of the wrong type"),
        FailureReason.PATH_REFUSED: t("Path refused"),
        FailureReason.IMAGE_MISSING: t("Image missing"),
        FailureReason.IMAGE_UNREADABLE: t("Image unreadable"),
        FailureReason.IMAGE_EMPTY: t("Image empty"),
        FailureReason.IMAGE_TOO_LARGE: t("Image too large"),
        FailureReason.IMAGE_TRUNCATED: t("Image truncated"),
        FailureReason.IMAGE_NOT_DECODABLE: t("Not an image"),
        FailureReason.HASH_MISMATCH: t("Image altered"),
        FailureReason.MODEL_ERROR: t("Model error"),
        UNKNOWN_OUTCOME: t("Outcome of an unknown kind"),
        EVENT_UNREADABLE: t("Unreadable event"),
    }
    return {str(reason): title for reason, title in named.items()}


def browser_texts(t: Translator, labels: Sequence[Label], stale_after_s: float) -> dict[str, Any]:
    """The words that scripts put together with facts; read by ``assets/10-words.js``."""
    return {
        "language": t.language,
        "stale_after_s": stale_after_s,
        "behaviours": behaviours(t, labels),
        "severities": severities(t),
        "reasons": reasons(t),
        "states": {
            "live": t("Live"),
            "paused": t("Paused"),
            "loading": t("Reading the history"),
            "reconnecting": t("Reconnecting"),
            "down": t("Kafka does not answer"),
            "stale": t("No new image"),
            "waiting": t("Waiting for the first image"),
            "history": t("Looking back"),
        },
        "latest": t("Latest infraction"),
        "newest": t("Latest event"),
        "selected": t("Selected"),
        "unknown_source": t("unknown camera"),
        "copied": t("Copied"),
        "waiting": t.forms("{n} new", "{n} new"),
        "feed": feed_texts(t),
        "events": t.forms("{n} event read", "{n} events read"),
        "unreadable": t.forms("{n} event could not be read", "{n} events could not be read"),
        "detail": inspector_texts(t),
        "operations": operations_texts(t),
        "letters": letter_texts(t),
        "replays": replay_texts(t),
        "reviews": review_texts(t),
        "upload": _upload_words(t),
        "simulator": _simulator_words(t),
    }


def _upload_words(t: Translator) -> dict[str, Any]:
    """What becomes of a picture that a person gives to the page."""
    return {
        "drop": t("Drop to have it judged"),
        "queued": t("In line"),
        "sending": t("Sending"),
        "sent": t("Sent: the model is looking at it"),
        "slow": t("Waiting for the worker: it is judged as soon as one runs."),
        "down": t("Kafka does not answer: it is judged as soon as all run again."),
        "verdict": t("See it in the feed"),
        "again": t("Send again"),
        "not_sent": t("Not sent"),
        "pasted": t("pasted picture"),
        "refused": _refusals(t),
    }


def _refusals(t: Translator) -> dict[str, str]:
    """Why a picture is not taken, by the stable word of the answer."""
    too_large = t("It is larger than {limit} or has more than 50 megapixels: send a smaller one.")
    return {
        "image_empty": t("The file is empty: choose it again when it is complete."),
        "image_too_large": too_large,
        "too_large": too_large,
        "image_truncated": t("The file is cut off: copy it again, or wait until it is complete."),
        "image_not_decodable": t(
            "This is no picture that can be read: send JPEG, PNG, WebP, BMP, TIFF or GIF."
        ),
        "publish_failed": t("Kafka does not take pictures now. Once it runs, send it again."),
        "busy": t("Too many pictures at once: send it again in a moment."),
        "too_slow": t("It took too long to arrive: send a smaller one, or send it again."),
        "foreign_origin": t("This page was not opened at its own address: open it anew."),
        "network": t("The page's server does not answer. Once it runs, send it again."),
    }


def _simulator_words(t: Translator) -> dict[str, Any]:
    """What the simulated cameras do."""
    return {
        "states": {
            "running": t("Running"),
            "stopped": t("Stopped"),
            "absent": t("Not there"),
        },
        "last": t("last image {ago}"),
        "rate": t.forms("{n} image/s each", "{n} images/s each"),
        "cameras": t.forms("{n} camera", "{n} cameras"),
        "refused": t("The simulator did not take this change."),
    }
