"""Where replays are looked at: which there are, and what the other model says differently."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from dashboard.feed.items import Place, card, read_item
from dashboard.feed.messages import Messages
from dashboard.feed.pictures import Pictures
from dashboard.replays.comparison import MOST, Comparison
from dashboard.replays.verdicts import CHECK, FAILURE, Change
from schemas.errors import ConfigurationError
from transport.clients import Cluster
from transport.replays import Run, list_runs
from transport.topics import JobTopics

MOST_RUNS = 50
"""More than a person compares; each costs a question to Kafka."""

MOST_COMPARED = 3
"""Runs whose comparison is kept: who looks at two in turn waits for neither."""

RUNS_S = 2.0
"""How old the list of runs may be: pages ask every two seconds while one is running."""

PAGE_LENGTH = 12

HEAT_FOLDER = "replays/"
"""Of the addresses of replayed heat maps, which are beside the live ones'."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a page wants to see.

    Attributes:
        run: id of a run; empty: the newest.
        was: live verdict of the changes listed; empty: any.
        now: replayed verdict of the changes listed; empty: any.
        before: only changes of older references than this one.
    """

    run: str = ""
    was: str = ""
    now: str = ""
    before: Place | None = None


class ReplayDesk:
    """Where replays are looked at. Safe between threads.

    Args:
        cluster: the Kafka to read.
        topics: of the job.
        live: gives a live event by its place.
        replayed: gives a replayed one.
        pictures: draws the heat maps of replayed events.
        labels: keys of the job's classes, in their order.
        answers: whether Kafka could be reached when it was last asked.
        clock: seconds, steady.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: JobTopics,
        live: Messages,
        replayed: Messages,
        pictures: Pictures,
        labels: Sequence[str],
        answers: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._live = live
        self._replayed = replayed
        self._pictures = pictures
        self._words = (*labels, CHECK, FAILURE)
        self._answers = answers
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: tuple[float, list[Run]] | None = None
        self._comparisons: OrderedDict[str, Comparison] = OrderedDict()

    def heat(self, name: str) -> bytes | None:
        """The PNG of a replayed event's heat map; ``None`` when it is not to be had."""
        return self._pictures.heat(name)

    def look(self, asked: Question) -> dict[str, Any]:
        """The runs, and what changed in one of them as far as it is read.

        Raises:
            ConfigurationError: Kafka does not answer.
        """
        if not self._answers():  # at once, instead of after the client's own time-outs
            raise _no_answer()
        try:
            with self._lock:
                runs = self._known_runs()
                run = next((one for one in runs if asked.run in ("", one.id)), None)
                shown = self._changes(run, asked) if run else None
        except KafkaException as error:
            raise _no_answer() from error
        return {"runs": [_facts(one) for one in runs], "run": run and run.id, "found": shown}

    def _known_runs(self) -> list[Run]:
        now = self._clock()
        if self._runs is None or now - self._runs[0] > RUNS_S:
            self._runs = now, list_runs(self._cluster, self._topics, MOST_RUNS)
        return self._runs[1]

    def _changes(self, run: Run, asked: Question) -> dict[str, Any]:
        comparison = self._comparisons.pop(run.id, None)
        if comparison is None:
            comparison = Comparison(self._cluster, self._topics, run)
        self._comparisons[run.id] = comparison
        while len(self._comparisons) > MOST_COMPARED:
            self._comparisons.popitem(last=False)
        complete = comparison.read()
        compared = comparison.compared()
        words, table = compared.table(self._words)
        changes, older = compared.changes(asked.was, asked.now, asked.before, PAGE_LENGTH)
        return {
            "complete": complete,
            "most": MOST if comparison.replayed.seen > MOST else None,
            "compared": len(compared),
            "changed": compared.changed,
            "unmatched": compared.unmatched,
            "words": words,
            "table": table,
            "changes": [self._shown(change) for change in changes],
            "older": older,
        }

    def _shown(self, change: Change) -> dict[str, Any]:
        replayed = _event(self._replayed, change.replayed)
        if replayed and replayed["heat"]:
            replayed["heat"] = HEAT_FOLDER + replayed["heat"]
        return {
            "source": str(change.source),
            "live": _event(self._live, change.live),
            "replayed": replayed,
        }


def _event(messages: Messages, place: Place) -> dict[str, Any] | None:
    """A card's facts and the model; ``None`` when Kafka no longer keeps the event."""
    message = messages.read(place)
    if message is None:
        return None
    item = read_item(place, 0, message)
    return card(item) | {"model": item.model}


def _facts(run: Run) -> dict[str, Any]:
    """A run for the browser; times in seconds since 1970."""
    period = run.period
    return {
        "id": run.id,
        "model": run.model_version,
        "number": run.number,
        "since": period.since and period.since.timestamp(),
        "until": period.until and period.until.timestamp(),
        "started_at": run.started_at.timestamp(),
        "references": run.references,
        "failures": run.failures,
        "done": run.done,
        "total": run.total,
        "finished": run.is_finished,
    }


def _no_answer() -> ConfigurationError:
    return ConfigurationError(
        "Kafka does not answer: replays cannot be read. Start the broker, or wait until it is back;"
        " this page goes on by itself."
    )
