import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.inference.storm import PoisonGate, PoisonStormError


@given(st.lists(st.booleans(), max_size=120))
def test_the_gate_closes_exactly_when_the_share_is_passed(outcomes: list[bool]) -> None:
    gate = PoisonGate(window=20, share=0.2)
    for failed in outcomes:
        gate.count(failed=failed)
    assert gate.is_open == (sum(outcomes[-20:]) <= 4)


def test_a_closed_gate_says_how_many_failed_and_what_to_do() -> None:
    gate = PoisonGate(window=10, share=0.2)
    for _ in range(3):
        gate.count(failed=True)
    with pytest.raises(PoisonStormError, match=r"3 of the last 10.*limit is 2.*dead-letters"):
        gate.check()
