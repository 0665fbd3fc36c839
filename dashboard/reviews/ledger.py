"""What people have said of events, folded in the order of the reviews topic.

Each event keeps every action that speaks of it. Its verdict is the newest one that was not taken
back, so that of two people the last one wins and the other's word stays in the history.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from dashboard.reviews.precision import Precision
from schemas.reviews import MOST_REVIEWED, Review, ReviewAction

State = Literal["", "confirmed", "false_positive", "corrected"]
STATES: tuple[State, ...] = ("", "confirmed", "false_positive", "corrected")
"""An event's state by its code; 0: nobody has judged it."""

CODES: dict[str, int] = {
    ReviewAction.CONFIRM: 1,
    ReviewAction.FALSE_POSITIVE: 2,
    ReviewAction.CORRECT: 3,
    ReviewAction.NOTE: 0,
    ReviewAction.UNDO: 0,
}
"""The state that a known action gives to its events, as a position in ``STATES``; 0: none."""

LARGEST = 1 << 62  # of an offset: columns of numbers hold no more

MOST_BYTES = 128 * 1024 * 1024
"""What all actions together may take; the oldest are then let go of. About 125,000 reviews of
single events, or a million events reviewed by the group."""

ACTION_BYTES = 950
EVENT_BYTES = 120
"""Of one action without its note, and of each event it speaks of, as measured (tracemalloc)."""

VERDICT_RANK = 1 << 40
"""Sets verdicts above everything else; there are never so many actions."""

MOST_OF_HISTORY = 200
"""Actions told of one event: more than anybody reads."""


@dataclass(slots=True, eq=False)
class Action:
    """One applied review.

    Attributes:
        review: as it stands in the topic.
        at: when Kafka took it, seconds since 1970.
        version: its number among the applied ones, from 1.
        offsets: of its events; those of an undo are its target's.
        code: position in ``STATES`` of what it says of its events; 0 for a note or an undo.
        undone: whether it was taken back.
        stands: of how many events it is the verdict now.
    """

    review: Review
    at: float
    version: int
    offsets: tuple[int, ...]
    code: int
    undone: bool = False
    stands: int = 0


Record = tuple[Action, ...]
"""All actions on one event, oldest first. Events of a group share it."""


class Events(NamedTuple):
    """Events of one partition, by the offsets of their image references."""

    partition: int
    offsets: tuple[int, ...]


class Mark(NamedTuple):
    """What an index keeps of an event.

    ``code`` is its position in ``STATES``. ``rank`` is 0 where nobody has done anything, and grows
    with the age of the verdict, which ranks above all that is none.
    """

    code: int
    rank: int


UNTOUCHED = Mark(0, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of one event that people have looked at.

    Attributes:
        verdict: the newest that was not taken back; ``None``: there is none.
        notes: texts that were not taken back, oldest first.
    """

    verdict: Action | None
    notes: tuple[str, ...]


class Ledger:
    """The fold. Safe between threads: readers never see half of an action."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._version = 0
        self._forgotten = 0  # version of the newest action that was let go of
        self._bytes = 0
        self._actions: OrderedDict[str, Action] = OrderedDict()
        self._records: dict[int, dict[int, Record]] = {}

    @property
    def version(self) -> int:
        """How many reviews were applied."""
        return self._version

    def add(self, review: Review, at: float) -> list[Events]:
        """Take the next review of the topic.

        One that comes again, has an unknown action or no well-formed events, or takes back what
        cannot be, changes nothing.

        Args:
            review: what somebody did.
            at: when Kafka took it, seconds since 1970.

        Returns:
            The events that it concerns and those that are forgotten for it; none when it changes
            nothing.
        """
        with self._lock:
            target = self._actions.get(review.undoes or "")
            if review.review_id in self._actions or not _is_applicable(review, target):
                return []
            self._version += 1
            offsets = target.offsets if target else review.source_offsets
            partition = target.review.source_partition if target else review.source_partition
            action = Action(review, at, self._version, offsets, CODES[review.action])
            self._keep(action, partition)
            if target:
                self._take_back(target)
            return [Events(partition, offsets), *self._forget()]

    def clear(self) -> None:
        """The topic is another one now."""
        with self._lock:
            self._begin()

    # What is asked

    def action(self, review_id: str) -> Action | None:
        """The applied review with this id, if it is kept."""
        with self._lock:
            return self._actions.get(review_id)

    def mark(self, partition: int, offset: int) -> Mark:
        """What an index keeps of the event."""
        record = self._record(partition, offset)
        if not record:
            return UNTOUCHED
        with self._lock:
            verdict = _verdict(record)
        if verdict is None:
            return Mark(0, record[-1].version)
        return Mark(verdict.code, VERDICT_RANK + verdict.version)

    def standing(self, partition: int, offset: int) -> Standing | None:
        """What holds of the event; ``None`` where nobody has done anything."""
        record = self._record(partition, offset)
        if not record:
            return None
        with self._lock:
            notes = (one.review.note for one in record if not one.undone)
            return Standing(_verdict(record), tuple(note for note in notes if note))

    def history(self, partition: int, offset: int) -> list[Action]:
        """What was done with the event, newest first."""
        with self._lock:
            return list(reversed(self._record(partition, offset)[-MOST_OF_HISTORY:]))

    def events(self) -> list[Events]:
        """All events that anything is known of."""
        with self._lock:
            return [Events(partition, tuple(kept)) for partition, kept in self._records.items()]

    def since(self, version: int) -> list[Events] | None:
        """The events that reviews after this version speak of, newest first.

        Returns:
            ``None`` when that is no version of this topic, or too long ago to be known.
        """
        with self._lock:
            if not self._forgotten <= version <= self._version:
                return None
            found = []
            for action in reversed(self._actions.values()):
                if action.version <= version:
                    break
                found.append(Events(action.review.source_partition, action.offsets))
            return found

    def precision(self, start: float, end: float) -> dict[str, Precision]:
        """Per class that the model had said, how often people found it right.

        Counted are the events whose verdict was given from ``start`` to before ``end`` (seconds
        since 1970) and still stands: confirmed is right, a false positive or corrected is wrong.
        """
        counts: dict[str, list[int]] = {}
        with self._lock:
            for action in self._actions.values():
                if action.stands and action.review.behaviour and start <= action.at < end:
                    counted = counts.setdefault(action.review.behaviour, [0, 0])
                    counted[0] += action.stands if action.code == 1 else 0
                    counted[1] += action.stands
        return {behaviour: Precision.of(*counted) for behaviour, counted in counts.items()}

    # How it is kept

    def _record(self, partition: int, offset: int) -> Record:
        return self._records.get(partition, {}).get(offset, ())

    def _keep(self, action: Action, partition: int) -> None:
        self._actions[action.review.review_id] = action
        self._bytes += _size(action)
        records = self._records.setdefault(partition, {})
        joined: dict[int, Record] = {}
        for offset in action.offsets:
            record = records.get(offset, ())
            if action.code:
                _stand_down(record)
                action.stands += 1
            records[offset] = joined.setdefault(id(record), (*record, action))

    def _take_back(self, target: Action) -> None:
        records = self._records[target.review.source_partition]
        befores = [_verdict(records[offset]) for offset in target.offsets]
        target.undone = True
        for offset, before in zip(target.offsets, befores, strict=True):
            after = _verdict(records[offset])
            if before is not after and before is not None:
                before.stands -= 1
                if after is not None:
                    after.stands += 1

    def _forget(self) -> Iterable[Events]:
        """Let go of the oldest actions while all take too much room."""
        found = []
        while self._bytes > self._most_bytes and len(self._actions) > 1:
            _, action = self._actions.popitem(last=False)
            self._bytes -= _size(action)
            self._forgotten = action.version
            partition = action.review.source_partition
            self._leave(action, self._records[partition])
            found.append(Events(partition, action.offsets))
        return found

    def _leave(self, action: Action, records: dict[int, Record]) -> None:
        joined: dict[int, Record] = {}
        for offset in action.offsets:
            record = records[offset]
            rest = joined.setdefault(id(record), record[1:])  # the oldest of all is first here too
            if rest:
                records[offset] = rest
            else:
                del records[offset]


def _is_applicable(review: Review, target: Action | None) -> bool:
    if review.action == ReviewAction.UNDO:
        undo_of_undo = target is not None and target.review.action == ReviewAction.UNDO
        return target is not None and not target.undone and not undo_of_undo
    if review.action not in CODES or review.undoes:
        return False
    is_whole = review.action != ReviewAction.CORRECT or bool(review.corrected_to)
    return is_whole and _are_offsets(review.source_offsets)


def _are_offsets(offsets: tuple[int, ...]) -> bool:
    rising = all(low < high for low, high in pairwise(offsets))
    return 0 < len(offsets) <= MOST_REVIEWED and rising and 0 <= offsets[0] <= offsets[-1] < LARGEST


def _verdict(record: Record) -> Action | None:
    return next((one for one in reversed(record) if one.code and not one.undone), None)


def _stand_down(record: Record) -> None:
    if verdict := _verdict(record):
        verdict.stands -= 1


def _size(action: Action) -> int:
    return ACTION_BYTES + EVENT_BYTES * len(action.offsets) + 4 * len(action.review.note or "")
