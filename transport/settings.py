"""What can be set about Kafka. Where the broker is, what the topics are like, and nothing else."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from transport.broker.settings import BrokerSettings

MEBIBYTE = 1024 * 1024
DAY_MS = 24 * 3600 * 1000


class TopicSettings(BaseModel):
    """How the topics of a job are created."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partitions: int = Field(
        default=1,
        ge=1,
        description="Partitions of a job's images topic. One keeps one order over all cameras.",
    )
    replication: int = Field(default=1, ge=1, description="Copies of each topic in the cluster.")
    retention_days: int = Field(
        default=30, ge=1, description="How long references, predictions and dead letters are kept."
    )
    max_message_bytes: int = Field(
        default=4 * MEBIBYTE,
        ge=64 * 1024,
        description="Largest message the broker takes. References and predictions stay far below;"
        " the room lets an oversized message reach the dead letters instead of vanishing.",
    )


class KafkaSettings(BaseModel):
    """Which Kafka, and how the clients reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap_servers: str | None = Field(
        default=None,
        description="Address of a Kafka cluster (host:port, comma-separated)."
        " Unset: the embedded broker.",
    )
    client: dict[str, str] = Field(
        default_factory=dict,
        description="Any librdkafka property for every client, for example security.protocol,"
        " sasl.mechanisms or ssl.ca.location.",
    )
    topics: TopicSettings = Field(default_factory=TopicSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
