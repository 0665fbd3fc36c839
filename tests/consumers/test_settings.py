"""When a transaction ends: soon, but later while images wait for long anyway."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.inference.settings import STRETCH, InferenceSettings

SETTINGS = InferenceSettings(transaction_images=512, transaction_ms=250)
SECONDS = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("waited_s", "longest_s"), [(-3, 0.25), (0, 0.25), (0.5, 0.25), (1, 0.5), (2, 1), (3600, 1)]
)
def test_a_transaction_lasts_half_as_long_as_images_waited_within_bounds(
    waited_s: float, longest_s: float
) -> None:
    assert not SETTINGS.is_full(511, longest_s - 0.001, waited_s)
    assert SETTINGS.is_full(1, longest_s, waited_s)


@given(st.integers(1, 10_000), SECONDS, SECONDS)
def test_no_image_waits_for_much_longer_than_it_would_have(
    images: int, age_s: float, waited_s: float
) -> None:
    if not SETTINGS.is_full(images, age_s, waited_s):
        assert images < 512
        assert age_s < max(0.25, waited_s / 2)
        assert age_s < STRETCH * 0.25
