"""Where people say what they think of events: checked, written to Kafka, shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from dashboard.feed.archive import NoArchiveError
from dashboard.feed.archived import Mark
from dashboard.feed.hub import Hub
from dashboard.feed.items import Item, Place, read_item
from dashboard.feed.listing import Card, alone
from dashboard.feed.messages import Messages
from dashboard.feed.past import Past
from dashboard.reviews.changes import Named
from dashboard.reviews.ledger import Action
from producers.files import printable
from schemas.errors import VigieError
from schemas.reviews import MOST_REVIEWED, Review, ReviewAction

LONGEST_NAME = 80
LONGEST_NOTE = 2000
"""Characters: a page of text."""

OF_EVENTS = (
    *("source_partition", "source_offsets", "source"),
    *("behaviour", "severity", "model_version"),
)
"""What an undo repeats of what it takes back."""

READ_WITHIN_S = 10.0
"""How long reading back a review that Kafka has may take; it takes some milliseconds."""


class ReviewRefusedError(VigieError):
    """What was said cannot be said of this event."""

    code = "wrong_review"


class EventGoneError(VigieError):
    """There is no such event in the topic."""

    code = "event_gone"


class AlreadyUndoneError(VigieError):
    """What shall be taken back is taken back already, or took something back itself."""

    code = "already_undone"


class KafkaAwayError(VigieError):
    """Kafka does not answer."""

    code = "kafka_away"


class ArchiveAwayError(VigieError):
    """The archive's database does not answer."""

    code = "archive_away"


class ReviewUnseenError(VigieError):
    """A review is recorded, but the page could not read it back."""

    code = "review_unseen"


class Write(Protocol):
    """Publishes a review and gives its offset; raises `ReviewNotTakenError`."""

    def __call__(self, review: Review) -> int:
        """Returns when it stands in Kafka."""


class Log(Protocol):
    """The reader of the reviews topic."""

    def answers(self) -> bool:
        """Whether Kafka could be reached when it was last asked."""

    def await_read(self, offset: int, within_s: float) -> bool:
        """Wait until the ledger has taken the message at this offset; whether it has."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to say.

    Attributes:
        reviewer: what they call themself.
        action: one of ``ReviewAction``.
        event: place of the event meant, or the mark of an archived one.
        group: whether all events of its group are meant.
        corrected_to: key of the true class, for ``correct``.
        note: free text; needed for ``note``, possible with a verdict.
        undoes: the ``review_id`` to take back, for ``undo``.
    """

    reviewer: str
    action: str
    event: str
    group: bool = False
    corrected_to: str = ""
    note: str = ""
    undoes: str = ""


class ReviewDesk:
    """Where people say what they think of events. Safe between threads.

    Args:
        job: whose events.
        hub: has the newest events and what was said of all.
        messages: has the older events.
        labels: keys of the job's classes.
        write: publishes a review.
        log: reads it back.
        clock: seconds since 1970.
        new_id: gives an id that no other review has.
        past: has the events that are archived; ``None``: none are.
    """

    def __init__(
        self,
        job: str,
        hub: Hub,
        messages: Messages,
        labels: Sequence[str],
        write: Write,
        log: Log,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        past: Past | None = None,
    ) -> None:
        self.job = job
        self._hub = hub
        self._messages = messages
        self._labels = labels
        self._write = write
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._past = past

    def take(self, wish: Wish) -> dict[str, Any]:
        """Record what somebody says; done when Kafka and the ledger have it.

        Returns:
            ``review_id``, the ledger's ``version`` and the event's ``card`` after it.

        Raises:
            ReviewUnseenError: it is recorded, and shows later.
            ReviewRefusedError: it cannot be said of this event.
            EventGoneError: there is no such event.
            AlreadyUndoneError: what shall be taken back cannot be, any more.
            ArchiveAwayError: the event is archived, and the archive does not answer.
            KafkaAwayError, ReviewNotTakenError: Kafka does not answer; nothing was recorded.
        """
        action = _action(wish.action)
        reviewer = _name(wish.reviewer)
        if not self._log.answers():
            raise KafkaAwayError(
                "Kafka does not answer: nothing was recorded. Start the broker, or wait until it"
                " is back, then try again."
            )
        named = self._named(wish.event, group=wish.group)
        if named is None:
            raise EventGoneError(
                f"There is no event {wish.event[:100]!r} in the topic or the archive any more:"
                " events are kept for so many days only. Reload the page."
            )
        said = {"action": action, "reviewer": reviewer, **self._said(action, wish, named)}
        review = self._review(said)
        self._record(review)
        card = self._card(wish, named.item)
        return {"review_id": review.review_id, "version": self._hub.ledger.version, "card": card}

    def _named(self, event: str, *, group: bool) -> Named | None:
        """The event and the references meant; of one that has left the window, its own."""
        if mark := Mark.parse(event):
            return self._archived(mark)
        place = Place.parse(event)
        if place is None:
            return None
        if found := self._hub.named(place, group=group):
            return found
        message = self._messages.read(place)
        return _alone(read_item(place, 0, message)) if message is not None else None

    def _archived(self, mark: Mark) -> Named | None:
        try:
            found = self._past.find(mark) if self._past else None
        except NoArchiveError as error:
            raise ArchiveAwayError(
                "The archive does not answer: nothing was recorded. Try again in a moment."
            ) from error
        if found is not None and not found.is_current:
            raise ReviewRefusedError(
                f"The event {mark} is of an earlier topic, whose images may have had other numbers:"
                " review events of the topic that is there now."
            )
        return _alone(found.item) if found else None

    def _said(self, action: ReviewAction, wish: Wish, named: Named) -> Mapping[str, Any]:
        """What the action says beside its events, checked."""
        if action == ReviewAction.UNDO:
            return self._undo(wish.undoes)
        note = _note(wish.note, is_needed=action == ReviewAction.NOTE)
        _check_events(action, named)
        said = _events(named) | {"note": note}
        if action != ReviewAction.CORRECT:
            return said
        self._check_class(wish.corrected_to, named.item)
        return said | {"corrected_to": wish.corrected_to}

    def _check_class(self, corrected_to: str, item: Item) -> None:
        if corrected_to not in self._labels:
            raise ReviewRefusedError(
                f"{corrected_to[:100]!r} is no class of {self.job}: correct to one of"
                f" {', '.join(self._labels)}."
            )
        if corrected_to == item.behaviour:
            raise ReviewRefusedError(
                f"The model said {corrected_to!r} itself: confirm it, or choose another class."
            )

    def _undo(self, review_id: str) -> Mapping[str, Any]:
        target = self._hub.ledger.action(review_id) if review_id else None
        if target is None:
            raise ReviewRefusedError(
                f"There is no review {review_id[:100]!r} to take back: it is not known, or too old."
                " Reload the page."
            )
        _check_undo(target)
        return {name: getattr(target.review, name) for name in OF_EVENTS} | {"undoes": review_id}

    def _review(self, said: Mapping[str, Any]) -> Review:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return Review(review_id=self._new_id(), job=self.job, reviewed_at=now, **said)

    def _record(self, review: Review) -> None:
        offset = self._write(review)
        if not self._log.await_read(offset, READ_WITHIN_S):
            raise ReviewUnseenError(
                f"The review is recorded at offset {offset}, but could not be read back within"
                f" {READ_WITHIN_S:.0f} s. It shows by itself when Kafka answers again: do not"
                " repeat it."
            )
        if review.undoes and self._hub.ledger.action(review.review_id) is None:
            raise _undone_meanwhile(review.undoes)

    def _card(self, wish: Wish, item: Item) -> Card:
        place = item.place
        found = self._hub.group_card(place) if wish.group else self._hub.card(place)
        return found or alone(item, self._hub.ledger)


def _alone(item: Item) -> Named:
    return Named(item, (item.source_offset,) if item.source_offset >= 0 else ())


def _events(named: Named) -> dict[str, Any]:
    """What a review says of its events."""
    item = named.item
    return {
        "source_partition": item.place.partition,
        "source_offsets": named.source_offsets,
        "source": item.source,
        "behaviour": item.behaviour,
        "severity": item.severity,
        "model_version": item.model,
    }


def _action(word: str) -> ReviewAction:
    try:
        return ReviewAction(word)
    except ValueError as error:
        raise ReviewRefusedError(
            f"{word[:100]!r} is no action: say one of {', '.join(ReviewAction)}."
        ) from error


def _name(reviewer: str) -> str:
    name = reviewer.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise ReviewRefusedError(
            f"The reviewer's name has {len(name)} characters; it must have 1 to {LONGEST_NAME}."
            " Give another name."
        )
    return printable(name)


def _note(text: str, *, is_needed: bool) -> str | None:
    """The note, one line or several; ``None`` without one."""
    if len(text) > LONGEST_NOTE:
        raise ReviewRefusedError(
            f"The note has {len(text)} characters; it may have {LONGEST_NOTE}. Make it shorter."
        )
    note = "\n".join(printable(line, LONGEST_NOTE) for line in text.strip().splitlines())
    if is_needed and not note:
        raise ReviewRefusedError("The note is empty: write something, or leave it.")
    return note or None


def _check_events(action: ReviewAction, named: Named) -> None:
    item, count = named.item, len(named.source_offsets)
    if not count:
        raise ReviewRefusedError(
            f"The event {item.place} cannot be read, so it names no image that could be reviewed."
        )
    if count > MOST_REVIEWED:
        raise ReviewRefusedError(
            f"The group has {count} events; one review may speak of {MOST_REVIEWED}. Review single"
            " events of it."
        )
    if item.severity == "failure" and action != ReviewAction.NOTE:
        raise ReviewRefusedError(
            f"The event {item.place} is a failure ({item.reason}): there is no verdict to judge."
            " Leave a note instead."
        )


def _check_undo(target: Action) -> None:
    if target.review.action == ReviewAction.UNDO:
        raise AlreadyUndoneError(
            f"The review {target.review.review_id} took something back itself, which stays so. Give"
            " your verdict anew."
        )
    if target.undone:
        raise _undone_meanwhile(target.review.review_id)


def _undone_meanwhile(review_id: str) -> AlreadyUndoneError:
    return AlreadyUndoneError(f"The review {review_id} was taken back already.")
