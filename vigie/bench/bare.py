"""The model loop without Kafka: the most that the whole path could reach."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from consumers.inference.pool import MOST_AT_ONCE
from model.classifier import Classifier
from model.decode import decode_at_least, resize
from model.heat import make_grids

WINDOW = 48
"""Images in flight: as many as in the worker."""


def bare_rate(
    classifiers: Sequence[Classifier], files: Sequence[Path], at_once: int = MOST_AT_ONCE
) -> float:
    """Images per second of one thread per classifier, answers taken in order.

    Each image is read, decoded, judged, and its heat grids are made.

    Args:
        classifiers: as many as threads.
        files: images.
        at_once: that a thread takes: as many as in the worker, because that is quicker, or one,
            which is the loop that most would write.
    """
    free = SimpleQueue[Classifier]()
    for classifier in classifiers:
        free.put(classifier)

    def answer(batch: Sequence[Path]) -> None:
        classifier = free.get()
        classifier.classify_all([file.read_bytes() for file in batch])
        free.put(classifier)

    batches = [files[at : at + at_once] for at in range(0, len(files), at_once)]
    in_flight: deque[Future[None]] = deque()
    began = time.perf_counter()
    with ThreadPoolExecutor(len(classifiers)) as pool:
        for batch in batches:
            in_flight.append(pool.submit(answer, batch))
            if len(in_flight) >= WINDOW // at_once:
                in_flight.popleft().result()
        for waiting in in_flight:
            waiting.result()
    return len(files) / (time.perf_counter() - began)


def heat_cost(classifier: Classifier, files: Sequence[Path]) -> float:
    """Time per image with its heat grids over the time without.

    The maps are an output of the same graph and are computed either way; what can be left out is
    turning them into grids.
    """
    width, height = classifier.manifest.width, classifier.manifest.height
    judging = heating = 0.0
    for file in files:
        began = time.perf_counter()
        pixels = resize(decode_at_least(file.read_bytes(), width, height), width, height)
        maps = classifier.run(pixels).maps
        judged = time.perf_counter()
        make_grids(maps)
        heating += time.perf_counter() - judged
        judging += judged - began
    return (judging + heating) / judging
