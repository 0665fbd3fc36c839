"""How a classifier meets pictures that show no cabin: it should abstain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from model.classifier import Classifier
from model.decode import Pixels, decode
from model.driver.dataset import Sample, image_files
from model.driver.outliers import KINDS, upside_down
from model.measures import Share, share_of
from model.progress import Progress

# Sixty pictures of a kind tell a share to a few percent.
OF_EACH_KIND = 60


@dataclass(frozen=True, slots=True)
class Unrelated:
    """How pictures that show no cabin were met.

    Attributes:
        abstained: pictures on which the model abstained, per kind of picture; at least one kind.
        lost: real images that it refused as unlike those it learned from.
    """

    abstained: Mapping[str, Share]
    lost: Share

    @property
    def total(self) -> Share:
        """Over all kinds, each picture counting once."""
        kinds = self.abstained.values()
        return Share(sum(kind.hits for kind in kinds), sum(kind.total for kind in kinds))


def meet_unrelated(
    classifier: Classifier,
    real: Sequence[Sample],
    more: Path | None,
    seed: int,
    progress: Progress,
) -> dict[str, Share]:
    """The share abstained on, per kind of picture.

    Args:
        classifier: as it serves.
        real: images of cabins, to be seen upside down.
        more: a folder with one subfolder of pictures per kind.
        seed: of what is drawn.
        progress: told after each kind.
    """
    kinds = ["upside down", *KINDS, *(_kinds_in(more) if more else [])]
    found: dict[str, Share] = {}
    for kind in kinds:
        progress("meeting pictures of no cabin", len(found), len(kinds))
        pictures = _pictures(kind, real, more, seed)
        found[kind] = share_of(
            np.array([classifier.classify(data)[0].abstained for data in pictures])
        )
    return found


def _kinds_in(folder: Path) -> list[str]:
    return sorted(sub.name for sub in folder.iterdir() if image_files(sub))


def _pictures(kind: str, real: Sequence[Sample], more: Path | None, seed: int) -> Iterator[bytes]:
    if kind in KINDS:
        for number in range(OF_EACH_KIND):
            yield _png(KINDS[kind](np.random.default_rng((seed, number))))
    elif kind == "upside down":
        for sample in real[:: 1 + len(real) // OF_EACH_KIND]:
            yield _png(upside_down(decode(sample.path.read_bytes())))
    elif more is not None:
        files = image_files(more / kind)
        for file in files[:: 1 + len(files) // OF_EACH_KIND]:
            yield file.read_bytes()


def _png(image: Pixels) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
