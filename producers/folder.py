"""Publishes the images that arrive in a folder of camera folders, for ``vigie watch FOLDER``.

One sub-folder per camera is the source; a file in the folder itself has the folder's name as its
source. Each file is published once, in the order of the last writes, whatever kills us meanwhile:

1. **Fence.** The transactional id is the same at every start: Kafka aborts what a killed
   predecessor left open, and a forgotten one that still runs can write no more.
2. **Read back.** The topic is read from the offset remembered last: what a predecessor committed
   and did not come to remember is remembered now.
3. **List and watch.** Files that are not remembered wait until they are complete.
4. **Store.** The image goes to the image store, named by its hash: doing it twice does nothing.
5. **Publish.** The references of a batch are one transaction: all of them count, or none.
6. **Remember.** The files and the offset after them, in one SQLite transaction.

Killed before the end of 5, nothing counts and the files are new to the next start; killed
between 5 and 6, step 2 finds them in the topic.

A file written anew with other content is a new image; with the same content it is not. What is
not promised: the first images of a camera folder that was made this moment may come after
younger ones of others (the system begins to tell of a new folder a few milliseconds late);
files of one tick of the file system's clock (about 4 ms) have no order but that of their names;
a file changed between two images before the first was read gives the second only;
a file that changes its name is a new file; who moves or renames the watched folder, or deletes
both the memory and the topic, has everything published anew.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import cast
from uuid import NAMESPACE_URL, uuid5

import structlog
from confluent_kafka import Message

from producers.errors import PublishError, StoreError
from producers.files import (
    FileChangedError,
    FileStamp,
    moment,
    printable,
    read_file,
    walk,
)
from producers.listing import Listing
from producers.memory import UNKNOWN_STATE, Known, Memory
from producers.metrics import UNREADABLE
from producers.notices import Notices, noticing
from producers.publish import MAX_SOURCE_CHARACTERS, make_reference
from producers.readback import end_offsets, read_back
from producers.settings import FolderSettings
from producers.writer import InterruptedWritingError, Outgoing, TransactionalWriter
from schemas.codec import encode_reference
from schemas.errors import ConfigurationError, RefusedError, VigieError
from schemas.events import ImageReference
from storage.images import Images
from transport.clients import Cluster
from transport.topics import JobTopics

log = structlog.get_logger(__name__)

WATCH_HEADER = "vigie-watch"
"""Header with the identity of the watched folder that a reference comes from."""

PATH_HEADER = "vigie-path"
"""Header with the file's path in it, as the system spells it."""

SHA256_HEADER = "vigie-sha256"
"""Header with the image's hash, so that reading back needs no schema."""

BATCH = 64
"""Files in one transaction. A transaction costs 5-10 ms whatever is in it; beyond this a backlog
gets no faster, and what a kill makes us do again gets more."""

RETRY_S = 1.0
"""Wait before a new attempt when Kafka is away (its restart takes seconds) or a disk is full."""


class Place(StrEnum):
    """The places between two steps; tests kill the process there."""

    FENCED = "fenced"
    """After 1."""
    READ_BACK = "read-back"
    """After 2."""
    STORED = "stored"
    """After 4: nothing of the batch is in Kafka."""
    WRITTEN = "written"
    """Within 5: Kafka has the references, uncommitted."""
    COMMITTED = "committed"
    """After 5: they count, and are not remembered."""
    REMEMBERED = "remembered"
    """After 6."""


@dataclass(frozen=True, slots=True)
class FolderEvents:
    """Who wants to know what happens; each is called from the watching thread."""

    published: Callable[[ImageReference], None] = lambda _reference: None
    skipped: Callable[[str, str], None] = lambda _path, _reason: None
    """The file's path in the watched folder, and one sentence."""
    reached: Callable[[Place], None] = lambda _place: None
    refused: Callable[[str], None] = lambda _reason: None
    """The stable word for a file that is skipped: a Failure's reason, or ``unreadable``."""
    interrupted: Callable[[], None] = lambda: None
    """Kafka is away; `Place.READ_BACK` is reached again when it is back."""
    waits: Callable[[str | None], None] = lambda _what: None
    """What is waited for beside Kafka; ``None`` when it is there again."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A file that is ready to be done with: published, found unchanged, or skipped."""

    known: Known
    reference: ImageReference | None = None
    refusal: RefusedError | None = None


def watch_folder(
    root: Path,
    *,
    cluster: Cluster,
    job: str,
    store: Images,
    state: Path,
    settings: FolderSettings,
    stop: threading.Event,
    events: FolderEvents = FolderEvents(),
) -> None:
    """Publish what is in the folder and what arrives, until asked to stop.

    Args:
        root: the folder of camera folders.
        cluster: where to publish; the job's topics must be there.
        job: the job that is to judge the images.
        store: where the images are kept.
        state: folder that keeps the memory of this watching.
        settings: when files are complete, and how changes are noticed.
        stop: ends the watching; what is being published is finished.
        events: told about each file.

    Raises:
        ConfigurationError: the folder, the memory or the topic is not there.
        PublishError: Kafka did not answer at the start, or memory or image store could not be
            written. Later all are waited for; room in the image store is at the start, too.
        LeaveError: another process watches the same folder for the same job.
    """
    try:
        root = root.resolve(strict=True)
        next(walk(root), None)
    except OSError as error:
        raise ConfigurationError(
            f"The camera folder {root} cannot be watched: {error.strerror}. Make it, with one"
            " sub-folder per camera, or give this user the right to read it."
        ) from error
    with Memory.open(state, root, job, socket.gethostname()) as memory:
        _Folder(root, cluster, job, store, memory, settings, stop, events).run()


@dataclass(slots=True)
class _Folder:
    """One watched folder."""

    root: Path
    cluster: Cluster
    job: str
    store: Images
    memory: Memory
    settings: FolderSettings
    stop: threading.Event
    events: FolderEvents
    listing: Listing = field(init=False)
    topic: str = field(init=False)
    watch: str = field(init=False)
    unreadable: set[str] = field(default_factory=set)
    """Reported once, and looked at again at each listing: rights may be given."""
    store_works: bool | None = None

    def __post_init__(self) -> None:
        self.listing = Listing(self.root, self.memory, self.settings)
        self.topic = JobTopics(self.job).images
        self.watch = self.memory.watch

    def run(self) -> None:
        """Serve until asked to stop, anew after each interruption by Kafka or a full disk."""
        served = False
        with noticing(self.root, enabled=not self.settings.polling) as notices:
            while not self.stop.is_set():
                try:
                    with closing(self._open()) as writer:
                        served = True
                        self._serve(writer, notices)
                except StoreError:
                    raise
                except (InterruptedWritingError, ConfigurationError, PublishError) as error:
                    if not served:
                        raise _at_the_start(error) from None
                    log.warning("interrupted; trying again", reason=str(error))
                    self.events.interrupted()
                    self.stop.wait(RETRY_S)

    def _open(self) -> TransactionalWriter:
        """Steps 1 and 2."""
        end_offsets(self.cluster, self.topic)  # no topic, no broker: said before we fence anybody
        name = f"vigie.{self.job}.folder-{self.watch}"
        writer = TransactionalWriter(self.cluster, name, self.topic, self.stop)
        try:
            # 1. fence
            writer.fence()
            self.events.reached(Place.FENCED)
            # 2. read back
            self._read_back()
            self.events.reached(Place.READ_BACK)
        except BaseException:
            writer.close()
            raise
        return writer

    def _read_back(self) -> None:
        start, end = self.memory.offsets(), end_offsets(self.cluster, self.topic)
        for partition, offset in start.items():
            if offset > end.get(partition, 0):
                log.warning(
                    "the topic ends before the offset remembered: it was made anew. Files that"
                    " were published to the old one are not sent again",
                    topic=self.topic,
                )
                start = {}
                break
        # The later of two references to one path replaces the earlier, as in the folder.
        found: dict[str, str] = {}
        for message in read_back(self.cluster, self.topic, start, end):
            found.update(_published_by(self.watch, message))
        self.memory.remember(
            (
                Known(FileStamp(path, UNKNOWN_STATE, UNKNOWN_STATE), sha256)
                for path, sha256 in found.items()
                if self._is_news(path, sha256)
            ),
            end,
        )

    def _is_news(self, path: str, sha256: str) -> bool:
        known = self.memory.find(path)
        return known is None or known.sha256 != sha256

    def _serve(self, writer: TransactionalWriter, notices: Notices) -> None:
        """Steps 3 to 6, until asked to stop."""
        while not self.stop.is_set():
            # 3. list and watch
            self.listing.update(notices)
            arrived = self.listing.arrived()
            while not self.stop.is_set() and (batch := list(islice(arrived, BATCH))):
                self._publish(writer, batch)

    def _publish(self, writer: TransactionalWriter, batch: Sequence[FileStamp]) -> None:
        """Steps 4 to 6 for files that are complete."""
        # 4. store
        prepared = self._store(batch)
        messages = [
            _outgoing(ready.known.stamp.path, ready.reference, self.watch)
            for ready in prepared
            if ready.reference
        ]
        self.events.reached(Place.STORED)
        # 5. publish
        offsets: Mapping[int, int] = {}
        if messages:
            offsets = writer.write(messages)
            self.events.reached(Place.WRITTEN)
            writer.commit()
            self.events.reached(Place.COMMITTED)
        # 6. remember
        self.memory.remember((ready.known for ready in prepared), offsets)
        self.events.reached(Place.REMEMBERED)
        for ready in prepared:
            self._tell(ready)

    def _store(self, batch: Sequence[FileStamp]) -> list[_Prepared]:
        """Step 4. While the store takes nothing it is waited for, so that no file is overtaken."""
        waiting, prepared = list(batch), list[_Prepared]()
        while waiting and not self.stop.is_set():
            try:
                ready = self._prepare(waiting[0])
            except StoreError as error:
                self._wait_for_store(error)
                continue
            if self.store_works is False:
                self.events.waits(None)
            self.store_works = True
            waiting.pop(0)
            prepared += [ready] if ready else []
        return prepared

    def _wait_for_store(self, error: StoreError) -> None:
        if self.store_works is None and not error.is_full:
            raise error
        if self.store_works is not False:
            log.warning("waiting for the image store", reason=str(error))
            self.events.waits("the image store")
        self.store_works = False
        self.stop.wait(RETRY_S)

    def _prepare(self, stamp: FileStamp) -> _Prepared | None:
        """Read and store one file; ``None`` when it has to be looked at again."""
        try:
            data, found = read_file(self.root / stamp.path, self.store.max_bytes)
            if (found.st_mtime_ns, found.st_size) != (stamp.mtime_ns, stamp.size):
                return None
            reference = self._reference(stamp, data)
        except FileChangedError:
            return None
        except RefusedError as error:
            return _Prepared(Known(stamp, None), refusal=error)
        except OSError as error:
            self._report_unreadable(stamp.path, error)
            return None
        known = Known(stamp, reference.sha256)
        return _Prepared(known, reference if self._is_news(stamp.path, reference.sha256) else None)

    def _reference(self, stamp: FileStamp, data: bytes) -> ImageReference:
        camera, _, name = stamp.path.rpartition("/")
        camera, _, below = camera.partition("/")
        # One byte per character: any path has a text that uuid5 takes, and no two the same.
        path = os.fsencode(stamp.path).decode("latin-1")
        identity = f"{self.watch}/{path}/{stamp.mtime_ns}/{stamp.size}"
        return make_reference(
            self.store,
            self.job,
            data,
            source=printable(camera or self.root.name or "folder", MAX_SOURCE_CHARACTERS),
            name=f"{below}/{name}" if below else name,
            captured_at=moment(stamp.mtime_ns),
            reference_id=str(uuid5(NAMESPACE_URL, f"vigie:{identity}")),
        )

    def _report_unreadable(self, path: str, error: OSError) -> None:
        self.listing.forget(path)
        if isinstance(error, FileNotFoundError) or path in self.unreadable:
            return
        self.unreadable.add(path)
        self._skip(path, UNREADABLE, f"It cannot be read: {error.strerror}. Check its rights.")

    def _tell(self, ready: _Prepared) -> None:
        path = ready.known.stamp.path
        self.listing.forget(path)
        self.unreadable.discard(path)
        if ready.reference:
            reference = ready.reference
            log.debug(
                "published",
                reference_id=reference.reference_id,
                source=reference.source,
                name=reference.name,
            )
            self.events.published(reference)
        elif ready.refusal:
            self._skip(path, str(ready.refusal.reason), ready.refusal.detail)

    def _skip(self, path: str, word: str, sentence: str) -> None:
        log.warning("file skipped", path=printable(path), reason=sentence)
        self.events.skipped(path, sentence)
        self.events.refused(word)


def _at_the_start(error: InterruptedWritingError | VigieError) -> VigieError:
    if isinstance(error, VigieError):
        return error
    return PublishError(
        f"Kafka cannot be written to: {error}. Is the broker running (`vigie broker status`), and"
        " may this user write transactions?"
    )


def _outgoing(path: str, reference: ImageReference, watch: str) -> Outgoing:
    headers = (
        (WATCH_HEADER, watch.encode()),
        (PATH_HEADER, os.fsencode(path)),
        (SHA256_HEADER, reference.sha256.encode()),
    )
    return Outgoing(reference.source.encode(), encode_reference(reference), headers)


def _published_by(watch: str, message: Message) -> dict[str, str]:
    """Path and SHA-256 of the file in a message of this watching; empty for any other message."""
    headers = dict(cast("list[tuple[str, bytes]]", message.headers() or []))
    if headers.get(WATCH_HEADER) != watch.encode():
        return {}
    return {os.fsdecode(headers[PATH_HEADER]): headers[SHA256_HEADER].decode()}
