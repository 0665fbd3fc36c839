"""The promises about the jars: only the locked bytes are ever used."""

import hashlib
import shutil
import time
from pathlib import Path

import pytest
import requests

from tests.transport.broker_kit import require_jars
from transport.broker.errors import FolderError, JarError
from transport.broker.jars import Jar, ensure_jars, kafka_version, locked_jars, maven_fetch

GOOD = b"the right bytes " * 64
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(GOOD).hexdigest(), len(GOOD))


class Repository:
    """A fetch that brings prepared contents, one after the other, and counts."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = list(contents)
        self.fetched: list[str] = []

    def __call__(self, jar: Jar, folder: Path) -> Path:
        self.fetched.append(jar.file_name)
        path = folder / "as-fetched"
        path.write_bytes(self.contents.pop(0))
        return path


def unreachable(jar: Jar, folder: Path) -> Path:
    raise AssertionError(f"{jar.file_name} was fetched")


def test_the_lock_names_46_jars_with_file_names_of_their_own() -> None:
    assert len({jar.file_name for jar in locked_jars()}) == 46


def test_the_lock_is_of_kafka_4_3_1() -> None:
    assert kafka_version(locked_jars()) == "4.3.1"


def test_a_missing_jar_is_fetched_and_counted(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    ensure_jars(tmp_path, Repository(GOOD), lambda done, total: seen.append((done, total)), (JAR,))

    assert ((tmp_path / JAR.file_name).read_bytes(), seen) == (GOOD, [(1, 1)])


def test_a_cut_jar_in_the_folder_is_refused_by_name_and_fetched_again_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / JAR.file_name).write_bytes(GOOD[:100])
    repository = Repository(GOOD)

    ensure_jars(tmp_path, repository, jars=(JAR,))

    assert repository.fetched == [JAR.file_name]
    assert "refused thing-1.0.jar" in caplog.text


def test_a_transfer_that_was_cut_is_tried_once_more(tmp_path: Path) -> None:
    ensure_jars(tmp_path, Repository(GOOD[:7], GOOD), jars=(JAR,))

    assert (tmp_path / JAR.file_name).read_bytes() == GOOD


def test_a_jar_that_stays_wrong_is_named_with_both_hashes(tmp_path: Path) -> None:
    found = hashlib.sha256(b"evil").hexdigest()

    with pytest.raises(
        JarError, match=rf"thing-1\.0\.jar .* expected SHA-256 {JAR.sha256} .* found {found}"
    ):
        ensure_jars(tmp_path, Repository(b"evil", b"evil"), jars=(JAR,))


def test_a_wrong_jar_never_lies_under_its_final_name(tmp_path: Path) -> None:
    with pytest.raises(JarError):
        ensure_jars(tmp_path, Repository(b"evil", b"evil"), jars=(JAR,))

    assert list(tmp_path.iterdir()) == []


def test_a_verified_jar_that_is_replaced_later_is_noticed(tmp_path: Path) -> None:
    ensure_jars(tmp_path, Repository(GOOD), jars=(JAR,))
    (tmp_path / JAR.file_name).write_bytes(GOOD[::-1])

    ensure_jars(tmp_path, Repository(GOOD), jars=(JAR,))

    assert (tmp_path / JAR.file_name).read_bytes() == GOOD


def test_a_cut_jar_among_the_real_ones_is_the_only_one_fetched(tmp_path: Path) -> None:
    real = {path.name: path for path in require_jars()}
    for path in real.values():
        shutil.copy(path, tmp_path)
    victim = tmp_path / "kafka-storage-api-4.3.1.jar"
    victim.write_bytes(victim.read_bytes()[:-1])
    fetched = []

    def from_the_cache(jar: Jar, folder: Path) -> Path:
        fetched.append(jar.file_name)
        return Path(shutil.copy(real[jar.file_name], folder))

    ensure_jars(tmp_path, from_the_cache)

    assert fetched == [victim.name]


def test_verified_jars_are_accepted_in_a_tenth_of_a_second() -> None:
    folder = require_jars()[0].parent
    began = time.perf_counter()

    ensure_jars(folder, unreachable)

    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize("memory", [b"", b"[]", b"{", b'{"thing-1.0.jar": 3}'])
def test_a_damaged_memory_of_verified_jars_means_verifying_again(
    tmp_path: Path, memory: bytes
) -> None:
    (tmp_path / JAR.file_name).write_bytes(GOOD)
    (tmp_path / "verified.json").write_bytes(memory)

    assert ensure_jars(tmp_path, unreachable, jars=(JAR,)) == (tmp_path / JAR.file_name,)


def test_without_a_network_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise requests.ConnectionError("a long chain of causes")

    monkeypatch.setattr(requests, "request", refuse)

    with pytest.raises(
        JarError, match=r"thing-1\.0\.jar could not be fetched .* check the network"
    ):
        ensure_jars(tmp_path, maven_fetch(), jars=(JAR,))


def test_the_configured_repository_is_the_one_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(_method: str, url: str, **_: object) -> None:
        asked.append(url)
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "request", note)

    with pytest.raises(JarError, match=r"from https://jars\.example/maven"):
        ensure_jars(tmp_path, maven_fetch("https://jars.example/maven/"), jars=(JAR,))

    assert asked == ["https://jars.example/maven/org/example/thing/1.0/thing-1.0.jar"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderError, match=r"cannot be kept in .*file"):
        ensure_jars(tmp_path / "file", unreachable, jars=(JAR,))


def test_the_failure_of_one_jar_ends_the_others(tmp_path: Path) -> None:
    jars = tuple(Jar("org.example", f"thing{n}", "1.0", JAR.sha256, JAR.size) for n in range(40))
    tried: list[str] = []

    def fail(jar: Jar, folder: Path) -> Path:
        tried.append(jar.file_name)
        raise JarError(jar.file_name)

    with pytest.raises(JarError):
        ensure_jars(tmp_path, fail, jars=jars)

    assert len(tried) < len(jars)
