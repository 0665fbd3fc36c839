"""What a training run may be told; the manifest beside the weights repeats it."""

from __future__ import annotations

from dataclasses import dataclass

NETWORK = "MobileNetV2 1.0, global average pooling, one dense layer"
"""What card and checkpoints call the network of network.py: change it together with that."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The recipe. The defaults are those of the weights that ship.

    Attributes:
        base_weights: file of ImageNet weights without top, ``"imagenet"`` to download them, or
            ``None`` to start from random ones.
        epochs: passes over the first data folder.
        batch: images per step.
        learning_rate: the peak, reached after ``warm_up`` epochs and let down along a cosine.
        warm_up: epochs until the peak.
        weight_decay: of AdamW.
        label_smoothing: share of the target spread over all classes.
        averaging: momentum of the running average of the weights, per step; the average is what
            is judged and exported.
        further_share: images of each further folder per image of the first one, in every epoch.
        held_out: subjects never trained on; a folder with none of them gives every fifth of its
            own.
        answered: share of held-out real images that the abstain threshold lets through.
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        seed: of every random choice.
    """

    base_weights: str | None = "imagenet"
    epochs: int = 7
    batch: int = 32
    learning_rate: float = 3e-4
    warm_up: float = 1.0
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    averaging: float = 0.99
    further_share: float = 0.4
    held_out: tuple[str, ...] = ("p002", "p022", "p042", "p052", "p075")
    answered: float = 0.9
    width: int = 256
    height: int = 192
    seed: int = 1
