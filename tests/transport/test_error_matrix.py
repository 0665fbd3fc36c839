"""Each kind of error that a transaction can meet: its class in the library, and what we do then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from schemas.errors import ConfigurationError, VigieError
from tests.transport.mock_kafka import (
    END_TXN,
    INIT_PRODUCER_ID,
    PRODUCE,
    TXN_OFFSET_COMMIT,
    MockKafka,
    mock_kafka,
)
from transport import clients
from transport.deadline import Deadline
from transport.transactions import AbortedError, InDoubtError, LeaveError, Transactions

IMAGES, PREDICTIONS = "images", "predictions"


@pytest.fixture(scope="module")
def mock() -> Iterator[MockKafka]:
    with mock_kafka() as made:
        made.create_topic(IMAGES)
        made.create_topic(PREDICTIONS)
        yield made


@pytest.fixture
def transactions(mock: MockKafka, topic_name: Callable[[str], str]) -> Iterator[Transactions]:
    name = topic_name("id")
    made = Transactions(lambda: mock.cluster.transactional_producer(name))
    yield made
    made.drop()


@pytest.fixture
def commit(mock: MockKafka) -> Iterator[Callable[..., None]]:
    """One image's transaction, from its first message to its end."""
    member = mock.cluster.reader("group")

    def act(transactions: Transactions, within_s: float = 20) -> None:
        transactions.produce(PREDICTIONS, b"a prediction")
        places = [TopicPartition(IMAGES, 0, 1)]
        transactions.commit(places, member.consumer_group_metadata(), Deadline.within(within_s))

    yield act
    member.close()


class Kind(NamedTuple):
    """The library's three flags on an error."""

    retriable: bool = False
    abortable: bool = False
    fatal: bool = False


ABORTABLE, FATAL, RETRIABLE = Kind(abortable=True), Kind(fatal=True), Kind(retriable=True)


def kind(error: BaseException) -> Kind:
    cause = error.__cause__ or error.__context__
    assert isinstance(cause, KafkaException)
    found: KafkaError = cause.args[0]
    return Kind(found.retriable(), found.txn_requires_abort(), found.fatal())


@pytest.mark.parametrize(
    ("request_type", "error"),
    [
        (PRODUCE, KafkaError.REQUEST_TIMED_OUT),
        (TXN_OFFSET_COMMIT, KafkaError.COORDINATOR_LOAD_IN_PROGRESS),
        (END_TXN, KafkaError.COORDINATOR_LOAD_IN_PROGRESS),
        (END_TXN, KafkaError.NOT_COORDINATOR),
        (END_TXN, KafkaError.CONCURRENT_TRANSACTIONS),
        (INIT_PRODUCER_ID, KafkaError.COORDINATOR_LOAD_IN_PROGRESS),
        (INIT_PRODUCER_ID, KafkaError.CONCURRENT_TRANSACTIONS),
    ],
)
def test_a_passing_error_is_retried_by_the_library_unseen(
    mock: MockKafka,
    transactions: Transactions,
    commit: Callable[..., None],
    request_type: int,
    error: int,
) -> None:
    mock.answer(request_type, error)
    assert transactions.open(lambda: False)
    commit(transactions)
    assert mock.unanswered(request_type) == 0


@pytest.mark.parametrize(
    "error",
    [
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
    ],
)
def test_a_lost_membership_aborts_and_the_next_transaction_is_as_good_as_any(
    mock: MockKafka, transactions: Transactions, commit: Callable[..., None], error: int
) -> None:
    assert transactions.open(lambda: False)
    mock.answer(TXN_OFFSET_COMMIT, error)
    with pytest.raises(AbortedError) as caught:
        commit(transactions)
    assert kind(caught.value) == ABORTABLE
    commit(transactions)


@pytest.mark.parametrize(
    ("request_type", "error", "flags", "ends_with", "exit_code"),
    [
        (PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED, ABORTABLE, ConfigurationError, 4),
        (PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE, ABORTABLE, ConfigurationError, 4),
        (
            TXN_OFFSET_COMMIT,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            ABORTABLE,
            ConfigurationError,
            4,
        ),
        (INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED, FATAL, ConfigurationError, 4),
        (
            INIT_PRODUCER_ID,
            KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            FATAL,
            ConfigurationError,
            4,
        ),
        (PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, FATAL, LeaveError, 3),
        (PRODUCE, KafkaError.INVALID_PRODUCER_EPOCH, FATAL, LeaveError, 3),
        (END_TXN, KafkaError.INVALID_PRODUCER_EPOCH, FATAL, LeaveError, 3),
        (END_TXN, KafkaError.PRODUCER_FENCED, FATAL, LeaveError, 3),
    ],
)
def test_what_does_not_pass_ends_the_process_with_its_code(
    mock: MockKafka,
    transactions: Transactions,
    commit: Callable[..., None],
    request_type: int,
    error: int,
    flags: Kind,
    ends_with: type[VigieError],
    exit_code: int,
) -> None:
    mock.answer(request_type, error)
    with pytest.raises(ends_with) as caught:
        open_and_commit(transactions, commit)
    assert kind(caught.value) == flags
    assert caught.value.exit_code == exit_code
    assert mock.unanswered(request_type) == 0


def open_and_commit(transactions: Transactions, commit: Callable[..., None]) -> None:
    assert transactions.open(lambda: False)
    commit(transactions)


class FallsAtTheEnd:
    """A producer whose broker goes down when the transaction is to end, and comes back later."""

    def __init__(self, producer: Producer, mock: MockKafka, back_at: int | None) -> None:
        self._producer = producer
        self._mock = mock
        self._back_at = back_at
        self.calls = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._producer, name)

    def commit_transaction(self, timeout: float) -> None:
        self.calls += 1
        if self.calls == 1:
            self._producer.flush()
            self._mock.down()
        if self.calls == self._back_at:
            self._mock.up()
        self._producer.commit_transaction(timeout)


def test_a_broker_that_is_away_at_the_end_is_asked_again_by_the_same_call(
    mock: MockKafka, commit: Callable[..., None], topic_name: Callable[[str], str]
) -> None:
    producer = mock.cluster.transactional_producer(topic_name("id"))
    falling = FallsAtTheEnd(producer, mock, back_at=2)
    transactions = Transactions(lambda: falling)
    open_and_commit(transactions, commit)
    assert falling.calls >= 2
    transactions.drop()


def test_a_broker_that_stays_away_leaves_the_end_in_doubt_and_a_new_producer_goes_on(
    mock: MockKafka, commit: Callable[..., None], topic_name: Callable[[str], str]
) -> None:
    def make() -> Producer:
        return mock.cluster.transactional_producer(name)

    name = topic_name("id")
    producers = iter([FallsAtTheEnd(make(), mock, back_at=None), make()])
    transactions = Transactions(lambda: next(producers))
    assert transactions.open(lambda: False)
    with pytest.raises(InDoubtError) as caught:
        commit(transactions, within_s=1)
    mock.up()
    assert kind(caught.value) == RETRIABLE
    open_and_commit(transactions, commit)
    transactions.drop()


def test_an_abort_of_what_is_not_sent_yet_leaves_the_next_transaction_as_good_as_any(
    transactions: Transactions, commit: Callable[..., None]
) -> None:
    open_and_commit(transactions, commit)
    transactions.produce(PREDICTIONS, b"given up")
    transactions.abort(Deadline.within(20))
    commit(transactions)


def test_an_abort_that_the_broker_does_not_confirm_in_time_is_in_doubt(
    mock: MockKafka, commit: Callable[..., None], topic_name: Callable[[str], str]
) -> None:
    name = topic_name("id")
    producers = [mock.cluster.transactional_producer(name) for _ in range(2)]
    transactions = Transactions(iter(producers).__next__)
    assert transactions.open(lambda: False)
    transactions.produce(PREDICTIONS, b"given up")
    producers[0].flush()  # a broker that has heard of nothing need not be told of its end
    mock.down()
    with pytest.raises(InDoubtError):
        transactions.abort(Deadline.within(0.5))
    mock.up()
    open_and_commit(transactions, commit)
    transactions.drop()


def test_a_message_not_sent_in_time_asks_for_no_epoch_that_would_end_a_successors_work(
    mock: MockKafka,
    commit: Callable[..., None],
    topic_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = topic_name("id")
    patient = mock.cluster.transactional_producer(name)
    monkeypatch.setattr(clients, "MESSAGE_TIMEOUT_MS", 200)
    monkeypatch.setattr(clients, "TRANSACTIONAL_LINGER_MS", 1)
    hasty = mock.cluster.transactional_producer(name)
    transactions = Transactions(iter([hasty, patient]).__next__)
    assert transactions.open(lambda: False)
    mock.answer(PRODUCE, *[KafkaError.REQUEST_TIMED_OUT] * 6)  # retried ever later: for 0.6 s
    mock.answer(INIT_PRODUCER_ID, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    with pytest.raises(InDoubtError, match="timed out"):
        commit(transactions)
    assert mock.unanswered(INIT_PRODUCER_ID) == 1
    open_and_commit(transactions, commit)
    transactions.drop()
