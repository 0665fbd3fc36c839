"""One value of each event, and a hypothesis strategy for any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from schemas.events import (
    Classification,
    Failure,
    HeatGrids,
    ImageReference,
    Prediction,
    Timings,
)
from schemas.reviews import Review
from schemas.statistics import Cell, StatisticsWindow

REFERENCE = ImageReference(
    reference_id="7b0c2a52-3a9e-5f0e-9b36-0c8f0f5a1c11",
    job="driver",
    source="cabin-01",
    path="ab/" + "ab" * 32,
    sha256="ab" * 32,
    size_bytes=41_234,
    name="000042.jpg",
    captured_at=datetime(2026, 11, 21, 8, 30, 0, 250_000, tzinfo=UTC),
)
CLASSIFICATION = Classification(
    label=1,
    behaviour="text-right",
    confidence=0.75,
    is_infraction=True,
    abstained=False,
    probabilities=(0.25, 0.75),
    heat=HeatGrids(rows=1, columns=2, peaks=(0.0, 3.5), cells=b"\x00\x00\x80\xff", verified=True),
    novelty=0.5,
)
FAILURE = Failure("image_missing", "The image 'ab/ab' is not in the image store.")
PREDICTION = Prediction(
    event_id="vigie.driver.images-0-41",
    job="driver",
    source_partition=0,
    source_offset=41,
    published_at=datetime(2026, 11, 21, 8, 30, 1, tzinfo=UTC),
    finished_at=datetime(2026, 11, 21, 8, 30, 1, 12_000, tzinfo=UTC),
    model_version="driver-0123456789ab",
    model_sha256="01" * 32,
    reference=REFERENCE,
    outcome=CLASSIFICATION,
    timings=Timings(0.5, 1.0, 3.25),
)
REVIEW = Review(
    review_id="0f8c1a52-3a9e-4f0e-9b36-0c8f0f5a1c11",
    job="driver",
    reviewed_at=datetime(2026, 11, 21, 9, 30, 1, tzinfo=UTC),
    reviewer="Camille",
    action="correct",
    source_partition=0,
    source_offsets=(41, 42, 45),
    source="cabin-01",
    behaviour="text-right",
    severity="infraction",
    model_version="driver-0123456789ab",
    corrected_to="drink",
)
WINDOW = StatisticsWindow(
    job="driver",
    partition=0,
    size_s=3600,
    start=datetime(2026, 11, 21, 8, tzinfo=UTC),
    source="cabin-01",
    cells=(
        Cell("infraction", "text-right", "", "driver-0123456789ab", 2, (0,) * 19 + (2,)),
        Cell("failure", "", "image_missing", "driver-0123456789ab", 1, (0,) * 20),
    ),
    latency=((50, 2), (61, 1)),
    late=0,
    through=43,
    is_final=False,
)

_moments = st.integers(0, 7_000_000_000_000_000).map(  # microseconds: up to the year 2191
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_longs = st.integers(0, 2**63 - 1)
_floats = st.floats(width=32, allow_nan=False)
references = st.builds(
    ImageReference,
    reference_id=_text,
    job=_text,
    source=_text,
    path=_text,
    sha256=_text,
    size_bytes=_longs,
    name=_text,
    captured_at=_moments,
    subject=st.none() | _text,
)
_classifications = st.builds(
    Classification,
    label=st.integers(0, 9),
    behaviour=_text,
    confidence=_floats,
    is_infraction=st.booleans(),
    abstained=st.booleans(),
    probabilities=st.lists(_floats, max_size=10).map(tuple),
    heat=st.builds(
        HeatGrids,
        rows=st.integers(0, 12),
        columns=st.integers(0, 16),
        peaks=st.lists(_floats, max_size=10).map(tuple),
        cells=st.binary(max_size=100),
        verified=st.none() | st.booleans(),
    ),
    novelty=st.none() | _floats,
)
predictions = st.builds(
    Prediction,
    event_id=_text,
    job=_text,
    source_partition=st.integers(0, 2**31 - 1),
    source_offset=_longs,
    published_at=_moments,
    finished_at=_moments,
    model_version=_text,
    model_sha256=_text,
    reference=st.none() | references,
    outcome=_classifications | st.builds(Failure, reason=_text, detail=_text),
    timings=st.builds(Timings, _floats, _floats, _floats),
)
