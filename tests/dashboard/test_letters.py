"""Which dead letters are known, a page of them at a time, and the event that belongs to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from dashboard.feed.items import Order, Place
from dashboard.feed.rows import Rows
from dashboard.operations.desk import DECODED_BYTES, event_of, is_stored, original, view
from dashboard.operations.letters import Known, Letters
from schemas.codec import encode_prediction, encode_reference
from schemas.events import ImageReference
from storage.images import Images
from tests.dashboard.kit import FAILED, item, prediction, seen
from tests.schemas.samples import REFERENCE
from transport.dead_letters import DeadLetter

REASONS = ("image_missing", "image_empty")


def known(n: int, partition: int = 0) -> Known:
    return Known(1000 * n, partition, 2 * n, REASONS[n % 2])


def letter(n: int, value: bytes | None = b"odd") -> DeadLetter:
    at = int(prediction(n).finished_at.timestamp() * 1000)
    published = "2026-11-21T08:00:00.000+00:00"
    return DeadLetter(0, 4 * n, at, "image_empty", "Why.", None, 0, n, published, None, value)


@given(st.integers(0, 60), st.integers(1, 25), st.sampled_from(["", *REASONS]))
def test_pages_hold_every_letter_once_newest_first(count: int, length: int, reason: str) -> None:
    letters = Letters()
    letters.add(known(n) for n in range(0, count, 2))  # two partitions, read one after the other
    letters.add(known(n, partition=1) for n in range(1, count, 2))
    found: list[Known] = []
    older, before = True, None
    while older:
        page, older = letters.page(reason, before, length)
        assert len(page) == length or not older
        found += page
        before = Order(*page[-1][:3]) if page else None
    wanted = [n for n in range(count) if reason in ("", REASONS[n % 2])]
    assert [one.appended_ms for one in found] == [1000 * n for n in reversed(wanted)]


def test_beyond_the_most_the_oldest_are_let_go_of() -> None:
    letters = Letters(most=10)
    letters.mark(known(0).place, 1.0)
    letters.add(known(n) for n in range(25))
    assert len(letters) == 10
    assert letters.counts() == {"image_empty": 5, "image_missing": 5}
    assert letters.page()[0][-1] == known(15)
    assert letters.replayed_at(known(0).place) is None


def test_what_kafka_has_deleted_is_forgotten() -> None:
    letters = Letters()
    letters.add(known(n) for n in range(5))
    letters.expire(0, 3)
    assert [one.offset for one in letters.page()[0]] == [8, 6, 4]


def test_what_was_sent_again_is_not_among_those_of_its_reason_to_send() -> None:
    letters = Letters()
    letters.add(known(n) for n in range(4))
    letters.mark(Place(0, 0), 7.0)
    assert letters.unsent("image_missing") == [Place(0, 4)]
    assert letters.replayed_at(Place(0, 0)) == 7.0


def test_the_event_of_a_letter_is_found_among_failures_and_verdicts() -> None:
    outcomes = [FAILED if n % 3 else seen(1) for n in range(50)]
    items = [item(n, outcome) for n, outcome in enumerate(outcomes)]
    events = {
        one.place: encode_prediction(prediction(n, outcomes[n])) for n, one in enumerate(items)
    }

    def read_rows(tell: Callable[[Rows], list[int]]) -> list[int]:
        return tell(Rows.of(items))

    for n in (1, 20, 49):
        assert event_of(letter(n), read_rows, events.get) == items[n].place
    assert event_of(letter(99), read_rows, events.get) is None
    assert event_of(letter(20), read_rows, lambda _: None) is None


def test_an_original_that_is_no_reference_is_shown_by_its_first_bytes() -> None:
    shown = view(letter(1, b"\x00\xff" * 200), lambda _: True)
    assert (shown["reference"], shown["bytes"], shown["stored"]) == (None, 400, None)
    assert shown["head"] == " ".join(["00 ff"] * 48)


def test_an_empty_original_has_no_bytes_to_show() -> None:
    assert view(letter(1, None), lambda _: True)["head"] == ""


def test_a_reference_is_read_and_one_that_is_too_large_to_be_one_is_not() -> None:
    framed = encode_reference(REFERENCE)
    assert original(framed) == REFERENCE
    assert original(framed + b" " * DECODED_BYTES) is None
    shown = view(letter(1, framed), lambda _: False)
    assert (shown["stored"], shown["reference"]["path"]) == (False, REFERENCE.path)


def test_of_a_store_that_does_not_answer_nothing_is_said() -> None:
    class Silent:
        def holds(self, reference: ImageReference) -> bool:
            raise OSError(5, "TimedOut")

    assert is_stored(cast("Images", Silent()), REFERENCE) is None
