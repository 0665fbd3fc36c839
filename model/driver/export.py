"""Keras -> LiteRT: one graph, image -> (logits, class activation maps), checked before it leaves.

The graph gives logits, not probabilities: in int8 a probability has steps of 1/256 and ten of
them do not sum to 1, while the softmax of the same logits in float costs 3 microseconds and lets
a temperature be set later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from model.classifier import softmax
from model.decode import Pixels
from model.driver.network import FEATURES, SCORES

Floats = npt.NDArray[np.float32]

# Float arithmetic in another order moves a logit by some 1e-5; a wrong graph moves it by far more.
LARGEST_LOGIT_ERROR = 1e-3
LEAST_MAP_CORRELATION = 0.9999
LARGEST_MAP_ERROR = 1e-3
LARGEST_PROBABILITY_ERROR = 1e-3


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


def with_maps(model: keras.Model) -> keras.Model:
    """The network with its maps as second output: a 1 x 1 convolution by the dense weights."""
    features = model.get_layer(FEATURES).output
    kernel, _ = model.get_layer(SCORES).get_weights()
    maps = keras.layers.Conv2D(kernel.shape[1], 1, use_bias=False, name="maps")
    graph = keras.Model(model.input, [model.output, maps(features)])
    maps.set_weights([kernel[None, None]])
    return graph


def check_maps(model: keras.Model, graph: keras.Model, images: Floats) -> MapChecks:
    """Hold the maps against the logits and against Grad-CAM on the logit.

    Args:
        model: the trained network.
        graph: the same, by :func:`with_maps`.
        images: RGB 0..255 of shape (n, height, width, 3).

    Raises:
        ExportError: a map is not the Grad-CAM of its logit.
    """
    scores, maps = (np.asarray(part) for part in graph.predict_on_batch(images))
    bias = model.get_layer(SCORES).get_weights()[1]
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


def check_litert(
    graph: keras.Model, run: Callable[[Pixels], tuple[Floats, Floats]], images: Floats
) -> float:
    """The largest difference of a probability between the float LiteRT file and Keras.

    Args:
        graph: by :func:`with_maps`.
        run: one pass of the LiteRT file: pixels -> (logits, maps).
        images: RGB 0..255 of shape (n, height, width, 3), whole numbers.

    Raises:
        ExportError: they differ by more than the order of additions explains.
    """
    scores, _ = graph.predict_on_batch(images)
    wanted = keras.ops.convert_to_numpy(keras.ops.softmax(scores))
    found = [softmax(run(image.astype(np.uint8))[0], 1.0) for image in images]
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
        converter.inference_input_type = tf.uint8
    return bytes(converter.convert())


def _freeze(call: Any) -> Any:
    from tensorflow.python.framework import convert_to_constants  # noqa: PLC0415 - no public name

    return convert_to_constants.convert_variables_to_constants_v2(call)


def _one_by_one(images: Pixels) -> Iterator[list[Floats]]:
    for image in images:
        yield [image[None].astype(np.float32)]


def _require(what: str, value: float, limit: float) -> None:
    if not value <= limit:
        raise ExportError(f"{what} is {value:.2e}, above the limit of {limit:.0e}")
