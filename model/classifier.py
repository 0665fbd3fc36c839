"""The resident classifier: image bytes -> Classification, on LiteRT."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from model.decode import DEFAULT_LIMITS, Limits, Pixels, decode_at_least, resize
from model.heat import make_grids
from model.labels import Label, read_labels
from model.manifest import Manifest, read_manifest, read_weights
from schemas.errors import ConfigurationError
from schemas.events import Classification, Timings

DRIVER = Path(__file__).parent / "driver"
"""The folder of the weights that ship."""

# The first runs pick kernels and touch every page of memory; from the third on they are alike.
WARM_UP_RUNS = 3

# Order is kept by one image per thread: threads inside an operation would only wait on each other.
cv2.setNumThreads(1)


class Classifier:
    """One network in memory. Not thread-safe: each thread loads its own.

    Attributes:
        manifest: of the weights in memory.
        labels: the classes, in the order of the probabilities.
        weights: the LiteRT file's content.
    """

    def __init__(
        self,
        weights: bytes,
        manifest: Manifest,
        labels: tuple[Label, ...],
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Use :meth:`load`, which reads and checks the files."""
        self.manifest = manifest
        self.labels = labels
        self.weights = weights
        self._limits = limits
        self._clock = clock
        self._interpreter = Interpreter(model_content=weights, num_threads=1)
        self._interpreter.allocate_tensors()
        (image,) = self._interpreter.get_input_details()
        # The maps have rows and columns, the logits have not.
        scores, maps = sorted(self._interpreter.get_output_details(), key=lambda d: len(d["shape"]))
        self._image, self._dtype = image["index"], image["dtype"]
        self._scores, self._maps = scores["index"], maps["index"]
        self._check(tuple(image["shape"]), tuple(scores["shape"]))

    @classmethod
    def load(cls, folder: Path = DRIVER, limits: Limits = DEFAULT_LIMITS) -> Classifier:
        """Read, verify and warm the network in ``folder``.

        Raises:
            ConfigurationError: a file is missing or is not the one the manifest names.
        """
        manifest = read_manifest(folder)
        found = cls(read_weights(folder, manifest), manifest, read_labels(folder), limits)
        blank = np.zeros((manifest.height, manifest.width, 3), np.uint8)
        for _ in range(WARM_UP_RUNS):
            found.run(blank)
        return found

    @property
    def model_version(self) -> str:
        """What events call this model, e.g. ``driver-0f3a…``."""
        return self.manifest.version

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the weights in memory."""
        return self.manifest.sha256

    def classify(self, data: bytes) -> tuple[Classification, Timings]:
        """The verdict on one image file, with the milliseconds it took.

        Raises:
            RefusedError: empty, too large, truncated or no image.
        """
        begun = self._clock()
        size = self.manifest.width, self.manifest.height
        pixels = resize(decode_at_least(data, *size, self._limits), *size)
        decoded = self._clock()
        outcome = self._outcome(*self.run(pixels))
        timings = Timings(
            decode_ms=(decoded - begun) * 1e3, inference_ms=(self._clock() - decoded) * 1e3
        )
        return outcome, timings

    def run(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """One pass: RGB of the input's size -> logits (classes,), maps (rows, columns, classes)."""
        self._interpreter.set_tensor(self._image, pixels[None].astype(self._dtype, copy=False))
        self._interpreter.invoke()
        scores = self._interpreter.get_tensor(self._scores)[0]
        return scores, self._interpreter.get_tensor(self._maps)[0]

    def _outcome(
        self, scores: npt.NDArray[np.float32], maps: npt.NDArray[np.float32]
    ) -> Classification:
        probabilities = softmax(scores, self.manifest.temperature)
        label = int(probabilities.argmax())
        confidence = float(probabilities[label])
        return Classification(
            label=label,
            behaviour=self.labels[label].key,
            confidence=confidence,
            is_infraction=self.labels[label].is_infraction,
            abstained=confidence < self.manifest.abstain_below,
            probabilities=tuple(probabilities.tolist()),
            heat=make_grids(maps),
        )

    def _check(self, image: tuple[int, ...], scores: tuple[int, ...]) -> None:
        promised = (1, self.manifest.height, self.manifest.width, 3), (1, len(self.labels))
        if (image, scores) != promised:
            raise ConfigurationError(
                f"the weights {self.manifest.weights} turn {image} into {scores}, but manifest and"
                f" labels promise {promised[0]} into {promised[1]}: restore the files of one model."
            )


def softmax(scores: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float64]:
    """Probabilities (classes,) of logits divided by ``temperature``; they sum to 1."""
    scaled = scores.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max())
    return np.asarray(powers / powers.sum())
