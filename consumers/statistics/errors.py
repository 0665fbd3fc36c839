"""What ends the statistics; a supervisor starts them anew, and they go on exactly."""

from __future__ import annotations

from schemas.errors import EXIT_FATAL, VigieError


class StatisticsError(VigieError):
    """Kafka or Faust cannot go on."""

    code = "statistics"
    exit_code = EXIT_FATAL


class PartitionLostError(StatisticsError):
    """Kafka took the partitions back: this process was away too long, or another one counts."""

    def __init__(self, job: str) -> None:
        super().__init__(
            f"Kafka took the predictions of {job} back while they were counted: this process did"
            " not answer for 10 s, or another one counts the same job. Run one, and start it"
            " again: it goes on where it was."
        )
