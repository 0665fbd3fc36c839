"""Aborted and open transactions, as each reader of the project sees them: not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Message

from consumers.inference.verify import verify
from dashboard.feed.hub import Hub
from dashboard.feed.items import Place as FeedPlace
from dashboard.feed.messages import TopicMessages
from dashboard.feed.reader import Reader
from dashboard.operations.letters import Letters
from dashboard.operations.watch import Watch
from dashboard.replays.comparison import Comparison
from producers.readback import end_offsets
from schemas.codec import decode_prediction, decode_reference, encode_prediction
from tests.consumers.kit import Place, make_place
from tests.consumers.kit_forked import PATIENCE_S, forked
from tests.consumers.replay_kit import replay, replayed
from tests.dashboard.kit import prediction
from tests.waiting import wait_until
from transport.broker import Running
from transport.dead_letters import DeadLetter, find_dead_letters, read_dead_letters
from transport.deadline import Deadline
from transport.reading import read_places, read_to_end
from transport.replays import RUN_HEADER, Period, Run, Share
from transport.topics import ensure_replays

pytestmark = pytest.mark.kafka

LONG = [pytest.mark.prove, pytest.mark.timeout(600)]
COMMITTED_AT_ONCE = 5
RUN = Run("stranger", Period(), 1, datetime.now(UTC), {0: Share(0, 50_000, 50_000)})
"""The replay that a stranger's events say they are of."""


@pytest.fixture
def place(kafka: Running, topic_name: Callable[[str], str], tmp_path: Path) -> Place:
    made = make_place(kafka.bootstrap_servers, topic_name("seen"), tmp_path / "images")
    ensure_replays(made.cluster.admin(), made.topics, made.settings)
    return made


class Stranger:
    """Writes to a job's topics in transactions, which it ends as it is told."""

    def __init__(self, place: Place, *, only_images: bool = False) -> None:
        self._place = place
        self._only_images = only_images
        self._producer = place.cluster.transactional_producer(f"stranger-{place.topics.job}")
        self._producer.init_transactions(PATIENCE_S)
        self._number = 0
        self._open: list[str] = []
        self.committed: list[str] = []

    def write(self, count: int) -> None:
        """Begin a transaction with so many messages per topic, all of them at the broker."""
        self._producer.begin_transaction()
        for number in range(self._number, self._number + count):
            self._open.append(f"r{number}")
            self._write(number)
        self._number += count
        assert self._producer.flush(PATIENCE_S) == 0

    def _write(self, number: int) -> None:
        topics = self._place.topics
        reference = self._place.reference(number, b"one image")
        self._producer.produce(topics.images, reference)
        if self._only_images:
            return
        event = encode_prediction(
            replace(prediction(number), reference=decode_reference(reference))
        )
        said = [("vigie_reason", b"image_missing"), ("vigie_reference_id", f"r{number}".encode())]
        self._producer.produce(topics.predictions, event)
        self._producer.produce(topics.dead_letters, reference, headers=said)
        self._producer.produce(topics.replays, event, headers=[(RUN_HEADER, RUN.id.encode())])

    def commit(self) -> None:
        self._producer.commit_transaction(PATIENCE_S)
        self.committed += self._open
        self._open = []

    def abort(self) -> None:
        self._producer.abort_transaction(PATIENCE_S)
        self._open = []


@contextmanager
def eyes(place: Place) -> Iterator[Callable[[], dict[str, list[str] | int]]]:
    """What each reader sees now: the references' ids where it tells them, else how many."""
    cluster, topics = place.cluster, place.topics
    hub, letters = Hub(100_000), Letters()
    reader = Reader(cluster, topics.predictions, hub, TopicMessages(cluster, topics.predictions, 1))
    watch = Watch(cluster, topics, letters)
    reader.start()
    watch.start()

    def lag() -> int:
        wait_until(lambda: watch.snapshot(time.time())["lag"] is not None, PATIENCE_S, "a look")
        return watch.snapshot(time.time())["lag"] or 0

    def compared() -> int:
        comparison = Comparison(cluster, topics, RUN)
        wait_until(comparison.read, PATIENCE_S, "the comparison's end")
        return len(comparison.replayed)

    def see() -> dict[str, list[str] | int]:
        places = [(0, at) for at in range(end_offsets(cluster, topics.predictions)[0])]
        return {
            "events to the end": answered(read_to_end(cluster, topics.predictions, "see")),
            "events by place": answered(read_places(cluster, topics.predictions, "see", places)),
            "letters": letter_ids(read_dead_letters(cluster, topics)),
            "letters by place": letter_ids(find_dead_letters(cluster, topics, places)),
            "references": [
                decode_reference(message.value()).reference_id
                for message in read_to_end(cluster, topics.images, "see")
            ],
            "verify": verify(cluster, topics).predictions,
            "replays": answered(replayed(place)),
            "comparison": compared(),
            "feed": len(hub),
            "letters page": len(letters),
            "lag": lag(),
        }

    try:
        yield see
    finally:
        reader.stop()
        watch.stop(5)


def answered(messages: Iterable[Message]) -> list[str]:
    return [str(decode_prediction(message.value()).reference_id) for message in messages]


def letter_ids(letters: Iterable[DeadLetter]) -> list[str]:
    return [str(letter.reference_id) for letter in letters]


def expected(committed: list[str]) -> dict[str, list[str] | int]:
    listed = ("events to the end", "events by place", "letters", "letters by place", "references")
    counted = ("verify", "comparison", "feed", "letters page", "lag")
    return dict.fromkeys((*listed, "replays"), committed) | {
        name: len(committed) for name in counted
    }


@pytest.mark.parametrize(
    ("transactions", "each", "open_s"), [(4, 25, 1.0), pytest.param(20, 50, 10.0, marks=LONG)]
)
def test_no_reader_sees_what_is_aborted_or_open_and_each_sees_all_that_is_committed(
    place: Place, transactions: int, each: int, open_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.feed.reader.FIRST_OFFSETS", each)  # the rest it reads backwards
    stranger = Stranger(place)

    def all_see(see: Callable[[], object]) -> None:
        wanted, patience = expected(stranger.committed), Deadline.within(PATIENCE_S)
        while (seen := see()) != wanted and not patience.passed:
            pass
        assert seen == wanted

    with eyes(place) as see:
        for _ in range(transactions):
            stranger.write(each)
            stranger.abort()
            stranger.write(COMMITTED_AT_ONCE)
            stranger.commit()
        all_see(see)
        stranger.write(each)
        open_until = Deadline.within(open_s)
        while not open_until.passed:
            assert see() == expected(stranger.committed)
        with eyes(place) as late:
            all_see(late)
        stranger.commit()
        all_see(see)


def test_an_aborted_or_open_event_is_not_found_by_its_place(place: Place) -> None:
    stranger = Stranger(place)
    stranger.write(2)
    stranger.abort()
    stranger.write(1)  # behind the marker of the abort, which takes an offset
    stranger.commit()
    stranger.write(1)  # open
    messages = TopicMessages(place.cluster, place.topics.predictions, 1)
    found = [messages.read(FeedPlace(0, offset)) for offset in range(6)]
    messages.close()
    assert [event is not None for event in found] == [False] * 3 + [True] + [False] * 2


@pytest.mark.parametrize(
    ("transactions", "each", "open_s"), [(4, 25, 0.5), pytest.param(20, 50, 10.0, marks=LONG)]
)
def test_aborted_and_open_references_are_never_answered(
    place: Place, transactions: int, each: int, open_s: float
) -> None:
    stranger = Stranger(place, only_images=True)

    def answers() -> list[str]:
        return answered(read_to_end(place.cluster, place.topics.predictions, "see"))

    with forked(place):
        for _ in range(transactions):
            stranger.write(each)
            stranger.abort()
            stranger.write(COMMITTED_AT_ONCE)
            stranger.commit()
        stranger.write(each)
        wait_until(
            lambda: answers() == stranger.committed, PATIENCE_S, "answers to what is committed"
        )
        open_until = Deadline.within(open_s)
        while not open_until.passed:
            assert answers() == stranger.committed
        replay(place)
        wait_until(
            lambda: answered(replayed(place)) == stranger.committed,
            PATIENCE_S,
            "the replay's end",
        )
        stranger.commit()
        wait_until(lambda: answers() == stranger.committed, PATIENCE_S, "answers to the rest")
    replay(place, again=True)
    wait_until(
        lambda: answered(replayed(place))[-len(stranger.committed) :] == stranger.committed,
        PATIENCE_S,
        "the second replay's end",
    )
    assert verify(place.cluster, place.topics).offence is None
