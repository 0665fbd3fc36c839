"""How unlike an image is to those the network learned from, told by its pooled features.

The features of the training images fill few of their many dimensions. Of an image of the same
kind, these dimensions hold most of what sets its features apart from the average; of any other
picture they hold little. The share they leave over needs no picture of "anything else" to be
chosen: the residual of Wang et al. 2022 (*ViM: Out-Of-Distribution with Virtual-logit Matching*),
here in proportion to the whole, so that a dark or a flat picture is not near to everything.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.manifest import WAY_OUT
from schemas.errors import ConfigurationError

Floats = npt.NDArray[np.float32]

NOVELTY_FILE = "novelty.npz"


@dataclass(frozen=True, slots=True)
class Subspace:
    """Where the features of known images lie.

    Attributes:
        mean: of the known features, of shape (features,).
        basis: orthonormal directions in which they differ most, of shape (rank, features).
    """

    mean: Floats
    basis: Floats

    def residual(self, features: Floats) -> float:
        """The share 0..1 of ``features`` (features,), less the mean, that lies outside."""
        apart = features - self.mean
        whole = float(apart @ apart)
        inside = self.basis @ apart
        return max(0.0, 1.0 - float(inside @ inside) / whole) if whole > 0 else 0.0

    def to_bytes(self) -> bytes:
        """As a file; :meth:`from_bytes` reads it."""
        # Half precision moves a residual by less than one part in a thousand.
        file = io.BytesIO()
        np.savez_compressed(file, mean=self.mean, basis=self.basis.astype(np.float16))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Subspace:
        """What :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            return cls(parts["mean"].astype(np.float32), parts["basis"].astype(np.float32))


def fit_subspace(features: Floats, rank: int) -> Subspace:
    """The ``rank`` principal directions of ``features`` (images, features)."""
    mean = features.mean(0)
    # The covariance is small where images are many: its eigenvectors are the principal directions.
    apart = (features - mean).astype(np.float64)
    _, directions = np.linalg.eigh(apart.T @ apart)
    basis = directions[:, ::-1][:, : min(rank, len(features) - 1)].T
    return Subspace(mean.astype(np.float32), np.ascontiguousarray(basis, np.float32))


@dataclass(frozen=True, slots=True)
class NoveltyGate:
    """A subspace and how much may lie outside of it.

    Attributes:
        subspace: of the training images.
        limit: the residual up to which an image counts as known, 0..1.
    """

    subspace: Subspace
    limit: float

    def novelty(self, features: Floats) -> float:
        """The residual in units of the limit: above 1 the image is unlike the known ones."""
        return self.subspace.residual(features) / self.limit


def read_gate(folder: Path, promised: Mapping[str, Any] | None) -> NoveltyGate | None:
    """The gate beside the weights; ``None`` where the manifest promises none.

    Args:
        folder: of the weights.
        promised: what the manifest says: ``sha256`` of the file, and the ``limit``.

    Raises:
        ConfigurationError: the file is missing or is not the one promised.
    """
    if promised is None:
        return None
    path = folder / NOVELTY_FILE
    try:
        content = path.read_bytes()
        wanted, limit = str(promised["sha256"]), float(promised["limit"])
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}), but the manifest promises it: {WAY_OUT}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"The manifest in {folder} says of novelty {dict(promised)!r}, which lacks a hash or a"
            f" limit: {WAY_OUT}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ConfigurationError(
            f"{path} has the SHA-256 {found}, but the manifest promises {wanted}: {WAY_OUT}"
        )
    return NoveltyGate(Subspace.from_bytes(content), limit)
