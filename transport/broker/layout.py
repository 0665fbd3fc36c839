"""Where the embedded broker keeps what, under the one home folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from transport.broker.configuration import DATA, LOGS
from transport.broker.settings import BrokerSettings


@dataclass(frozen=True)
class Layout:
    """The folders and files of one embedded broker."""

    home: Path

    @property
    def data(self) -> Path:
        """The durable records."""
        return self.home / DATA

    @property
    def logs(self) -> Path:
        """The broker's own log, of bounded size."""
        return self.home / LOGS

    @property
    def log_file(self) -> Path:
        """What log4j2 writes (see log4j2.xml)."""
        return self.logs / "broker.log"

    @property
    def console_file(self) -> Path:
        """What Java itself prints; begun anew at each start."""
        return self.logs / "broker-console.log"

    @property
    def run(self) -> Path:
        """What one run leaves for other processes to find; nothing to back up."""
        return self.home / "broker"

    @property
    def lock_file(self) -> Path:
        """Locked exactly as long as the broker lives."""
        return self.run / "lock"

    @property
    def state_file(self) -> Path:
        """Who runs, and where it listens."""
        return self.run / "state.json"

    @property
    def ports_file(self) -> Path:
        """The ports of the last start, to be taken again."""
        return self.run / "ports.json"

    @property
    def properties_file(self) -> Path:
        """Kafka's configuration, written at each start."""
        return self.run / "server.properties"


def jar_folder(settings: BrokerSettings) -> Path:
    """Where the jars are kept: as set, or in the user's cache."""
    return settings.jar_folder or user_cache_path("vigie") / "jars"


def aot_folder(settings: BrokerSettings) -> Path:
    """Where the prepared start image is kept: beside the jars it was made from."""
    return jar_folder(settings).parent / "aot"
