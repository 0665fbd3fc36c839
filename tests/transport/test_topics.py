"""Topics of a cluster that does not answer."""

from __future__ import annotations

import socket

import pytest

from schemas.errors import UnavailableError
from transport import topics
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics


def test_a_cluster_that_is_not_there_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topics, "ADMIN_TIMEOUT_S", 0.5)
    with socket.socket() as taken:  # and nobody listens
        taken.bind(("127.0.0.1", 0))
        cluster = Cluster(f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(UnavailableError, match=r"No answer from Kafka .*BOOTSTRAP_SERVERS"):
            ensure_topics(cluster.admin(), JobTopics("nowhere"), TopicSettings())
