"""The thread between the statistics topic and the store of windows.

The topic is compacted, so it is read from its beginning: it holds every window once, and those that
changed since Kafka last tidied up some more times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka.admin import AdminClient

from dashboard.feed.following import Follower
from dashboard.windows.store import WindowStore
from schemas.codec import decode_window
from schemas.errors import RefusedError
from transport.clients import Cluster
from transport.topics import Topic

CLIENT_ID = "vigie-web-statistics"

AT_ONCE = 100
BREATH_S = 0.005
"""Windows between two breaths: 10 ms of work, so that the feed and pages are not kept waiting while
a hundred thousand windows are read at the start."""

LONGEST_HEAD = 64
"""Bytes of a key before the camera's name, and more: three numbers."""

log = structlog.get_logger(__name__)


class WindowReader(Follower):
    """Follows the statistics topic; without it, the page counts what it holds itself."""

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        store: WindowStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(cluster, topic, CLIENT_ID, clock)
        self._store = store
        self._log_id = ""
        self._next_offsets: dict[int, int] = {}

    def _answers(self, answers: bool) -> None:
        """The feed's reader says it."""

    def _missing(self, _admin: AdminClient) -> None:
        self._store.complete()

    def _complete(self) -> None:
        self._store.complete()

    def _begins(self, _consumer: Consumer, topic: Topic) -> dict[int, int]:
        if topic.log_id != self._log_id:
            self._store.clear()
            self._log_id = topic.log_id
            self._next_offsets = dict.fromkeys(topic.partitions, 0)
        return self._next_offsets

    def _take(self, messages: Sequence[Message]) -> None:
        for n, message in enumerate(messages, 1):
            if error := message.error():
                if error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                continue
            self._take_one(message.key() or b"", message.value())
            self._next_offsets[message.partition() or 0] = (message.offset() or 0) + 1
            if n % AT_ONCE == 0:
                self._stopping.wait(BREATH_S)

    def _take_one(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._store.remove(key)
        elif self._is_wanted(key):
            try:
                self._store.add(decode_window(value))
            except RefusedError as error:
                log.warning("window_unreadable", key=key[:100], detail=error.detail)

    def _is_wanted(self, key: bytes) -> bool:
        """Whether the window is kept; its key says so without decoding it."""
        _, size, start, *_ = (*key[:LONGEST_HEAD].split(b"/", 3), b"", b"", b"")
        if not (size.isdigit() and start.isdigit()):
            return True  # a foreign key: the window itself tells
        return self._store.wants(int(size), int(start))
