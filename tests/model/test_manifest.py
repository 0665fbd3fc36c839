"""What a manifest limits, and how it says so."""

import pytest

from model.manifest import Choice, Manifest, read_manifest, write_manifest
from schemas.errors import ConfigurationError


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


CHOICES = (Choice(0.99, 3.0, 0.66, 0.989), Choice(0.95, 1.0, 0.93, 0.951))


def test_a_model_can_be_asked_to_answer_more_and_be_less_often_right():
    asked = limited(least_margin=3.0, abstain_below=0.9, choices=CHOICES).as_sure_as(0.95)
    assert (asked.least_margin, asked.abstain_below) == (1.0, None)


def test_how_sure_it_was_not_measured_to_be_it_cannot_be_asked_for():
    with pytest.raises(ConfigurationError, match=r"SURE is 0.9, .* choose one of 0.99, 0.95, or"):
        limited(least_margin=3.0, choices=CHOICES).as_sure_as(0.9)
    with pytest.raises(ConfigurationError, match="leave it unset"):
        limited(least_margin=3.0).as_sure_as(0.99)


def test_choices_are_read_as_they_were_written(tmp_path):
    manifest = limited(least_margin=3.0, choices=CHOICES)
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
