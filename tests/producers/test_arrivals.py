from hypothesis import given
from hypothesis import strategies as st

from producers.arrivals import Arrivals, Completeness
from producers.files import FileStamp, natural_key

WHOLE, OPEN, UNKNOWN, CHANGED = Completeness


def stamp(path: str, mtime_ns: int = 0, size: int = 1) -> FileStamp:
    return FileStamp(path, mtime_ns, size)


def paths(arrivals: Arrivals, now: float, says: dict[str, Completeness]) -> list[str]:
    return [found.path for found in arrivals.arrived(now, lambda file: says[file.path])]


def noticed(*stamps: FileStamp) -> Arrivals:
    arrivals = Arrivals(settle_s=0.25)
    for one in stamps:
        arrivals.notice(one, now=0.0)
    return arrivals


def test_files_arrive_in_the_order_of_their_last_writes() -> None:
    arrivals = noticed(stamp("b", 2), stamp("a", 3), stamp("c", 1))
    assert paths(arrivals, 0.0, dict.fromkeys("abc", WHOLE)) == ["c", "b", "a"]


def test_equal_times_are_ordered_naturally_by_name() -> None:
    arrivals = noticed(stamp("f10"), stamp("f9"))
    assert paths(arrivals, 0.0, {"f9": WHOLE, "f10": WHOLE}) == ["f9", "f10"]


def test_a_file_of_unknown_end_arrives_after_the_settle_time() -> None:
    arrivals = noticed(stamp("a"))
    assert paths(arrivals, 0.24, {"a": UNKNOWN}) == []
    assert paths(arrivals, 0.25, {"a": UNKNOWN}) == ["a"]


def test_a_change_begins_the_settle_time_anew() -> None:
    arrivals = noticed(stamp("a", size=1))
    arrivals.notice(stamp("a", size=2), now=0.2)
    assert paths(arrivals, 0.3, {"a": UNKNOWN}) == []


def test_seeing_the_same_state_again_does_not() -> None:
    arrivals = noticed(stamp("a"))
    arrivals.notice(stamp("a"), now=0.2)
    assert paths(arrivals, 0.3, {"a": UNKNOWN}) == ["a"]


def test_a_file_that_settles_holds_back_the_younger_ones() -> None:
    arrivals = noticed(stamp("old", 1), stamp("young", 2))
    says = {"old": UNKNOWN, "young": WHOLE}
    assert paths(arrivals, 0.1, says) == []
    assert paths(arrivals, 0.3, says) == ["old", "young"]


def test_an_open_file_holds_back_nobody_however_long_it_is_open() -> None:
    arrivals = noticed(stamp("open", 1), stamp("young", 2))
    assert paths(arrivals, 99.0, {"open": OPEN, "young": WHOLE}) == ["young"]


def test_a_changed_file_waits_for_its_new_state() -> None:
    assert paths(noticed(stamp("a")), 99.0, {"a": CHANGED}) == []


def test_a_forgotten_file_does_not_arrive() -> None:
    arrivals = noticed(stamp("a"))
    arrivals.forget("a")
    assert paths(arrivals, 1.0, {"a": WHOLE}) == []


FILES = st.dictionaries(
    st.text("ab19", min_size=1, max_size=4),
    st.tuples(st.integers(0, 3), st.sampled_from(Completeness), st.floats(0, 1)),
)


@given(FILES, st.floats(0, 2))
def test_whatever_arrives_is_in_order_and_nothing_older_is_still_settling(
    files: dict[str, tuple[int, Completeness, float]], now: float
) -> None:
    arrivals = Arrivals(settle_s=0.25)
    for path, (mtime, _says, since) in files.items():
        arrivals.notice(stamp(path, mtime), since)
    found = paths(arrivals, now, {path: says for path, (_mtime, says, _since) in files.items()})
    key = {path: (mtime, natural_key(path)) for path, (mtime, _says, _since) in files.items()}
    assert found == sorted(found, key=key.__getitem__)
    for path in files.keys() - set(found):
        assert files[path][1] is OPEN or all(key[path] > key[other] for other in found)
