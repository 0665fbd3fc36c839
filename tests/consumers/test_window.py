"""The ordering window: any order of completion, one order out."""

from concurrent.futures import Future

from hypothesis import given
from hypothesis import strategies as st

from consumers.inference.window import OrderingWindow


@given(st.permutations(range(12)))
def test_whatever_is_done_first_comes_out_in_the_order_it_went_in(done: list[int]) -> None:
    window: OrderingWindow[int] = OrderingWindow()
    futures: list[Future[int]] = [Future() for _ in done]
    for number, future in enumerate(futures):
        window.put(0, number, future)
    for number in done:
        futures[number].set_result(number)
    assert [window.pop().result.result() for _ in done] == list(range(12))


@given(st.lists(st.integers(0, 3)))
def test_discarding_a_partition_keeps_the_order_of_the_others(partitions: list[int]) -> None:
    window: OrderingWindow[int] = OrderingWindow()
    for offset, partition in enumerate(partitions):
        window.put(partition, offset, Future())
    window.discard(lambda partition: partition == 1)
    left = [window.pop() for _ in range(len(window))]
    assert [one.offset for one in left] == [n for n, p in enumerate(partitions) if p != 1]


def test_what_is_discarded_is_not_begun() -> None:
    window: OrderingWindow[int] = OrderingWindow()
    waiting: Future[int] = Future()
    window.put(0, 0, waiting)
    window.discard(lambda _: True)
    assert waiting.cancelled()
