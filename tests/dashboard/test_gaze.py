"""What one heat map says: true statements, whatever the map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dashboard.components.inspector import inspector_texts
from dashboard.feed.gaze import HALVES, MAINLY, SIZES, Gaze, Part, gaze
from dashboard.i18n import Translator

FINE = 12  # any grid below, made so many times finer, has an edge at every third, half and quarter

grids = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


def look(cells: np.ndarray) -> Gaze | None:
    return gaze(cells.tobytes(), *cells.shape)


def held(cells: np.ndarray, part: Part) -> float:
    """The share of the heat in a part, counted tile by tile."""
    tiles = np.kron(cells.astype(float), np.ones((FINE, FINE)))
    height, width = tiles.shape
    top, left = round(part.top * height), round(part.left * width)
    bottom, right = top + round(part.height * height), left + round(part.width * width)
    return float(tiles[top:bottom, left:right].sum() / tiles.sum())


def named(seen: Gaze) -> Part:
    parts = [part for parts in SIZES for part in parts]
    return next(p for p in parts if (p.name, p.area) == (seen.where, seen.area))


@given(grids)
def test_the_named_part_holds_the_share_of_heat_that_is_said(cells: np.ndarray) -> None:
    seen = look(cells)
    if seen is None or not seen.where:
        return
    assert seen.share >= MAINLY
    assert seen.share == pytest.approx(held(cells, named(seen)))


@given(grids)
def test_a_share_is_never_below_nothing_nor_above_everything(cells: np.ndarray) -> None:
    seen = look(cells)
    assert seen is None or 0 < seen.area <= 0.5
    assert seen is None or 0 <= seen.share <= 1


@given(grids)
def test_no_part_is_named_only_where_no_half_holds_most(cells: np.ndarray) -> None:
    seen = look(cells)
    if seen is None or seen.where:
        return
    fullest = max(held(cells, half) for half in HALVES)
    assert seen.share == pytest.approx(fullest)
    assert fullest < MAINLY


@given(grids)
def test_a_smaller_part_that_would_do_is_not_passed_over(cells: np.ndarray) -> None:
    seen = look(cells)
    if seen is None:
        return
    smaller = [p for parts in SIZES for p in parts if p.area < seen.area - 1e-9]
    assert all(held(cells, part) < MAINLY + 1e-9 for part in smaller)


@given(grids)
def test_a_mirrored_image_changes_left_for_right_and_nothing_else(cells: np.ndarray) -> None:
    seen, mirrored = look(cells), look(cells[:, ::-1])
    assert (seen is None) == (mirrored is None)
    if seen is not None and mirrored is not None:
        assert seen.share == pytest.approx(mirrored.share)
        assert bool(seen.where) == bool(mirrored.where)


@pytest.mark.parametrize("shape", [(1, 1), (6, 8), (3, 4)])
def test_a_cold_map_says_nothing(shape: tuple[int, int]) -> None:
    assert look(np.zeros(shape, np.uint8)) is None


def test_an_even_map_names_no_part() -> None:
    seen = look(np.full((6, 8), 200, np.uint8))
    assert seen is not None
    assert (seen.where, seen.area) == ("", 0.5)
    assert seen.share == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("row", "column", "where"),
    [
        (0, 0, "upper-left"),
        (0, 4, "upper"),
        (0, 8, "upper-right"),
        (4, 0, "left"),
        (4, 4, "centre"),
        (4, 8, "right"),
        (8, 0, "lower-left"),
        (8, 4, "lower"),
        (8, 8, "lower-right"),
    ],
)
def test_a_single_hot_cell_is_found_where_it_is(row: int, column: int, where: str) -> None:
    cells = np.zeros((9, 9), np.uint8)
    cells[row, column] = 1
    seen = look(cells)
    assert seen is not None
    assert (seen.where, seen.share) == (where, 1.0)
    assert seen.area == pytest.approx(1 / 9)


def test_heat_in_opposite_corners_is_not_called_one_place() -> None:
    cells = np.zeros((8, 8), np.uint8)
    cells[0, 0] = cells[7, 7] = 255
    seen = look(cells)
    assert seen is not None
    assert seen.where == ""


def test_every_part_has_its_words() -> None:
    names = {part.name for parts in SIZES for part in parts}
    assert names == set(inspector_texts(Translator())["places"])
