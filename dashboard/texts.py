"""The words that are needed in more than one place, and those the browser needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.i18n import Translator
from dashboard.items import EVENT_UNREADABLE, UNKNOWN_OUTCOME, Severity
from model.labels import Label
from schemas.events import FailureReason


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
        },
        "latest": t("Latest infraction"),
        "newest": t("Latest event"),
        "selected": t("Selected"),
        "unknown_source": t("unknown camera"),
        "heat_of": t("Heat map of {name}"),
        "gone": t("This event is no longer among those kept in memory."),
        "copied": t("Copied"),
        "waiting": t.forms("{n} new", "{n} new"),
        "events": t.forms("{n} event read", "{n} events read"),
        "unreadable": t.forms("{n} event could not be read", "{n} events could not be read"),
        "facts": _fact_names(t),
    }


def _fact_names(t: Translator) -> dict[str, str]:
    """What the detail view calls each fact, in the order it lists them."""
    return {
        "at": t("Verdict at"),
        "published_at": t("Published at"),
        "captured_at": t("Captured at"),
        "latency_ms": t("From publication to verdict"),
        "read_ms": t("Reading"),
        "decode_ms": t("Decoding"),
        "inference_ms": t("Inference"),
        "source": t("Camera"),
        "name": t("File"),
        "size_bytes": t("Size"),
        "place": t("Place in the predictions (partition, offset)"),
        "source_place": t("Place in the images (partition, offset)"),
        "reference_id": t("Reference"),
        "event_id": t("Event"),
        "image_sha256": t("Image SHA-256"),
        "model_version": t("Model"),
        "model_sha256": t("Model SHA-256"),
    }
