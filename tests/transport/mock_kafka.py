"""librdkafka's own mock cluster, to be asked for protocol errors; a fault injector, not a broker.

The Python client has no calls for it, but its library exports them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka

from transport.clients import Cluster

BROKER = 1
PRODUCER = 0

PRODUCE, INIT_PRODUCER_ID, END_TXN, TXN_OFFSET_COMMIT = 0, 22, 26, 28
"""Numbers of request types in Kafka's protocol."""


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    [path] = folder.glob("librdkafka*.so*")
    library = ctypes.CDLL(str(path))
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_new.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    library.rd_kafka_destroy.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_cluster_destroy.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_topic_create.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.rd_kafka_mock_broker_push_request_error_rtts.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_int16,
        ctypes.c_size_t,
    ]
    library.rd_kafka_mock_broker_error_stack_cnt.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_int16,
        ctypes.POINTER(ctypes.c_size_t),
    ]
    for name in ("rd_kafka_mock_broker_set_down", "rd_kafka_mock_broker_set_up"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_int32]
    return library


class MockKafka:
    """One mock broker whose answers can be made errors."""

    def __init__(self, library: ctypes.CDLL, mock: int) -> None:
        self._library = library
        self._mock = mock

    @property
    def cluster(self) -> Cluster:
        address: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._mock)
        return Cluster(address.decode(), {"log_level": "0"})

    def create_topic(self, name: str) -> None:
        made = self._library.rd_kafka_mock_topic_create(self._mock, name.encode(), 1, 1)
        assert made == 0

    def answer(self, request: int, *errors: int) -> None:
        """The next requests of this type get these errors, one each."""
        pairs = [ctypes.c_int(number) for error in errors for number in (error, 0)]
        pushed = self._library.rd_kafka_mock_broker_push_request_error_rtts(
            self._mock, BROKER, request, len(errors), *pairs
        )
        assert pushed == 0

    def unanswered(self, request: int) -> int:
        """How many of those errors nobody has met yet."""
        count = ctypes.c_size_t()
        asked = self._library.rd_kafka_mock_broker_error_stack_cnt(
            self._mock, BROKER, request, ctypes.byref(count)
        )
        assert asked == 0
        return count.value

    def down(self) -> None:
        assert self._library.rd_kafka_mock_broker_set_down(self._mock, BROKER) == 0

    def up(self) -> None:
        assert self._library.rd_kafka_mock_broker_set_up(self._mock, BROKER) == 0


@contextmanager
def mock_kafka() -> Iterator[MockKafka]:
    library = _library()
    trouble = ctypes.create_string_buffer(512)
    owner = library.rd_kafka_new(PRODUCER, None, trouble, len(trouble))
    assert owner, trouble.value
    mock = library.rd_kafka_mock_cluster_new(owner, 1)
    try:
        yield MockKafka(library, mock)
    finally:
        library.rd_kafka_mock_cluster_destroy(mock)
        library.rd_kafka_destroy(owner)
