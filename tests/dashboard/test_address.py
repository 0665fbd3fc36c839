"""The address of the feed and its controls, which always say the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.pages.feed import choose, standing_at

ANY = [0, 100]


def test_an_address_sets_the_controls() -> None:
    search = "?severity=check&behaviour=drink&source=cabin-01&confidence=40-80&last=600&flat=1"
    found = choose(search, [], None, ANY, from_address=True)
    assert found == (search, ["drink"], "cabin-01", [40, 80])


def test_a_control_that_moved_changes_its_own_part_of_the_address_alone() -> None:
    search = "?severity=check&last=600&flat=1&at=1795240000"
    query, *_ = choose(search, ["drink"], "cabin-01", [40, 100], from_address=False)
    assert query == (
        "?severity=check&behaviour=drink&source=cabin-01&confidence=40-100&last=600&flat=1"
        "&at=1795240000"
    )


def test_controls_at_rest_leave_nothing_in_the_address() -> None:
    assert choose("?source=a", [], None, ANY, from_address=False) == ("", [], None, ANY)


@pytest.mark.parametrize("moment", ["", "x", "-1", "1e9", "1.5", "²", "9" * 12])
def test_what_is_no_moment_is_no_place_to_stand(moment: str) -> None:
    assert standing_at(f"?at={moment}") == ""


@given(
    wanted=st.lists(st.sampled_from(["drink", "radio", "a&b", "é ~*"]), unique=True),
    source=st.one_of(st.none(), st.text(min_size=1, max_size=20)),
    low=st.integers(0, 100),
    high=st.integers(0, 100),
    at=st.one_of(st.just(""), st.integers(1, 10**11 - 1).map("&at={}".format)),
)
def test_what_the_controls_say_the_address_gives_back(
    wanted: list[str], source: str | None, low: int, high: int, at: str
) -> None:
    span = sorted((low, high))
    written = choose(f"?last=600{at}", wanted, source, span, from_address=False)
    assert choose(written[0], [], None, ANY, from_address=True) == written
