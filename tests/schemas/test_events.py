import pytest

from tests.schemas.samples import CLASSIFICATION, PREDICTION


def test_a_grid_is_the_classes_own_part_of_the_cells() -> None:
    assert CLASSIFICATION.heat.grid(0) == b"\x00\x00"
    assert CLASSIFICATION.heat.grid(1) == b"\x80\xff"


def test_a_class_that_is_not_there_has_no_grid() -> None:
    with pytest.raises(IndexError, match="class 2 of 2"):
        CLASSIFICATION.heat.grid(2)


def test_latency_runs_from_the_brokers_clock_to_the_outcome() -> None:
    assert PREDICTION.latency_ms == pytest.approx(12.0)
