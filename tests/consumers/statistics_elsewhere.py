"""A process that counts one job's predictions under another name, by a clock that is ahead."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass

from consumers.statistics.service import run_statistics
from consumers.statistics.settings import StatisticsSettings
from transport.clients import Cluster
from transport.health.vitals import StopFlag
from transport.settings import TopicSettings
from transport.topics import JobTopics


@dataclass(frozen=True, slots=True)
class Elsewhere(JobTopics):
    """Another job's topics, but for the predictions."""

    origin: str = ""

    @property
    def predictions(self) -> str:
        return JobTopics(self.origin).predictions


def main() -> None:
    given = json.loads(sys.argv[1])
    now, ahead_s = time.time, given["days"] * 86_400
    time.time = lambda: now() + ahead_s
    run_statistics(
        Cluster(os.environ["VIGIE_KAFKA__BOOTSTRAP_SERVERS"]),
        Elsewhere(given["to"], given["from"]),
        StatisticsSettings(),
        TopicSettings(partitions=int(os.environ["VIGIE_KAFKA__TOPICS__PARTITIONS"])),
        StopFlag(),
    )


if __name__ == "__main__":
    main()
