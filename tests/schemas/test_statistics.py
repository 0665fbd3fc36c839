"""The bins that whoever counts and whoever reads must agree on."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.statistics import (
    CONFIDENCE_BINS,
    LATENCY_BINS,
    LATENCY_GROWTH,
    confidence_bin,
    latency_bin,
    latency_of,
)


@given(st.floats(0, 1))
def test_a_confidence_lies_within_its_bin(confidence: float) -> None:
    low = confidence_bin(confidence) / CONFIDENCE_BINS
    assert low - 1e-6 <= confidence <= low + 1 / CONFIDENCE_BINS + 1e-6


@given(st.floats(0.1, 1e7))
def test_a_latency_is_told_within_five_per_cent(milliseconds: float) -> None:
    told = latency_of(latency_bin(milliseconds))
    assert told / milliseconds < math.sqrt(LATENCY_GROWTH) + 1e-6
    assert milliseconds / told < math.sqrt(LATENCY_GROWTH) + 1e-6


@given(st.floats())
@example(math.inf)
@example(math.nan)
def test_any_number_has_a_bin(value: float) -> None:
    assert 0 <= confidence_bin(value) < CONFIDENCE_BINS
    assert 0 <= latency_bin(value) < LATENCY_BINS
