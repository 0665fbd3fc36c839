"""What every image store promises, whatever it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RefusedError
from schemas.events import FailureReason, ImageReference
from storage.images import Images

MAX_BYTES = 5000
DATA = b"some image"
SECRET = b"not in the store"


@dataclass(frozen=True)
class Bench:
    """A store with ``SECRET`` beside it, under the name ``secret``; and a hand that reaches in.

    Args:
        lay: puts bytes at a path in the store, past the store.
        names: of all that lies in the store, half-written things too.
    """

    store: Images
    lay: Callable[[str, bytes], object]
    names: Callable[[], list[str]]


def reference(path: str, data: bytes = DATA) -> ImageReference:
    return ImageReference(
        reference_id="1",
        job="driver",
        source="cam",
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        name="a.jpg",
        captured_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def refusal(store: Images, wanted: ImageReference) -> FailureReason:
    with pytest.raises(RefusedError) as refused:
        store.read(wanted)
    return refused.value.reason


ESCAPES = [
    "../secret",
    "aa/../../secret",
    "/etc/passwd",
    "aa\\..\\..\\secret",
    "..\\secret",
    "aa/\0",
    "",
    "..",
    "../images/../secret",
    "../no-such-file",
    "x" * 5000,
]
PIECES = st.sampled_from(["..", ".", "aa", "secret", "", "\0", "\\", "%2e%2e", "~", "images", "é"])
PATHS = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(categories=["Cs", "Cc", "L"])),
    st.lists(PIECES, max_size=8).map("/".join),
)
WRONG_SIZES = [(0, FailureReason.IMAGE_EMPTY), (MAX_BYTES + 1, FailureReason.IMAGE_TOO_LARGE)]


class ImageStoreContract:
    """A store's test class inherits this and gives the fixture ``bench``."""

    def test_what_is_kept_is_named_by_its_hash_and_read_back(self, bench: Bench) -> None:
        stored = bench.store.put(DATA)
        digest = hashlib.sha256(DATA).hexdigest()
        assert (stored.path, stored.sha256, stored.size_bytes) == (
            f"{digest[:2]}/{digest}",
            digest,
            len(DATA),
        )
        assert bench.store.read(reference(stored.path)) == DATA
        assert bench.names() == [digest]

    def test_the_same_image_is_kept_once(self, bench: Bench) -> None:
        assert bench.store.put(DATA) == bench.store.put(DATA)
        assert len(bench.names()) == 1

    def test_what_lies_there_is_never_overwritten(self, bench: Bench) -> None:
        stored = bench.store.put(DATA)
        bench.lay(stored.path, b"some other")
        bench.store.put(DATA)
        assert refusal(bench.store, reference(stored.path)) == FailureReason.HASH_MISMATCH

    def test_an_image_is_found_by_its_hash(self, bench: Bench) -> None:
        assert bench.store.load(bench.store.put(DATA).sha256) == DATA

    @pytest.mark.parametrize(
        "text", ["", "0" * 64, "0" * 63, "../secret", "A" * 64, "0" * 64 + "\n", "０" * 64]
    )
    def test_any_other_text_is_simply_not_found(self, bench: Bench, text: str) -> None:
        assert bench.store.load(text) is None

    def test_it_holds_what_it_keeps_and_nothing_else(self, bench: Bench) -> None:
        stored = bench.store.put(DATA)
        paths = [stored.path, "aa/no-such", "../secret", ""]
        assert [bench.store.holds(reference(path)) for path in paths] == [True, False, False, False]

    @pytest.mark.parametrize(("size", "reason"), WRONG_SIZES)
    def test_an_empty_or_too_large_image_is_not_kept(
        self, bench: Bench, size: int, reason: FailureReason
    ) -> None:
        with pytest.raises(RefusedError) as refused:
            bench.store.put(bytes(size))
        assert refused.value.reason == reason
        assert bench.names() == []

    def test_the_largest_image_taken_is_taken(self, bench: Bench) -> None:
        data = bytes(MAX_BYTES)
        assert bench.store.read(reference(bench.store.put(data).path, data)) == data

    def test_an_image_that_another_program_put_elsewhere_is_read(self, bench: Bench) -> None:
        bench.lay("cam 1/ü/%41.jpg", DATA)
        assert bench.store.read(reference("cam 1/ü/%41.jpg")) == DATA

    @pytest.mark.parametrize("path", ESCAPES)
    def test_a_path_out_of_the_store_is_refused(self, bench: Bench, path: str) -> None:
        assert refusal(bench.store, reference(path)) == FailureReason.PATH_REFUSED

    @pytest.mark.parametrize("path", ["..%2fsecret", "%2e%2e/secret", "aa/no-such", "．．/secret"])
    def test_what_only_looks_like_an_escape_is_an_image_that_is_missing(
        self, bench: Bench, path: str
    ) -> None:
        assert refusal(bench.store, reference(path)) == FailureReason.IMAGE_MISSING

    def test_no_path_whatever_reads_anything_but_the_image_it_names(self, bench: Bench) -> None:
        bench.store.put(DATA)

        @given(PATHS)
        @settings(deadline=None)
        def reads_nothing_else(path: str) -> None:
            with pytest.raises(RefusedError):
                bench.store.read(reference(path, SECRET))

        reads_nothing_else()

    def test_a_changed_image_is_told_by_its_hash(self, bench: Bench) -> None:
        stored = bench.store.put(DATA)
        bench.lay(stored.path, b"some other")
        assert refusal(bench.store, reference(stored.path)) == FailureReason.HASH_MISMATCH

    @pytest.mark.parametrize(("size", "reason"), WRONG_SIZES)
    def test_what_became_empty_or_huge_is_refused_whatever_its_reference_says(
        self, bench: Bench, size: int, reason: FailureReason
    ) -> None:
        stored = bench.store.put(DATA)
        bench.lay(stored.path, bytes(size))
        assert refusal(bench.store, replace(reference(stored.path), size_bytes=1)) == reason

    def test_a_refusal_quotes_at_most_a_line_of_a_long_path(self, bench: Bench) -> None:
        with pytest.raises(RefusedError) as refused:
            bench.store.read(reference("x" * 100_000))
        assert len(refused.value.detail) < 600
