"""The network: a MobileNetV2 whose pooled features meet one dense layer.

That shape is what makes the class activation map of a logit equal to its Grad-CAM, so the map is
a second output of the same graph (see :mod:`model.driver.export`).
"""

from __future__ import annotations

from pathlib import Path

import keras

NETWORK = "MobileNetV2 1.0, global average pooling, one dense layer"
"""What card and checkpoints call the network."""

# The first blocks see edges and colours, which photographs of any kind have taught already.
FIRST_TRAINED = "block_3"
DROPOUT = 0.4
FEATURES = "features"
POOLED = "pooled"
SCORES = "scores"


def build_network(
    height: int, width: int, classes: int, base_weights: str | Path | None
) -> keras.Model:
    """RGB values 0..255 of shape (n, height, width, 3) -> logits (n, classes).

    Args:
        height: of the input, in pixels; a multiple of 32.
        width: of the input, in pixels; a multiple of 32.
        classes: how many logits.
        base_weights: a file of ImageNet weights without top, ``"imagenet"`` to download Keras's
            own, or ``None`` for random ones.
    """
    base = keras.applications.MobileNetV2(
        input_shape=(height, width, 3),
        include_top=False,
        weights=None if base_weights is None else str(base_weights),
    )
    _freeze(base)
    image = keras.Input((height, width, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    features = keras.layers.Activation("linear", name=FEATURES)(base(scaled, training=False))
    pooled = keras.layers.GlobalAveragePooling2D(name=POOLED)(features)
    kept = keras.layers.Dropout(DROPOUT)(pooled)
    return keras.Model(image, keras.layers.Dense(classes, name=SCORES)(kept))


def _freeze(base: keras.Model) -> None:
    trained = False
    for layer in base.layers:
        trained = trained or layer.name.startswith(f"{FIRST_TRAINED}_")
        # Statistics of a few dozen drivers are worse than ImageNet's: normalisation stays as is.
        layer.trainable = trained and not isinstance(layer, keras.layers.BatchNormalization)
