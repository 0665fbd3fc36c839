"""The training loop: seeded batches, a running average of the weights, a checkpoint per epoch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from model.decode import Pixels, resize
from model.driver.augment import augment, join
from model.driver.dataset import Images
from model.driver.network import POOLED, SCORES, build_network
from model.driver.settings import TrainSettings
from model.progress import Progress

# Batches made ahead: enough to ride out a slow one, few enough to stay small (30 MB each).
AHEAD = 4
# The dense layer alone settles in some hundred steps, which on pooled features take two seconds.
PROBE_EPOCHS = 40
PROBE_BATCH = 128
PROBE_RATE = 1e-3
# Heavier decay than the network's: 1,280 features of a few thousand images overfit at once.
PROBE_DECAY = 5e-3


def fit(
    training: Sequence[Images],
    classes: int,
    settings: TrainSettings,
    checkpoints: Path,
    progress: Progress,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train, or go on from the last whole epoch kept in ``checkpoints``.

    Args:
        training: per data folder; the first is seen whole in every epoch.
        classes: how many.
        settings: the recipe.
        checkpoints: a folder for this run alone.
        progress: told after every step.

    Returns:
        the network with averaged weights, and the loss of every epoch.
    """
    keras.utils.set_random_seed(settings.seed)
    draws = [len(training[0].labels)]
    draws += [min(len(m.labels), round(settings.further_share * draws[0])) for m in training[1:]]
    steps = max(1, sum(draws) // settings.batch)
    live = _compiled(classes, settings, steps)
    average = build_network(settings.height, settings.width, classes, None)
    history = _resume(live, average, checkpoints)
    if not history:
        progress("fitting the last layer", 0, 1)
        _probe(live, training, settings)
        average.set_weights(live.get_weights())
    for epoch in range(len(history), settings.epochs):
        loss = _run_epoch(live, average, training, draws, epoch, settings, progress)
        history.append({"loss": loss})
        _checkpoint(live, average, history, checkpoints)
    return average, history


def _compiled(classes: int, settings: TrainSettings, steps: int) -> keras.Model:
    model = build_network(settings.height, settings.width, classes, settings.base_weights)
    warm_up = round(settings.warm_up * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=settings.learning_rate / 100,
        decay_steps=max(1, settings.epochs * steps - warm_up),
        warmup_target=settings.learning_rate,
        warmup_steps=warm_up,
        alpha=0.002,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=settings.weight_decay, global_clipnorm=5.0
        ),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _probe(live: keras.Model, training: Sequence[Images], settings: TrainSettings) -> None:
    """Fit the dense layer to the features as they are, before these may change.

    A random last layer would bend good features in the first steps, and what is bent serves
    people it was not trained on less well (Kumar et al. 2022, *Fine-Tuning can Distort Pretrained
    Features and Underperform Out-of-Distribution*).
    """
    pooled = keras.Model(live.input, live.get_layer(POOLED).output)
    features = np.concatenate([f for m in training for f in _served(pooled, m.pixels, settings)])
    targets = np.eye(live.output_shape[-1], dtype=np.float32)[
        np.concatenate([images.labels for images in training])
    ]
    layer = keras.layers.Dense(
        targets.shape[1], kernel_regularizer=keras.regularizers.L2(PROBE_DECAY)
    )
    head = keras.Sequential([keras.Input(features.shape[1:]), layer])
    head.compile(
        optimizer=keras.optimizers.Adam(PROBE_RATE),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    head.fit(features, targets, batch_size=PROBE_BATCH, epochs=PROBE_EPOCHS, verbose=0)
    live.get_layer(SCORES).set_weights(layer.get_weights())


def _served(
    model: keras.Model, pixels: Sequence[Pixels], settings: TrainSettings
) -> Iterator[npt.NDArray[np.float32]]:
    """What ``model`` makes of the images as they are served, 64 at a time."""
    for start in range(0, len(pixels), 64):
        views = [resize(i, settings.width, settings.height) for i in pixels[start : start + 64]]
        yield model.predict_on_batch(np.stack(views).astype(np.float32))


def _run_epoch(
    live: keras.Model,
    average: keras.Model,
    training: Sequence[Images],
    draws: Sequence[int],
    epoch: int,
    settings: TrainSettings,
    progress: Progress,
) -> float:
    batches = list(_plan(training, draws, epoch, settings))
    losses = []
    classes = live.output_shape[-1]
    made = _batches(training, batches, classes, epoch, settings)
    for step, (pixels, targets) in enumerate(made, 1):
        losses.append(float(live.train_on_batch(pixels, targets)))
        _follow(average, live, settings.averaging)
        recent = float(np.mean(losses[-20:]))
        progress(f"epoch {epoch + 1} of {settings.epochs}, loss {recent:.3f}", step, len(batches))
    return float(np.mean(losses))


def _plan(
    training: Sequence[Images], draws: Sequence[int], epoch: int, settings: TrainSettings
) -> Iterator[list[tuple[int, int]]]:
    """Batches of (folder, image) for one epoch, in a random order."""
    rng = np.random.default_rng((settings.seed, epoch))
    chosen = [
        (folder, int(index))
        for folder, draw in enumerate(draws)
        for index in rng.choice(len(training[folder].labels), draw, replace=False)
    ]
    order = [chosen[i] for i in rng.permutation(len(chosen))]
    for start in range(0, max(1, len(order) - settings.batch + 1), settings.batch):
        yield order[start : start + settings.batch]


def _batches(
    training: Sequence[Images],
    plan: Sequence[list[tuple[int, int]]],
    classes: int,
    epoch: int,
    settings: TrainSettings,
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Random views (n, height, width, 3) with one-hot targets, made one thread ahead."""
    one_hot = np.eye(classes, dtype=np.float32)
    alike = [_by_class(images.labels) for images in training]

    def view(folder: int, index: int, rng: np.random.Generator) -> Pixels:
        return augment(training[folder].pixels[index], settings.height, settings.width, rng)

    def one(folder: int, index: int) -> Pixels:
        rng = np.random.default_rng((settings.seed, epoch, folder, index))
        made = view(folder, index, rng)
        if rng.random() >= settings.joining:
            return made
        partner = int(rng.choice(alike[folder][training[folder].labels[index]]))
        return join(made, view(folder, partner, rng), rng)

    def make(chosen: list[tuple[int, int]]) -> tuple[npt.NDArray[np.float32], ...]:
        views = [one(folder, index) for folder, index in chosen]
        targets = one_hot[[training[folder].labels[index] for folder, index in chosen]]
        return np.stack(views).astype(np.float32), targets

    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[tuple[npt.NDArray[np.float32], ...]]] = []
        for chosen in plan:
            waiting.append(pool.submit(make, chosen))
            if len(waiting) > AHEAD:
                pixels, targets = waiting.pop(0).result()
                yield pixels, targets
        for future in waiting:
            pixels, targets = future.result()
            yield pixels, targets


def _by_class(labels: npt.NDArray[np.int64]) -> dict[int, npt.NDArray[np.int64]]:
    return {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}


def _follow(average: keras.Model, live: keras.Model, momentum: float) -> None:
    """Move the average one step towards the live weights (Polyak averaging)."""
    step = int(live.optimizer.iterations.numpy())
    # A young average forgets faster, or it would remember the weights before training for epochs.
    kept = min(momentum, step / (step + 10))
    for slow, fast in zip(average.trainable_variables, live.trainable_variables, strict=True):
        slow.assign(slow * kept + fast * (1 - kept))


def _checkpoint(
    live: keras.Model, average: keras.Model, history: list[dict[str, float]], folder: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"epoch-{len(history):03d}"
    live.save_weights(folder / f"{name}-live.weights.h5")
    average.save_weights(folder / f"{name}-average.weights.h5")
    # The history is written last and names the epoch: a kill between leaves the former one whole.
    state = folder / "history.json.part"
    state.write_text(json.dumps(history), "utf-8")
    state.replace(folder / "history.json")
    for old in folder.glob("epoch-*.weights.h5"):
        if not old.name.startswith(name):
            old.unlink()


def _resume(live: keras.Model, average: keras.Model, folder: Path) -> list[dict[str, float]]:
    state = folder / "history.json"
    if not state.is_file():
        return []
    history: list[dict[str, float]] = json.loads(state.read_text("utf-8"))
    name = f"epoch-{len(history):03d}"
    live.load_weights(folder / f"{name}-live.weights.h5")
    average.load_weights(folder / f"{name}-average.weights.h5")
    return history
