"""The image store behind a URL, over HTTP to a server that is a process of its own."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from schemas.events import FailureReason
from storage.bucket import ImageBucket
from tests.contracts.image_store import (
    DATA,
    MAX_BYTES,
    SECRET,
    Bench,
    ImageStoreContract,
    reference,
    refusal,
)
from tests.storage.s3_server import SECRET_KEY, S3Server, s3_server

URL = "s3://images/in/here"
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def server(running: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    running.reset()
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def store(server: S3Server) -> ImageBucket:
    server.lay("in/secret", SECRET)
    return ImageBucket(URL, MAX_BYTES)


class TestBucket(ImageStoreContract):
    @pytest.fixture
    def bench(self, server: S3Server, store: ImageBucket) -> Bench:
        root = server.folder / "images" / "in" / "here"
        return Bench(
            store,
            lambda path, data: server.lay(f"in/here/{path}", data),
            lambda: [file.name for file in root.rglob("*") if file.is_file()],
        )


def test_a_size_over_the_limit_is_refused_before_the_body_is_read(
    server: S3Server, store: ImageBucket
) -> None:
    stored = store.put(DATA)
    server.fail("huge")  # says a terabyte, and then no more
    assert refusal(store, reference(stored.path)) == FailureReason.IMAGE_TOO_LARGE
    assert store.load(stored.sha256) is None


def test_an_answer_that_ends_early_is_trouble_that_passes(
    server: S3Server, store: ImageBucket
) -> None:
    wanted = reference(store.put(DATA).path)
    server.fail("cut", times=1)
    with pytest.raises(OSError, match="body"):
        store.read(wanted)
    assert store.read(wanted) == DATA


def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    server: S3Server, store: ImageBucket
) -> None:
    server.fail("unavailable", times=1)
    stored = store.put(DATA)
    server.fail("unavailable", times=1)
    assert store.read(reference(stored.path)) == DATA


def test_a_store_that_stays_busy_is_trouble_in_its_own_word(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.bucket.RETRY_S", 0.1)
    store = ImageBucket(URL, MAX_BYTES)
    wanted = reference(store.put(DATA).path)
    server.fail("unavailable")
    acts: list[Callable[[], object]] = [
        lambda: store.put(DATA),
        lambda: store.read(wanted),
        lambda: store.holds(wanted),
        lambda: store.load(wanted.sha256),
    ]
    for act in acts:
        with pytest.raises(OSError, match="503 Service Unavailable") as raised:
            act()
        assert "127.0.0.1" not in str(raised.value)  # an address may hold a key
    assert URL in store.write_trouble(raised.value)


def test_a_bucket_that_was_deleted_meanwhile_takes_nothing(
    server: S3Server, store: ImageBucket
) -> None:
    shutil.rmtree(server.folder / "images")
    with pytest.raises(OSError, match="NoSuchBucket") as raised:
        store.put(DATA)
    (server.folder / "images").mkdir()
    assert "NoSuchBucket" in store.write_trouble(raised.value)


def test_a_store_that_falls_silent_is_not_waited_for(
    server: S3Server, store: ImageBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = reference(store.put(DATA).path)
    monkeypatch.setattr("storage.bucket.SILENCE_S", 0.2)
    impatient = ImageBucket(URL, MAX_BYTES)
    server.fail("late", seconds=2 * PATIENCE_S)
    began = time.monotonic()
    with pytest.raises(OSError, match="TimedOut"):
        impatient.read(wanted)
    assert time.monotonic() - began < PATIENCE_S


def test_a_reader_of_a_server_that_is_killed_reads_on_when_it_is_back(
    tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path) as first:
        monkeypatch.setenv("AWS_ENDPOINT_URL", first.environment["AWS_ENDPOINT_URL"])
        reader = Reader(ImageBucket(URL, MAX_BYTES))
        reader.until(lambda: reader.images)
        first.kill()
        reader.until(lambda: reader.troubles)
        with s3_server(tmp_path, first.port):
            images = reader.images
            reader.until(lambda: reader.images > images)
            reader.stop()
    assert reader.surprise is None


class Reader:
    """Reads one image again and again, as a worker does: what is trouble passes."""

    def __init__(self, store: ImageBucket) -> None:
        self.images, self.troubles = 0, 0
        self.surprise: object = None
        self._store, self._wanted = store, reference(store.put(DATA).path)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stopped.wait(0.01) and self.surprise is None:
            try:
                if (found := self._store.read(self._wanted)) == DATA:
                    self.images += 1
                else:
                    self.surprise = found
            except OSError:
                self.troubles += 1
            except Exception as error:  # noqa: BLE001 - the test tells
                self.surprise = error

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition() and self.surprise is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(PATIENCE_S)


WRONG = {
    "secret": ({"AWS_SECRET_ACCESS_KEY": "another-one"}, URL, "SignatureDoesNotMatch.*Set the key"),
    "key": ({"AWS_ACCESS_KEY_ID": "nobody"}, URL, "InvalidAccessKeyId.*Set the keys"),
    "no key": ({"AWS_ACCESS_KEY_ID": None}, URL, "Missing AccessKeyId.*Set the keys"),
    "no bucket": ({}, "s3://elsewhere/in", "NoSuchBucket.*There is no such bucket"),
    "plain http": ({"AWS_ALLOW_HTTP": None}, URL, "begins with http: use https, or set AWS_ALLOW"),
    "no server": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, URL, "refused.*See that it runs"),
}


@pytest.mark.parametrize(("changes", "url", "says"), WRONG.values(), ids=WRONG)
def test_a_store_that_cannot_be_used_is_told_at_the_start(
    server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str | None],
    url: str,
    says: str,
) -> None:
    monkeypatch.setattr("storage.bucket.START_RETRY_S", 0.1)
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{url} cannot be used: .*{says}") as error:
        ImageBucket(url, MAX_BYTES)
    assert SECRET_KEY not in str(error.value)
    assert "another-one" not in str(error.value)


@pytest.mark.parametrize("url", ["s3://me:hidden@images/in", "s3://images/in?key=hidden"])
def test_a_url_that_holds_a_key_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Keys belong into the environment") as error:
        ImageBucket(url, MAX_BYTES)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["s3://", "s3://[", "ftp://images/in", "https://images/in", "file:///images"]
)
def test_any_other_url_is_refused_with_those_there_are(url: str) -> None:
    with pytest.raises(ConfigurationError, match="s3://BUCKET/PREFIX, gs://"):
        ImageBucket(url, MAX_BYTES)
