"""What a manifest limits, and how it says so."""

import pytest

from model.manifest import Manifest


def limited(**limits):
    """Of no file: only the limits of doubt matter here."""
    return Manifest("driver", "driver.tflite", "0" * 64, 320, 240, "int8", 0.5, **limits)


def test_the_limits_are_told_with_their_unit_and_meaning():
    assert limited(least_margin=2.0).unsure_where == (
        "the best class is less than 54.6 times as probable as the second (a margin below 2 logits)"
    )
    assert limited(abstain_below=0.98).unsure_where == "its confidence is below 0.98"


@pytest.mark.parametrize(
    ("margin", "confidence", "unsure"), [(2.0, 0.9, False), (1.9, 0.9, True), (2.0, 0.8, True)]
)
def test_of_two_limits_either_is_enough_for_doubt(margin, confidence, unsure):
    both = limited(least_margin=2.0, abstain_below=0.9)
    assert both.is_unsure(margin, confidence) is unsure


@pytest.mark.parametrize("limits", [{"least_margin": 0.0}, {"abstain_below": 0.0}])
def test_what_is_no_number_is_never_sure_enough(limits):
    assert limited(**limits).is_unsure(float("nan"), float("nan"))


def test_a_limit_beyond_any_odds_is_told_too():
    assert "times as probable" in limited(least_margin=1e6).unsure_where
