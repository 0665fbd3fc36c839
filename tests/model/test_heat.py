"""Heat grids say where, not how much; what is drawn from them covers the image and no more."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from model.heat import (
    account_gap,
    heat_png,
    make_all_grids,
    make_grids,
    overlay,
    overlay_png,
)

MAPS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 16), st.integers(1, 10)),
    elements=st.floats(-1e4, 1e4, width=32),
)


@given(MAPS)
def test_a_grid_peaks_at_255_exactly_where_the_map_does_and_is_cold_without_a_positive(maps):
    grids = make_grids(maps)
    assert len(grids.cells) == maps.size
    for label, peak in enumerate(grids.peaks):
        found = np.frombuffer(grids.grid(label), np.uint8).reshape(maps.shape[:2])
        assert peak == pytest.approx(max(float(maps[..., label].max()), 0.0))
        assert found.max() == (255 if peak > 0 else 0)
        if peak > 0:
            assert found.flat[maps[..., label].argmax()] == 255


@given(MAPS, MAPS.map(lambda maps: -maps))
def test_grids_made_together_are_those_made_one_by_one(maps, others):
    together = np.stack([maps, np.resize(others, maps.shape), maps])
    checked = [True, None, False]
    assert make_all_grids(together, checked) == [
        make_grids(one, verified) for one, verified in zip(together, checked, strict=True)
    ]


@given(MAPS, st.floats(0.125, 64, width=32))
def test_a_grid_does_not_depend_on_the_maps_scale(maps, factor):
    maps = np.where(np.abs(maps) < 1e-30, 0, maps)  # nearer to 0, float32 itself loses digits
    one = np.frombuffer(make_grids(maps).cells, np.uint8).astype(int)
    other = np.frombuffer(make_grids(maps * np.float32(factor)).cells, np.uint8)
    assert np.abs(one - other).max() <= 1


@given(MAPS)
def test_grids_restore_the_positive_maps_within_a_step(maps):
    grids = make_grids(maps)
    for label, peak in enumerate(grids.peaks):
        found = np.frombuffer(grids.grid(label), np.uint8).reshape(maps.shape[:2])
        wanted = np.maximum(maps[..., label], 0)
        assert np.abs(found * (peak / 255) - wanted).max() <= peak / 255 + 1e-6


@given(MAPS)
def test_maps_account_for_the_logits_they_were_made_with(maps):
    bias = np.linspace(-2, 2, maps.shape[2], dtype=np.float32)
    scores = maps.astype(np.float64).mean((0, 1)).astype(np.float32) + bias
    assert account_gap(maps, scores, bias) == pytest.approx(0, abs=0.05)


@given(st.integers(0, 9), st.floats(0.1, 100))
def test_one_wrong_map_is_the_whole_gap(label, wrong):
    maps, zeros = np.zeros((6, 8, 10), np.float32), np.zeros(10, np.float32)
    maps[..., label] += np.float32(wrong)
    assert account_gap(maps, zeros, zeros) == pytest.approx(wrong, rel=1e-3)


def test_a_map_that_is_no_number_accounts_for_nothing():
    maps, zeros = np.full((6, 8, 10), np.nan, np.float32), np.zeros(10, np.float32)
    assert not account_gap(maps, zeros, zeros) <= 1e9


HOT = bytes(255 if 40 < i < 46 else 0 for i in range(12 * 16))


def test_a_heat_picture_is_small_transparent_and_hot_where_the_grid_is():
    data = heat_png(HOT, 12, 16)
    picture = Image.open(io.BytesIO(data))
    assert len(data) < 8_000
    assert (picture.mode, picture.size) == ("RGBA", (64, 48))
    alpha = np.asarray(picture)[:, :, 3]
    assert alpha[40:, :].max() == 0
    assert alpha[8:12, 36:52].min() > 150


def test_a_cold_grid_is_all_clear():
    picture = Image.open(io.BytesIO(heat_png(bytes(12 * 16), 12, 16)))
    assert np.asarray(picture)[:, :, 3].max() == 0


@given(st.integers(1, 300), st.integers(1, 300))
def test_an_overlay_has_the_size_of_its_image(width, height):
    image = np.full((height, width, 3), 90, np.uint8)
    assert overlay(image, HOT, 12, 16, "appel main gauche", 0.97).shape == image.shape


def test_an_overlay_leaves_its_image_as_it_was():
    image = np.full((48, 64, 3), 90, np.uint8)
    overlay(image, HOT, 12, 16, "x", 1.0)
    assert (image == 90).all()


@pytest.mark.parametrize("size", [(480, 640), (192, 256), (1080, 1920)])
def test_the_longest_label_is_written_whole_and_bright(size):
    image = np.full((*size, 3), 200, np.uint8)
    drawn = overlay(image, bytes(192), 12, 16, "objet sur la banquette arrière", 0.97)
    letters = np.argwhere(drawn.min(axis=2) > 240)
    assert letters[:, 0].min() > size[0] * 0.85
    assert letters[:, 1].min() > 0
    assert size[1] * 0.4 < np.ptp(letters[:, 1]) < size[1] * 0.98


def test_accents_are_drawn_and_not_replaced():
    drawn = [overlay(np.zeros((99, 400, 3), np.uint8), bytes(1), 1, 1, t, 1) for t in "éèàê?"]
    assert len({picture.tobytes() for picture in drawn}) == len(drawn)


def test_an_overlay_file_is_a_png_of_the_images_size():
    data = overlay_png(np.full((48, 64, 3), 90, np.uint8), HOT, 12, 16, "autoradio", 0.5)
    assert Image.open(io.BytesIO(data)).size == (64, 48)
