"""What is pushed, and what is not worth pushing."""

from __future__ import annotations

from dashboard.feed.filters import FeedFilter
from dashboard.feed.hub import Hub, PageState
from dashboard.live import PULSE_TICKS, Conversation, Pulse
from tests.dashboard.kit import item

NEW = PageState()


def hub_of(count: int) -> Hub:
    hub = Hub(100)
    hub.open("log")
    hub.add(item(n) for n in range(count))
    hub.complete()
    return hub


def turns(hub: Hub, page: PageState, count: int) -> list[bool]:
    told = Conversation()
    sent = []
    for _ in range(count):
        told.pulse_is_due()
        sent.append(told.worth_sending(page, hub.batch(page)))
    return sent


def test_a_page_that_does_not_answer_is_told_again_once_a_second() -> None:
    assert turns(hub_of(3), NEW, 2 * PULSE_TICKS) == [True, False, False, False] * 2


def test_a_page_that_knows_everything_is_told_nothing() -> None:
    batch = hub_of(3).batch(NEW)
    assert batch is not None
    page = PageState.from_store({"cursor": batch["cursor"]})
    assert not any(turns(hub_of(3), page, 8))


def test_a_cursor_moves_past_unwanted_events_with_the_pulse() -> None:
    page = PageState.from_store({"cursor": "log/0-0", "query": "?severity=failure"})
    assert turns(hub_of(3), page, 4) == [True, False, False, False]


def test_a_hub_that_is_still_reading_pushes_no_cards() -> None:
    assert not any(turns(Hub(10), NEW, 4))


def test_all_pages_that_look_at_the_same_share_one_count_a_second() -> None:
    now, made, counted = [1.0], [], []
    failures = FeedFilter(severity="failure")

    def make(moment: float) -> dict[str, float]:
        made.append(moment)
        return {"now": moment}

    def counts(wanted: FeedFilter) -> dict[str, int]:
        counted.append(wanted)
        return {"failure": len(counted)}

    pulse = Pulse(make, counts, lambda: now[0], lambda: 7)
    told = {"now": 1.0, "counts": {"failure": 2}, "reviews": 7}
    assert [pulse.of(failures) for _ in range(3)] == [told] * 3
    now[0] = 1.9
    assert pulse.of()["counts"] == {"failure": 1}
    now[0] = 2.0
    assert pulse.of()["now"] == 2.0
    assert made == [1.0, 2.0]
