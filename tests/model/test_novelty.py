"""What is unlike the known images is told, without a single unlike image to learn from."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.novelty import NOVELTY_FILE, NoveltyGate, Subspace, fit_subspace, read_gate
from schemas.errors import ConfigurationError


@pytest.fixture(scope="module")
def known():
    """Two hundred points of 30 features that fill three dimensions, with a little noise."""
    rng = np.random.default_rng(1)
    inside = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 30))
    return (5 + inside + 0.01 * rng.normal(size=inside.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def subspace(known):
    return fit_subspace(known, 3)


def test_known_points_leave_almost_nothing_outside(subspace, known):
    assert max(subspace.residual(point) for point in known) < 0.05


def test_a_point_in_another_direction_lies_outside(subspace):
    strange = np.random.default_rng(2).normal(size=30).astype(np.float32)
    assert subspace.residual(subspace.mean + strange) > 0.5


@given(st.floats(1e-3, 1e3), st.integers(0, 10_000))
def test_the_residual_is_a_share_whatever_the_size(scale, seed):
    space = fit_subspace(np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32), 3)
    apart = np.random.default_rng(seed).normal(size=8).astype(np.float32)
    near, far = (space.residual(space.mean + by * apart) for by in (np.float32(1), scale))
    assert 0 <= near <= 1
    assert far == pytest.approx(near, abs=0.01)


def test_the_average_itself_is_known(subspace):
    assert subspace.residual(subspace.mean) == 0


def test_novelty_above_one_is_beyond_the_limit(subspace, known):
    residual = subspace.residual(known[0])
    assert NoveltyGate(subspace, residual).novelty(known[0]) == pytest.approx(1)


def test_the_file_keeps_what_it_is_given(subspace, known):
    read = Subspace.from_bytes(subspace.to_bytes())
    assert read.residual(known[0]) == pytest.approx(subspace.residual(known[0]), abs=1e-3)


class TestGateOnDisk:
    @pytest.fixture
    def folder(self, tmp_path, subspace) -> Path:
        (tmp_path / NOVELTY_FILE).write_bytes(subspace.to_bytes())
        return tmp_path

    def promised(self, folder, **changes):
        content = (folder / NOVELTY_FILE).read_bytes()
        return {"sha256": hashlib.sha256(content).hexdigest(), "limit": 0.4, **changes}

    def test_the_promised_file_is_read(self, folder):
        gate = read_gate(folder, self.promised(folder))
        assert gate is not None
        assert gate.limit == 0.4

    def test_a_manifest_without_a_promise_has_no_gate(self, folder):
        assert read_gate(folder, None) is None

    def test_another_file_is_refused_by_both_hashes(self, folder):
        with pytest.raises(ConfigurationError, match="promises 00"):
            read_gate(folder, self.promised(folder, sha256="00"))

    def test_a_missing_file_is_refused(self, folder):
        promised = self.promised(folder)
        (folder / NOVELTY_FILE).unlink()
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_gate(folder, promised)

    def test_half_a_promise_is_refused(self, folder):
        with pytest.raises(ConfigurationError, match="lacks a hash or a limit"):
            read_gate(folder, {"limit": 0.4})
