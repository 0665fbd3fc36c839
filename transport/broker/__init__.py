"""The embedded broker: Apache Kafka on a packaged Java, nothing to install."""

from transport.broker.embedded import EmbeddedBroker, Running, Status
from transport.broker.settings import BrokerSettings

__all__ = ["BrokerSettings", "EmbeddedBroker", "Running", "Status"]
