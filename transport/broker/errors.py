"""What can go wrong with the embedded broker; each message says how to get out of it."""

from __future__ import annotations

from schemas.errors import ConfigurationError, VigieError


class BrokerError(VigieError):
    """The embedded broker could not do what was asked."""

    code = "broker"


class BrokerStartError(BrokerError):
    """The broker's process ended, or was not ready in time; the message has its last log line."""

    code = "broker_start"


class BrokerAlreadyRunningError(ConfigurationError):
    """Another broker holds the data folder."""

    code = "broker_already_running"


class PortInUseError(ConfigurationError):
    """The configured port belongs to another program."""

    code = "port_in_use"


class FolderError(ConfigurationError):
    """A folder cannot be written, or its disk is full."""

    code = "folder"


class JarError(VigieError):
    """A jar of the broker could not be fetched, or is not the one that the lock file names."""

    code = "jar"
