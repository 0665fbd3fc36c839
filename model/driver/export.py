"""Keras -> LiteRT: one graph, image -> (logits, maps, features), checked before it leaves.

The graph gives logits, not probabilities: in int8 a probability has steps of 1/256 and ten of
them do not sum to 1, while the softmax of the same logits in float costs 3 microseconds and lets
a temperature be set later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from model.classifier import Pass, softmax
from model.decode import Pixels, resize
from model.driver.dataset import Images
from model.driver.network import FEATURES, POOLED, SCORES
from model.driver.serving import classifier_of
from model.driver.settings import TrainSettings
from model.labels import Label
from model.progress import Progress

Floats = npt.NDArray[np.float32]

# Float arithmetic in another order moves a logit by some 1e-5; a wrong graph moves it by far more.
LARGEST_LOGIT_ERROR = 1e-3
LEAST_MAP_CORRELATION = 0.9999
LARGEST_MAP_ERROR = 1e-3
LARGEST_PROBABILITY_ERROR = 1e-3
# Grad-CAM of ten classes by automatic differentiation takes half a second per image.
CHECKED_IMAGES = 32
# Ranges of activations settle after a few hundred images.
CALIBRATION_IMAGES = 400


class ExportError(RuntimeError):
    """The exported graph does not do what the trained network does: nothing was written."""


@dataclass(frozen=True, slots=True)
class MapChecks:
    """The worst cases found over the images that were checked.

    Attributes:
        logit_error: of ``mean(M_c) + b_c`` against the logit.
        grad_cam_correlation: of a map with Grad-CAM on the logit by automatic differentiation.
        grad_cam_error: largest difference of the two after scaling each to its peak.
    """

    logit_error: float
    grad_cam_correlation: float
    grad_cam_error: float


@dataclass(frozen=True, slots=True)
class Forms:
    """One trained network as LiteRT files.

    Attributes:
        weights: per precision, the file's content.
        bias: per class, what the mean of a map and its logit differ by.
        maps: how the maps were checked.
        probability_error: largest difference between the float file and Keras.
    """

    PRECISIONS: ClassVar[tuple[str, str]] = ("float32", "int8")

    weights: dict[str, bytes]
    bias: tuple[float, ...]
    maps: MapChecks
    probability_error: float


def export_forms(
    network: keras.Model,
    training: Sequence[Images],
    labels: tuple[Label, ...],
    settings: TrainSettings,
    progress: Progress,
) -> Forms:
    """The network in float and in int8, with maps and features, checked.

    Args:
        network: trained.
        training: what it was trained on; some of it calibrates the int8 form.
        labels: the classes, in the order of the logits.
        settings: the recipe.
        progress: told of the steps.

    Raises:
        ExportError: a map is not the Grad-CAM of its logit, or LiteRT is not Keras.
    """
    progress("checking the maps", 0, 3)
    graph = with_maps(network)
    some = spread(training, CHECKED_IMAGES, settings).astype(np.float32)
    maps = check_maps(network, graph, some)
    progress("exporting", 1, 3)
    exact = to_litert(graph, None)
    error = check_litert(graph, classifier_of(exact, "float32", labels, settings).run, some)
    progress("quantising to int8", 2, 3)
    small = to_litert(graph, spread(training, CALIBRATION_IMAGES, settings))
    progress("quantising to int8", 3, 3)
    weights = dict(zip(Forms.PRECISIONS, (exact, small), strict=True))
    return Forms(weights, tuple(biases(network).tolist()), maps, error)


def spread(training: Sequence[Images], count: int, settings: TrainSettings) -> Pixels:
    """``count`` training images or all there are, evenly over folders and classes, as served."""
    share = -(-count // len(training))
    chosen = [
        images.pixels[index]
        for images in training
        for index in np.linspace(0, len(images.labels) - 1, share).astype(int)
    ]
    return np.stack([resize(image, settings.width, settings.height) for image in chosen])


def with_maps(model: keras.Model) -> keras.Model:
    """The network that also gives its maps, by a 1 x 1 convolution, and its pooled features."""
    features = model.get_layer(FEATURES).output
    kernel, _ = model.get_layer(SCORES).get_weights()
    maps = keras.layers.Conv2D(kernel.shape[1], 1, use_bias=False, name="maps")
    pooled = model.get_layer(POOLED).output
    graph = keras.Model(model.input, [model.output, maps(features), pooled])
    maps.set_weights([kernel[None, None]])
    return graph


def biases(model: keras.Model) -> Floats:
    """What a map's mean and its logit differ by, per class, shape (classes,)."""
    return np.asarray(model.get_layer(SCORES).get_weights()[1])


def check_maps(model: keras.Model, graph: keras.Model, images: Floats) -> MapChecks:
    """Hold the maps against the logits and against Grad-CAM on the logit.

    Args:
        model: the trained network.
        graph: the same, by :func:`with_maps`.
        images: RGB 0..255 of shape (n, height, width, 3).

    Raises:
        ExportError: a map is not the Grad-CAM of its logit.
    """
    scores, maps, _ = (np.asarray(part) for part in graph.predict_on_batch(images))
    bias = biases(model)
    logit_error = float(np.abs(maps.mean((1, 2)) + bias - scores).max())
    correlations, errors = [], []
    for label, cams in enumerate(_grad_cams(model, images)):
        for cam, found in zip(cams, np.maximum(maps[..., label], 0), strict=True):
            if cam.max() > 0 and found.max() > 0:
                correlations.append(np.corrcoef(cam.ravel(), found.ravel())[0, 1])
                errors.append(np.abs(cam / cam.max() - found / found.max()).max())
    checks = MapChecks(logit_error, float(min(correlations)), float(max(errors)))
    _require("logit error", checks.logit_error, LARGEST_LOGIT_ERROR)
    _require("1 - correlation", 1 - checks.grad_cam_correlation, 1 - LEAST_MAP_CORRELATION)
    _require("map error", checks.grad_cam_error, LARGEST_MAP_ERROR)
    return checks


def _grad_cams(model: keras.Model, images: Floats) -> list[Floats]:
    """Grad-CAM on each logit (Selvaraju et al. 2017, equations 1 and 2): (n, rows, columns)."""
    split = keras.Model(model.input, [model.get_layer(FEATURES).output, model.output])
    with tf.GradientTape(persistent=True) as tape:
        features, scores = split(images, training=False)
        logits = tf.unstack(scores, axis=1)
    gradients = [tape.gradient(logit, features) for logit in logits]
    weights = [tf.reduce_mean(g, axis=(1, 2), keepdims=True) for g in gradients]
    return [np.asarray(tf.nn.relu(tf.reduce_sum(w * features, axis=-1))) for w in weights]


def check_litert(graph: keras.Model, run: Callable[[Pixels], Pass], images: Floats) -> float:
    """The largest difference of a probability between the float LiteRT file and Keras.

    Args:
        graph: by :func:`with_maps`.
        run: one pass of the LiteRT file.
        images: RGB 0..255 of shape (n, height, width, 3), whole numbers.

    Raises:
        ExportError: they differ by more than the order of additions explains.
    """
    wanted = keras.ops.convert_to_numpy(keras.ops.softmax(graph.predict_on_batch(images)[0]))
    found = [softmax(run(image.astype(np.uint8)).scores, 1.0) for image in images]
    error = float(np.abs(np.stack(found) - wanted).max())
    _require("LiteRT's probability error", error, LARGEST_PROBABILITY_ERROR)
    return error


def to_litert(graph: keras.Model, calibration: Pixels | None) -> bytes:
    """The graph as a LiteRT file: float32, or full int8 where calibration images are given.

    Args:
        graph: by :func:`with_maps`.
        calibration: RGB of shape (n, height, width, 3), some hundred images as they will come.
    """
    height, width = graph.input.shape[1:3]
    call = tf.function(
        lambda image: tuple(graph(image, training=False)), jit_compile=False
    ).get_concrete_function(tf.TensorSpec((1, height, width, 3), tf.float32))
    # Calibration cannot read variables: they become constants first.
    frozen = _freeze(call)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _one_by_one(calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        # uint8 would be turned into this by a step of its own: 0.14 of 3 ms.
        converter.inference_input_type = tf.int8
    return bytes(converter.convert())


def _freeze(call: Any) -> Any:
    from tensorflow.python.framework import convert_to_constants  # noqa: PLC0415 - no public name

    return convert_to_constants.convert_variables_to_constants_v2(call)


def _one_by_one(images: Pixels) -> Iterator[list[Floats]]:
    first = images[0].copy()
    # The range of what is seen becomes that of the input, whose steps must be a pixel's.
    first[0, 0], first[-1, -1] = 0, 255
    for image in (first, *images[1:]):
        yield [image[None].astype(np.float32)]


def _require(what: str, value: float, limit: float) -> None:
    if not value <= limit:
        raise ExportError(f"{what} is {value:.2e}, above the limit of {limit:.0e}")
