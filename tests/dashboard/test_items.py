"""What one message of the topic becomes: an item, a card, and everything known about it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboard.feed.detail import detail
from dashboard.feed.items import Place, card, read_item
from dashboard.feed.listing import alone
from dashboard.reviews.ledger import Ledger
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from schemas.events import Outcome
from tests.dashboard.kit import FAILED, KEYS, item, prediction, seen

MESSAGE = encode_prediction(prediction(4))


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [
        (seen(0), "normal"),
        (seen(4), "infraction"),
        (seen(4, 0.4, abstained=True), "check"),
        (FAILED, "failure"),
    ],
)
def test_the_severity_follows_the_outcome(outcome: Outcome, severity: str) -> None:
    assert item(1, outcome).severity == severity


@pytest.mark.parametrize("message", [None, b"", b"\x00", b"<script>", b"\x00\x00\x00\x00\x01x"])
def test_an_event_that_cannot_be_read_is_an_item_that_says_so(message: bytes | None) -> None:
    found = read_item(Place(0, 7), 5000, message)
    assert (found.severity, found.reason, found.at) == ("failure", "event_unreadable", 5.0)
    assert found.detail
    assert detail(found, message or b"", BEHAVIOURS)["facts"]["place"] == "0, 7"


def test_a_failure_names_its_reason_and_asks_for_no_picture() -> None:
    found = card(item(1, FAILED))
    assert (found["reason"], found["detail"]) == (FAILED.reason, FAILED.detail)
    assert (found["image"], found["heat"], found["shares"]) == ("", "", [])


def test_five_cards_fit_into_two_kilobytes() -> None:
    cards = [alone(item(n), Ledger()) for n in range(5)]
    assert len(json.dumps(cards, separators=(",", ":"))) < 2048


def test_the_detail_has_ten_probabilities_each_with_its_own_heat_map() -> None:
    classes = detail(item(4), MESSAGE, BEHAVIOURS)["classes"]
    assert classes[0]["label"] == "phone-left"
    assert {row["label"] for row in classes} == set(KEYS)
    assert len({row["heat"] for row in classes}) == 10
    assert sum(row["p"] for row in classes) == pytest.approx(1, abs=1e-4)


def test_the_detail_names_offsets_hashes_and_timings() -> None:
    facts = detail(item(4), MESSAGE, BEHAVIOURS)["facts"]
    assert (facts["place"], facts["source_place"]) == ("0, 8", "0, 4")
    assert (facts["image_sha256"], facts["model_sha256"]) == ("a" * 64, "b" * 64)
    assert facts["inference_ms"] == pytest.approx(3.2, abs=1e-3)
    assert facts["reference_id"] == "reference-4"


def test_another_event_at_the_same_place_has_another_heat_address() -> None:
    one = read_item(Place(0, 1), 0, encode_prediction(prediction(1, seen(1))))
    cold = replace(seen(1), heat=replace(seen(1).heat, cells=bytes(120)))
    other = read_item(Place(0, 1), 0, encode_prediction(prediction(1, cold)))
    assert one.heat != other.heat


def test_what_is_no_number_does_not_break_the_page() -> None:
    odd = replace(seen(1), confidence=float("nan"), probabilities=(float("inf"),) * 10)
    found, message = item(1, odd), encode_prediction(prediction(1, odd))
    json.dumps([card(found), detail(found, message, BEHAVIOURS)], allow_nan=False)
