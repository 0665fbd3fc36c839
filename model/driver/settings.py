"""What a training run may be told; the manifest beside the weights repeats it."""

from __future__ import annotations

from dataclasses import dataclass


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
        joining: share of training images whose one side is taken from another image of the class.
        averaging: momentum of the running average of the weights, per step; the average is what
            is judged and exported.
        further_share: images of each further folder per image of the first one, in every epoch.
        folds: groups of subjects, each judged by a network that never saw them.
        sure: how right answers have to be, on unseen subjects, for the model not to abstain.
        known: share of images of unseen subjects that must not count as unlike the known ones.
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        seed: of every random choice.
    """

    base_weights: str | None = "imagenet"
    epochs: int = 8
    batch: int = 32
    learning_rate: float = 3e-4
    warm_up: float = 1.0
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    joining: float = 0.5
    averaging: float = 0.99
    further_share: float = 0.25
    folds: int = 5
    sure: float = 0.99
    known: float = 0.97
    width: int = 320
    height: int = 240
    seed: int = 1
