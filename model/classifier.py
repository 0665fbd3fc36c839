"""The resident classifier: image bytes -> Classification, on LiteRT."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from model.decode import DEFAULT_LIMITS, Limits, Pixels, decode_at_least, resize
from model.heat import account_gap, make_all_grids
from model.labels import Label, read_labels
from model.manifest import Manifest, read_manifest, read_weights
from model.novelty import NoveltyGate, read_gate
from model.registry import shipped
from schemas.errors import ConfigurationError, RefusedError
from schemas.events import MOST_NOVEL, Classification, Failure, FailureReason, Timings

T = TypeVar("T")
U = TypeVar("U")

# The first runs pick kernels and touch every page of memory; from the third on they are alike.
WARM_UP_RUNS = 3

SIGN_BIT = np.uint8(0x80)
"""What turns 0..255 into the bytes of -128..127."""

LARGEST_STEP_ERROR = 0.5 / 255
"""Of a pixel's step: white is then still told within half a step."""

# Order is kept by one image per thread: threads inside an operation would only wait on each other.
cv2.setNumThreads(1)


class Pass(NamedTuple):
    """What one image made of the network's outputs.

    Attributes:
        scores: the logits, shape (classes,).
        maps: of each logit, shape (rows, columns, classes).
        features: pooled, shape (features,); ``None`` where the weights do not give them.
    """

    scores: npt.NDArray[np.float32]
    maps: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32] | None


class Classifier:
    """One network in memory. Not thread-safe: each thread loads its own.

    Attributes:
        manifest: of the weights in memory.
        labels: the classes, in the order of the probabilities.
        weights: the LiteRT file's content.
        gate: tells images unlike the known ones; ``None``: nothing does.
    """

    def __init__(
        self,
        weights: bytes,
        manifest: Manifest,
        labels: tuple[Label, ...],
        limits: Limits = DEFAULT_LIMITS,
        gate: NoveltyGate | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Use :meth:`load`, which reads and checks the files."""
        self.manifest = manifest
        self.labels = labels
        self.weights = weights
        self._limits = limits
        self.gate = gate
        self._clock = clock
        self._interpreter = Interpreter(model_content=weights, num_threads=1)
        self._interpreter.allocate_tensors()
        (image,) = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        # The maps have rows and columns; of the others, the logits are as many as the classes.
        maps = next(one for one in outputs if len(one["shape"]) > 2)
        flat = [one for one in outputs if len(one["shape"]) == 2]
        scores = min(flat, key=lambda one: abs(one["shape"][1] - len(labels)))
        features = next((one for one in flat if one is not scores), None)
        self._image, self._dtype = image["index"], image["dtype"]
        self._check_steps(*image["quantization"])
        self._scores, self._maps = scores["index"], maps["index"]
        self._features = None if features is None else features["index"]
        self._check(tuple(image["shape"]), tuple(scores["shape"]))
        self._bias = None if manifest.bias is None else np.array(manifest.bias, np.float32)

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        sure: float | None = None,
    ) -> Classifier:
        """Read, verify and warm the network in ``folder``; by default the driver's that ships.

        Args:
            folder: with the model's files.
            limits: of the images it takes.
            sure: share of its answers that shall be right; ``None``: as the manifest has it.

        Raises:
            ConfigurationError: a file is missing or is not the one the manifest names, or it was
                not measured when the network is so sure.
        """
        folder = folder or shipped("driver").folder
        manifest = read_manifest(folder)
        if sure is not None:
            manifest = manifest.as_sure_as(sure)
        found = cls(
            read_weights(folder, manifest),
            manifest,
            read_labels(folder),
            limits,
            read_gate(folder, manifest.novelty),
        )
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

    def gated(self, gate: NoveltyGate) -> Classifier:
        """These weights with another gate."""
        return Classifier(self.weights, self.manifest, self.labels, self._limits, gate)

    def classify(self, data: bytes) -> tuple[Classification, Timings]:
        """The verdict on one image file, with the milliseconds it took.

        Raises:
            RefusedError: empty, too large, truncated or no image.
        """
        [(outcome, timings)] = self.classify_all([data])
        if isinstance(outcome, Failure):
            raise RefusedError(FailureReason(outcome.reason), outcome.detail)
        return outcome, timings

    def classify_all(
        self, images: Sequence[bytes]
    ) -> list[tuple[Classification | Failure, Timings]]:
        """The verdict on each image file; a Failure where it is empty, too large or no image.

        Step by step for all of them: each step then finds its own code and tables in the
        processor's cache, and NumPy's calls are shared: 490 instead of 450 images a second.
        """
        decoded, decode_ms = self._each(self._decode, images)
        passes, run_ms = self._each(self.run, decoded)
        begun = self._clock()
        outcomes = self._tell(passes)
        tell_ms = (self._clock() - begun) * 1e3 / max(1, len(passes))
        return [
            (
                outcome,
                Timings() if isinstance(outcome, Failure) else Timings(0.0, ms[0], ms[1] + tell_ms),
            )
            for outcome, *ms in zip(outcomes, decode_ms, run_ms, strict=True)
        ]

    def _each(
        self, step: Callable[[T], U], things: Sequence[T | Failure]
    ) -> tuple[list[U | Failure], list[float]]:
        """A step for each thing that is no Failure yet, and the milliseconds it took."""
        found: list[U | Failure] = []
        spent = []
        for thing in things:
            begun = self._clock()
            try:
                found.append(thing if isinstance(thing, Failure) else step(thing))
            except RefusedError as refused:
                found.append(Failure(refused.reason, refused.detail))
            spent.append((self._clock() - begun) * 1e3)
        return found, spent

    def _decode(self, data: bytes) -> Pixels:
        size = self.manifest.width, self.manifest.height
        return resize(decode_at_least(data, *size, self._limits), *size)

    def run(self, pixels: Pixels) -> Pass:
        """One pass over RGB of the input's size, shape (height, width, 3)."""
        self._put(pixels)
        self._interpreter.invoke()
        return Pass(self._output(self._scores), self._output(self._maps), self._pooled())

    def _put(self, pixels: Pixels) -> None:
        """Write the pixels as the weights take them: 0..255 is -128..127 for those of int8."""
        # The interpreter lends its own memory, but does not run while somebody holds it.
        (image,) = self._interpreter.tensor(self._image)()
        if self._dtype == np.int8:
            np.bitwise_xor(pixels, SIGN_BIT, out=image.view(np.uint8))
        else:
            np.copyto(image, pixels, casting="unsafe")

    def _pooled(self) -> npt.NDArray[np.float32] | None:
        return None if self._features is None else self._output(self._features)

    def _output(self, index: int) -> npt.NDArray[Any]:
        return np.asarray(self._interpreter.get_tensor(index)[0])

    def _tell(self, found: Sequence[Pass | Failure]) -> list[Classification | Failure]:
        """What the passes mean; a Failure stays one."""
        verdicts = iter(self._verdicts([one for one in found if not isinstance(one, Failure)]))
        return [one if isinstance(one, Failure) else next(verdicts) for one in found]

    def _verdicts(self, passes: Sequence[Pass]) -> Iterator[Classification]:
        """In one array for all: NumPy's steps are few and small, and each call costs as much."""
        if not passes:
            return
        scores = np.stack([one.scores for one in passes])
        maps = np.stack([one.maps for one in passes])
        probabilities = softmax(scores, self.manifest.temperature)
        grids = make_all_grids(maps, self._verify(scores, maps))
        leads = margins(scores).tolist()
        for one, shares, lead, heat in zip(passes, probabilities, leads, grids, strict=True):
            label = int(shares.argmax())
            confidence = float(shares[label])
            novelty = self._novelty(one)
            is_unsure = self.manifest.is_unsure(lead, confidence)
            yield Classification(
                label=label,
                behaviour=self.labels[label].key,
                confidence=confidence,
                is_infraction=self.labels[label].is_infraction,
                abstained=is_unsure or (novelty or 0.0) > MOST_NOVEL,
                probabilities=tuple(shares.tolist()),
                heat=heat,
                novelty=novelty,
            )

    def _novelty(self, found: Pass) -> float | None:
        if self.gate is None or found.features is None:
            return None
        # One by one: in a product of matrices the last digit would depend on who is beside it.
        return self.gate.novelty(found.features)

    def _verify(
        self, scores: npt.NDArray[np.float32], maps: npt.NDArray[np.float32]
    ) -> list[bool | None]:
        """Whether the maps account for each verdict; ``None`` where the manifest cannot tell."""
        if self._bias is None or self.manifest.map_tolerance is None:
            return [None] * len(scores)
        within = account_gap(maps, scores, self._bias) <= self.manifest.map_tolerance
        return list(within.tolist())

    def _check_steps(self, scale: float, zero: int) -> None:
        """Hold weights of eight bits against what pixels are: steps of 1 from 0."""
        wanted = {np.int8: (1.0, -128), np.uint8: (1.0, 0)}.get(self._dtype)
        if wanted and (abs(scale - wanted[0]) > LARGEST_STEP_ERROR or zero != wanted[1]):
            raise ConfigurationError(
                f"the weights {self.manifest.weights} take pixels in steps of {scale} from {zero},"
                f" which are not {wanted[0]} from {wanted[1]}: export them again with images that"
                " hold both black and white."
            )

    def _check(self, image: tuple[int, ...], scores: tuple[int, ...]) -> None:
        promised = (1, self.manifest.height, self.manifest.width, 3), (1, len(self.labels))
        if (image, scores) != promised:
            raise ConfigurationError(
                f"the weights {self.manifest.weights} turn {image} into {scores}, but manifest and"
                f" labels promise {promised[0]} into {promised[1]}: restore the files of one model."
            )
        biases = self.manifest.bias
        if biases is not None and len(biases) != len(self.labels):
            raise ConfigurationError(
                f"the manifest of {self.manifest.weights} holds {len(biases)} biases for"
                f" {len(self.labels)} classes: restore the files of one model."
            )


def softmax(
    scores: npt.NDArray[np.float32] | npt.NDArray[np.float64], temperature: float
) -> npt.NDArray[np.float64]:
    """Probabilities (..., classes) of logits divided by ``temperature``; each row sums to 1."""
    scaled = scores.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def margins(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Lead of the best class over the second (...), in the unit of ``scores`` (..., classes)."""
    best = np.partition(scores.astype(np.float64), -2)[..., -2:]
    return np.asarray(best[..., 1] - best[..., 0])
