"""The comparison that `vigie verify` rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.inference.verify import Place, compare


def places(*offsets: int) -> list[Place]:
    return [Place(0, offset, f"r{offset}") for offset in offsets]


@given(st.lists(st.integers(0, 10_000), unique=True).map(sorted), st.data())
def test_answers_that_stop_early_only_wait(offsets: list[int], data: st.DataObject) -> None:
    answered = data.draw(st.integers(0, len(offsets)))
    found = compare(places(*offsets), places(*offsets[:answered]))
    assert found == (None, len(offsets) - answered)


@pytest.mark.parametrize(
    ("answers", "offence"),
    [
        ((0, 2, 3), "offset 1 has no prediction"),
        ((0, 1, 1, 2, 3), "double or out of order"),
        ((0, 2, 1, 3), "offset 1 has no prediction"),
        ((0, 1, 2, 3, 4), "behind the last reference"),
    ],
)
def test_a_gap_a_double_and_a_stranger_are_each_found(
    answers: tuple[int, ...], offence: str
) -> None:
    found, _ = compare(places(0, 1, 2, 3), places(*answers))
    assert found is not None
    assert offence in found


def test_a_failure_without_id_is_no_offence() -> None:
    assert compare(places(0), [Place(0, 0, None)]) == (None, 0)


def test_an_answer_with_another_id_is_found() -> None:
    found, _ = compare(places(0), [Place(0, 0, "somebody else's")])
    assert found is not None
    assert "carries the id" in found


@given(st.lists(st.integers(0, 20), unique=True, min_size=1).map(sorted), st.data())
def test_any_other_list_of_answers_is_an_offence(offsets: list[int], data: st.DataObject) -> None:
    changed = data.draw(st.permutations([*offsets, data.draw(st.sampled_from(offsets))]))
    assert compare(places(*offsets), places(*changed))[0] is not None
