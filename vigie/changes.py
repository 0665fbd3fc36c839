"""Which verdicts a replay changed, counted for the command line as the page counts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaException

from dashboard.replays.comparison import Comparison
from transport.clients import Cluster
from transport.replays import read_run
from transport.topics import JobTopics

READ_S = 30.0
"""The most references that are compared, 50,000 on both sides, are read in a tenth of it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What two models say differently.

    Attributes:
        compared: references that both have judged.
        changed: how many verdicts differ.
        moves: live verdict, replayed verdict and how often, the most frequent first.
    """

    compared: int
    changed: int
    moves: tuple[tuple[str, str, int], ...]


def count_changes(
    cluster: Cluster,
    topics: JobTopics,
    group: str,
    clock: Callable[[], float] = time.monotonic,
) -> Changes | None:
    """Compare a group's last run with the live events; ``None`` when Kafka does not tell in time.

    Args:
        cluster: the Kafka to read.
        topics: of the job.
        group: of the run, :func:`transport.replays.replay_group`.
        clock: seconds, steady.
    """
    until = clock() + READ_S
    try:
        run = read_run(cluster, topics, group)
        if run is None:
            return None
        comparison = Comparison(cluster, topics, run)
        while not (comparison.read() and comparison.is_whole):
            if clock() > until:
                return None
    except KafkaException:
        return None
    compared = comparison.compared()
    words, table = compared.table(())
    moves = [
        (was, now, table[i][j])
        for i, was in enumerate(words)
        for j, now in enumerate(words)
        if was != now and table[i][j]
    ]
    moves.sort(key=lambda move: (-move[2], move[:2]))
    return Changes(len(compared), compared.changed, tuple(moves))
