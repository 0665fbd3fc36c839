"""Replays: old references judged again by another model, and how far each of them has come.

A run keeps its own account where its outputs are committed: as the note beside the committed
offset of each partition of the images topic, in a consumer group of its own. Plan, place and counts
thereby change in one transaction with the predictions, or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from time import sleep

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from transport import membership
from transport.clients import Cluster
from transport.deadline import Deadline
from transport.topics import JobTopics

RUN_HEADER = "vigie_replay_run"
"""Names the run that an event of the replays topic belongs to."""

ANSWER_TIMEOUT_S = 10.0
"""The group coordinator answers in milliseconds, and in a second or two while it moves."""


ASKED_AT_ONCE = 8
"""Each group needs a client of its own, which takes 60 ms, most of them waiting for the broker."""

_COORDINATOR_MOVES = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)
"""Also where the group is the broker's very first. The library does not ask again by itself."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Period:
    """The references asked for, by the broker's time; ``None``: the oldest kept, the present end.

    ``since`` is in it, ``until`` is not. Both in UTC.
    """

    since: datetime | None = None
    until: datetime | None = None

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits: equal periods, and hardly any others, have the same."""
        text = json.dumps([_iso(self.since), _iso(self.until)])
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Share:
    """One partition of a run: the references from ``first`` up to, not including, ``end``.

    Attributes:
        position: the next offset to judge.
        references: how many are judged.
        failures: those among them that are Failures.
    """

    first: int
    end: int
    position: int
    references: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A replay: which model judges which references, and what of it is done.

    Attributes:
        number: counts the runs of the same model over the same period, from 1.
        shares: by partition of the images topic.
        holder: names the copy of the command that carries the run on.
    """

    model_version: str
    period: Period
    number: int
    started_at: datetime
    shares: dict[int, Share]
    holder: str = ""

    @property
    def id(self) -> str:
        """What its events name in the header ``RUN_HEADER``."""
        return f"{self.model_version}.{self.period.digest}.{self.number}"

    @property
    def references(self) -> int:
        """How many references are judged."""
        return sum(share.references for share in self.shares.values())

    @property
    def failures(self) -> int:
        """How many of them are Failures."""
        return sum(share.failures for share in self.shares.values())

    @property
    def done(self) -> int:
        """Offsets gone through; a few of them may hold no reference."""
        return sum(share.position - share.first for share in self.shares.values())

    @property
    def total(self) -> int:
        """Offsets to go through in all."""
        return sum(share.end - share.first for share in self.shares.values())

    @property
    def is_finished(self) -> bool:
        """Whether every reference is judged."""
        return all(share.position >= share.end for share in self.shares.values())

    def judged(self, partition: int, offset: int, *, failed: bool) -> Run:
        """This run with one more reference judged."""
        share = self.shares[partition]
        return self._with(
            partition,
            replace(
                share,
                position=offset + 1,
                references=share.references + 1,
                failures=share.failures + failed,
            ),
        )

    def read_through(self, partition: int) -> Run:
        """This run with nothing left in a partition, whose last offsets may hold no reference."""
        share = self.shares[partition]
        return self._with(partition, replace(share, position=max(share.position, share.end)))

    def _with(self, partition: int, share: Share) -> Run:
        return replace(self, shares={**self.shares, partition: share})


def replay_group(topics: JobTopics, model_version: str, period: Period) -> str:
    """The consumer group, and transactional id, of the runs of a model over a period."""
    return f"{_group_prefix(topics)}{model_version}.{period.digest}"


def run_places(run: Run, topics: JobTopics) -> list[TopicPartition]:
    """The run as offsets to commit, each with its note."""
    return [
        TopicPartition(topics.images, partition, share.position, metadata=_note(run, share))
        for partition, share in run.shares.items()
    ]


def committed_run(
    consumer: Consumer, topics: JobTopics, timeout_s: float = ANSWER_TIMEOUT_S
) -> Run | None:
    """The run that the consumer's group has committed, if any.

    Raises:
        KafkaException: the broker does not answer in time.
    """
    found = consumer.list_topics(topics.images, timeout=timeout_s).topics[topics.images]
    wanted = [TopicPartition(topics.images, number) for number in sorted(found.partitions)]
    return _run(_committed(consumer, wanted, Deadline.within(timeout_s)))


def _committed(
    consumer: Consumer, wanted: list[TopicPartition], deadline: Deadline
) -> list[TopicPartition]:
    while True:
        try:
            return consumer.committed(wanted, deadline.remaining(ANSWER_TIMEOUT_S))
        except KafkaException as error:
            if deadline.passed or error.args[0].code() not in _COORDINATOR_MOVES:
                raise
        sleep(membership.AGAIN_S)


def read_run(cluster: Cluster, topics: JobTopics, group: str) -> Run | None:
    """The last run of a group (:func:`replay_group`), if any.

    Raises:
        KafkaException: the broker does not answer.
    """
    consumer = cluster.reader(group)
    try:
        return committed_run(consumer, topics)
    finally:
        consumer.close()


def ask_holder(
    cluster: Cluster, topics: JobTopics, group: str, give_up: Callable[[], bool]
) -> str | None:
    """Which copy has a run, by the group's last commit; ``None`` when none has.

    Waits for a broker that is away until ``give_up`` says so; ``None`` then.
    """
    # A read_committed client would wait for the end of a transaction: here, of the asker's own.
    consumer = cluster.reader(group, {"isolation.level": "read_uncommitted"})
    try:
        while not give_up():
            try:
                found = committed_run(consumer, topics, membership.ANSWER_TIMEOUT_S)
            except KafkaException as error:
                log.warning("waiting for the broker", error=error.args[0].str())
                sleep(membership.AGAIN_S)
            else:
                return found.holder if found else None
    finally:
        consumer.close()
    return None


def list_runs(cluster: Cluster, topics: JobTopics, most: int) -> list[Run]:
    """The runs of a job, the newest ones first and no more than ``most``.

    Of the runs of one model over one period only the last is there.

    Raises:
        KafkaException: the broker does not answer.
    """
    # The newer call ends the process when its answer comes too late (librdkafka's issue 4605).
    listed = cluster.admin().list_groups(timeout=ANSWER_TIMEOUT_S)
    names = [group.id for group in listed if (group.id or "").startswith(_group_prefix(topics))]

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        found = pool.map(lambda name: read_run(cluster, topics, name), names)
        runs = [run for run in found if run is not None]
    return sorted(runs, key=lambda run: run.started_at, reverse=True)[:most]


def _group_prefix(topics: JobTopics) -> str:
    return f"vigie.{topics.job}.replay."


def _note(run: Run, share: Share) -> str:
    """ASCII, some 350 of the 4,096 bytes that a broker takes by default."""
    return json.dumps(
        {
            "model_version": run.model_version,
            "since": _iso(run.period.since),
            "until": _iso(run.period.until),
            "number": run.number,
            "started_at": _iso(run.started_at),
            "holder": run.holder,
            "share": asdict(share),
        }
    )


def _run(places: Iterable[TopicPartition]) -> Run | None:
    noted = {place.partition: json.loads(place.metadata) for place in places if place.metadata}
    if not noted:
        return None
    said = next(iter(noted.values()))
    return Run(
        said["model_version"],
        Period(_moment(said["since"]), _moment(said["until"])),
        said["number"],
        datetime.fromisoformat(said["started_at"]),
        {partition: Share(**note["share"]) for partition, note in sorted(noted.items())},
        said.get("holder", ""),
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
