"""From the topics to the database, exactly once.

1. Ask the broker what the topics are, by their ids, and the database how far each is archived.
2. Read on from there; no consumer group has a say.
3. Take a batch, and ask once more what the topics are: are they still the same, so were they when
   the batch was read.
4. Write the rows, and with them the offset behind, in one transaction. It goes through only where
   the offset stands that we began at.
5. Delete what is too old.

Whatever goes wrong, nothing is remembered: it begins again at 1, with what the database says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event as Flag
from time import monotonic

import structlog
from confluent_kafka import KafkaException

from consumers.archive.keeper import Keeper
from consumers.archive.messages import event_rows, review_rows, unreadable_among
from consumers.archive.metrics import ArchiveMetrics
from consumers.archive.source import Arrived, Place, Source
from schemas.errors import ConfigurationError
from storage.database.engine import Database
from storage.database.errors import DatabaseError
from storage.database.writing import Share, append, begin_log
from transport.deadline import Deadline
from transport.topics import JobTopics, Topic

RETRY_S = 0.5
"""Between two tries while Kafka or the database is away: what comes back is noticed at once."""

PROBE_S = 2.0
"""Silence after which Kafka is asked for a sign of life and the topics' ids."""

MEASURE_S = 30.0
"""Between two looks at the database's size."""

SETTLE_S = 10.0
"""A broker that has just started knows all of its log after milliseconds."""

log = structlog.get_logger()


class TopicsChangedError(Exception):
    """The topics are no longer those that we began to read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is being read: the topics, the keys of their logs, and how far each is archived."""

    topics: dict[str, Topic]
    log_keys: dict[str, int]
    positions: dict[Place, int]


class Archive:
    """Archives one job's predictions and reviews until told to stop.

    Args:
        source: reads the job's topics.
        database: with its tables made.
        topics: the job's names.
        keeper: deletes what is too old.
        metrics: told what is committed, and how it goes.
        waits: told what is missing before events can be archived; ``None``: nothing.
        stop: set when it is to end.
        clock: seconds, steady.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        topics: JobTopics,
        keeper: Keeper,
        metrics: ArchiveMetrics,
        waits: Callable[[str | None], None],
        stop: Flag,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._source = source
        self._database = database
        self._topics = topics
        self._keeper = keeper
        self._metrics = metrics
        self._waits = waits
        self._stop = stop
        self._clock = clock
        self._trouble: str | None = None
        self._in_doubt: Sequence[Share] = ()
        self._measured_at = float("-inf")

    def run(self) -> None:
        """Archive until told to stop; outages end by themselves.

        Raises:
            OvertakenError: another archive writes to the same database.
            ConfigurationError: the broker has lost what is archived already.
        """
        while not self._stop.is_set():
            try:
                self._follow()
            except TopicsChangedError:
                log.warning("topics_changed", job=self._topics.job)
            except KafkaException as error:
                self._rest("Kafka", error.args[0].str())
            except DatabaseError as error:
                self._metrics.failed()
                self._rest("the database", str(error))

    def _rest(self, missing: str, why: str) -> None:
        """Wait a moment; say why when it begins, not every time."""
        self._waits(missing)
        if self._trouble != missing:
            log.warning("archive_waits", waits_for=missing, error=why)
        self._trouble = missing
        self._stop.wait(RETRY_S)

    def _works(self) -> None:
        self._waits(None)
        if self._trouble is not None:
            log.info("archive_goes_on", waited_for=self._trouble)
        self._trouble = None

    def _follow(self) -> None:
        reading = self._begin(self._source.describe())
        self._works()
        heard = self._clock()
        while not self._stop.is_set():
            arrived = self._source.take()
            if arrived or self._clock() - heard > PROBE_S:
                heard = self._clock()
                if self._source.describe() != reading.topics:
                    raise TopicsChangedError
            if arrived:
                self._write(reading, arrived)
            self._metrics.lags(self._source.lag())
            self._keeper.step()
            self._measure()

    def _begin(self, topics: Mapping[str, Topic]) -> Reading:
        """Find out how far the topics are archived, and read on there."""
        log_keys: dict[str, int] = {}
        positions: dict[Place, int] = {}
        with self._database.writing() as connection:
            for name, topic in topics.items():
                known = begin_log(
                    connection, self._topics.job, name, topic.log_id, topic.partitions
                )
                log_keys[name] = known.log_key
                for partition in topic.partitions:
                    positions[Place(name, partition)] = known.positions[partition]
        reading = Reading(dict(topics), log_keys, positions)
        self._settle_doubt(reading)
        self._source.read_from({place: self._first(place, at) for place, at in positions.items()})
        return reading

    def _first(self, place: Place, position: int) -> int:
        """Where to read a partition from, of which all before ``position`` is archived."""
        deadline = Deadline.within(SETTLE_S, self._clock)
        low, high = self._source.bounds(place)
        while high < position and not self._stop.wait(RETRY_S):
            if deadline.passed:
                raise ConfigurationError(
                    f"{place.topic}-{place.partition} ends at offset {high:,}, but the archive"
                    f" {self._database.name} has it up to {position:,}: the broker has lost events"
                    " or was restored from an older backup. Restore the newer one, or set"
                    " VIGIE_DATABASE__URL to a new database."
                )
            low, high = self._source.bounds(place)
        if low > position > 0:
            log.warning("events_expired", topic=place.topic, offsets=low - position)
        return max(low, position)

    def _write(self, reading: Reading, arrived: Sequence[Arrived]) -> None:
        shares = self._shares(reading, arrived)
        self._in_doubt = shares
        with self._database.writing() as connection:
            append(connection, shares)
        self._count(shares)
        for share in shares:
            reading.positions[Place(share.topic, share.topic_partition)] = share.next_offset

    def _shares(self, reading: Reading, arrived: Sequence[Arrived]) -> list[Share]:
        found: dict[Place, list[Arrived]] = {}
        for one in arrived:
            found.setdefault(one.place, []).append(one)
        return [self._share(reading, place, messages) for place, messages in found.items()]

    def _share(self, reading: Reading, place: Place, messages: Sequence[Arrived]) -> Share:
        is_review = place.topic == self._topics.reviews
        return Share(
            self._topics.job,
            place.topic,
            reading.log_keys[place.topic],
            place.partition,
            reading.positions[place],
            messages[-1].offset + 1,
            [] if is_review else event_rows(messages),
            review_rows(messages) if is_review else [],
        )

    def _settle_doubt(self, reading: Reading) -> None:
        """Count what was committed although the database could not say so any more."""
        went_through = bool(self._in_doubt) and all(
            reading.log_keys.get(share.topic) == share.log_key
            and reading.positions[Place(share.topic, share.topic_partition)] == share.next_offset
            for share in self._in_doubt
        )
        if went_through:
            self._count(self._in_doubt)
        self._in_doubt = ()

    def _count(self, shares: Sequence[Share]) -> None:
        self._in_doubt = ()
        events = [row for share in shares for row in share.events]
        reviews = [row for share in shares for row, _ in share.reviews]
        self._metrics.committed(len(events), len(reviews), unreadable_among(events + reviews))

    def _measure(self) -> None:
        if self._clock() - self._measured_at >= MEASURE_S:
            self._metrics.measured(self._database.size_bytes())
            self._measured_at = self._clock()
