"""What tests of every package share: one real Kafka per run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from schemas.errors import ConfigurationError
from tests.requirements import missing
from transport.broker import BrokerSettings, EmbeddedBroker, Running
from transport.broker.errors import JarError
from transport.clients import Cluster
from vigie.bench.postgres import Postgres, check_installed, open_postgres

# How long one example takes says nothing where other programs run; each test has its own time-out.
settings.register_profile("vigie", deadline=None)
settings.load_profile("vigie")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real broker of this run's own; `kafka.bootstrap_servers` is its address."""
    broker = EmbeddedBroker(tmp_path_factory.mktemp("kafka"), BrokerSettings())
    try:
        running = broker.start()
    except JarError as error:
        missing(str(error))
    yield running
    broker.stop()


@pytest.fixture(scope="session")
def cluster(kafka: Running) -> Cluster:
    """That broker, to make clients of."""
    return Cluster(kafka.bootstrap_servers)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL of this run's own."""
    try:
        check_installed()
    except ConfigurationError as error:
        missing(str(error))
    with open_postgres(durable=False) as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def topic_name() -> Callable[[str], str]:
    """Gives a topic (or group, or transactional id) that no other test of this run has."""

    def name(label: str = "topic") -> str:
        return f"{label}-{os.getpid()}-{next(_numbers)}"

    return name
