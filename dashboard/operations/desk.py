"""Where dead letters are looked at and sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from dashboard.feed.items import Order, Place
from dashboard.feed.rows import Rows
from dashboard.operations.letters import Letters
from schemas.codec import decode_prediction, decode_reference
from schemas.errors import ConfigurationError, RefusedError, VigieError
from schemas.events import SEVERITIES, ImageReference
from storage.images import Images
from transport.clients import Cluster
from transport.dead_letters import DeadLetter, find_dead_letters, replay_dead_letters
from transport.topics import JobTopics

SHOWN_BYTES = 96  # of an original that is no image reference: enough to recognise what it is
SHOWN_CHARACTERS = 500  # of a text that others wrote
DECODED_BYTES = 65_536  # an image reference has about 400 bytes; the worker refuses larger ones

TRANSACTION_MS = 30_000
"""A dead letter and its event are of one transaction, which the broker ends after this time."""


class ReplayBusyError(VigieError):
    """Somebody else is sending dead letters again right now."""

    code = "replay_busy"


class Desk:
    """Where dead letters are looked at and sent again.

    Args:
        cluster: the Kafka to read and to send to.
        topics: of the job.
        letters: those that are known.
        is_stored: whether the image of a reference is where the worker will look for it.
        find_event: the place in the feed of the event that tells of a letter's failure.
        answers: whether Kafka could be reached when it was last asked.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: JobTopics,
        letters: Letters,
        is_stored: Callable[[ImageReference], bool | None],
        find_event: Callable[[DeadLetter], Place | None],
        answers: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._letters = letters
        self._is_stored = is_stored
        self._find_event = find_event
        self._answers = answers
        self._clock = clock
        self._replaying = threading.Lock()

    def page(self, reason: str, before: Order | None) -> dict[str, Any]:
        """A page of letters, newest first, with the counts beside it.

        Raises:
            ConfigurationError: Kafka does not answer.
        """
        self._check_answers()
        known, older = self._letters.page(reason, before)
        places = [one.place for one in known]
        found = find_dead_letters(self._cluster, self._topics, places) if places else ()
        shown = {order_of(one).place: self._shown(one) for one in found}
        return {
            "letters": [shown[place] for place in places if place in shown],
            "older": older,
            "counts": self._letters.counts(),
            "unsent": len(self._letters.unsent(reason)),
        }

    def event(self, place: Place) -> Place | None:
        """The event that tells of this letter's failure; ``None`` when either is not kept.

        Raises:
            ConfigurationError: Kafka does not answer.
        """
        self._check_answers()
        letter = next(find_dead_letters(self._cluster, self._topics, [place]), None)
        return self._find_event(letter) if letter else None

    def replay(self, places: Sequence[Place]) -> list[Place]:
        """Send these again, in their order.

        Returns:
            Those that Kafka has taken: one that it no longer keeps cannot be sent.

        Raises:
            ConfigurationError: Kafka does not answer.
            ReplayError: it refused some; those that it took are marked all the same.
            ReplayBusyError: another replay is not done yet.
        """
        self._check_answers()
        if not self._replaying.acquire(blocking=False):
            raise ReplayBusyError(
                "Another replay is not done yet. Wait for its end, then try again."
            )
        taken: list[Place] = []

        def mark(letter: DeadLetter) -> None:
            place = order_of(letter).place
            taken.append(place)
            self._letters.mark(place, self._clock())

        try:
            letters = find_dead_letters(self._cluster, self._topics, places)
            replay_dead_letters(self._cluster, self._topics, letters, mark)
        finally:
            self._replaying.release()
        return taken

    def replay_all(self, reason: str) -> list[Place]:
        """Send all with this reason again that were not yet; see ``replay``."""
        return self.replay(self._letters.unsent(reason))

    def _check_answers(self) -> None:
        if not self._answers():  # at once, instead of after the client's own 10 s
            raise ConfigurationError(
                "Kafka does not answer: dead letters can be neither read nor sent again. Start the"
                " broker, or wait until it is back; this page goes on by itself."
            )

    def _shown(self, letter: DeadLetter) -> dict[str, Any]:
        replayed_at = self._letters.replayed_at(order_of(letter).place)
        return view(letter, self._is_stored) | {"replayed": replayed_at}


def order_of(letter: DeadLetter) -> Order:
    """Where a letter stands among all."""
    return Order(letter.appended_ms, letter.partition, letter.offset)


def view(letter: DeadLetter, is_stored: Callable[[ImageReference], bool | None]) -> dict[str, Any]:
    """The facts of one dead letter for the browser. Times in seconds since 1970, sizes in bytes."""
    value = letter.value or b""
    reference = original(value)
    order = order_of(letter)
    return {
        "id": str(order.place),
        "order": str(order),
        "at": letter.appended_ms / 1e3,
        "reason": letter.reason[:SHOWN_CHARACTERS],
        "detail": letter.detail[:SHOWN_CHARACTERS],
        "published_at": _seconds(letter.published_at),
        "source_place": f"{letter.source_partition}, {letter.source_offset}",
        "bytes": len(value),
        "reference": _facts(reference) if reference else None,
        "head": "" if reference else value[:SHOWN_BYTES].hex(" "),
        "stored": is_stored(reference) if reference else None,
    }


def is_stored(store: Images, reference: ImageReference) -> bool | None:
    """Whether the worker would find the image of a reference; ``None``: the store does not say."""
    try:
        return store.holds(reference)
    except OSError:
        return None


def original(value: bytes) -> ImageReference | None:
    """The image reference that failed; ``None`` where the message is none."""
    if len(value) > DECODED_BYTES:
        return None
    with suppress(RefusedError):
        return decode_reference(value)
    return None


def event_of(
    letter: DeadLetter,
    read_rows: Callable[[Callable[[Rows], list[int]]], list[int]],
    read_message: Callable[[Place], bytes | None],
) -> Place | None:
    """The place of the event that tells of this letter's failure; ``None`` when it is not kept.

    One transaction writes both, so the event is among the failures of the same partition and time;
    events answer the images in their order, so it is found by halving.

    Args:
        letter: whose event.
        read_rows: applies a function to the events that are kept, as columns.
        read_message: gives an event by its place.
    """
    offsets = read_rows(lambda rows: _failures_near(rows, letter))
    low, high = 0, len(offsets)
    while low < high:
        middle = (low + high) // 2
        place = Place(letter.partition, offsets[middle])
        answered = _source_offset(read_message(place))
        if answered is None:
            return None
        if answered == letter.source_offset:
            return place
        low, high = (middle + 1, high) if answered < letter.source_offset else (low, middle)
    return None


def _failures_near(rows: Rows, letter: DeadLetter) -> list[int]:
    near = abs(rows.appended_ms - letter.appended_ms) <= TRANSACTION_MS
    failed = rows.severity == SEVERITIES.index("failure")
    offsets = rows.offset[near & failed & (rows.partition == letter.partition)]
    return sorted(int(offset) for offset in offsets)


def _source_offset(message: bytes | None) -> int | None:
    with suppress(RefusedError):
        return decode_prediction(message).source_offset
    return None


def _facts(reference: ImageReference) -> dict[str, Any]:
    texts = {
        "reference_id": reference.reference_id,
        "source": reference.source,
        "name": reference.name,
        "path": reference.path,
        "image_sha256": reference.sha256,
    }
    return {name: text[:SHOWN_CHARACTERS] for name, text in texts.items()} | {
        "size_bytes": reference.size_bytes,
        "captured_at": reference.captured_at.timestamp(),
    }


def _seconds(iso: str) -> float | None:
    with suppress(ValueError):
        return datetime.fromisoformat(iso).timestamp()
    return None
