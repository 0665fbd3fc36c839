"""The thread that asks Kafka once a second how the work goes.

1. Ask which partitions there are, who is in the workers' group, and what it has committed.
2. Read on in both topics from where reading ended: images that wait, dead letters that came. The
   partitions are assigned for this moment only, so that nothing is fetched in between.
3. Turn both into one report; without an answer the one before stays until it is too old to tell.

Group and offsets are asked through the old synchronous calls: an answer that comes too late to
librdkafka's DescribeConsumerGroups ends the whole process (its issue 4605), and
ListConsumerGroupOffsets does while the coordinator moves (5040). Either did so here, with
librdkafka 2.16, within two restarts of the broker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import cast

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dashboard.feed.arrivals import is_settling
from dashboard.operations.letters import Known, Letters
from dashboard.operations.report import Backlog, Pace, Report, Snapshot, not_known
from transport.clients import Cluster
from transport.dead_letters import dead_letter
from transport.deadline import Deadline
from transport.topics import JobTopics

CLIENT_ID = "vigie-operations"

LOOK_S = 1.0
"""The strip is drawn once a second; looking more often would not be seen."""

ANSWER_S = 1.5
"""How long Kafka may take for an answer; a healthy broker needs milliseconds."""

READ_S = 1.5
"""How long one look may read. Caught up it takes 0.1 s; a long topic takes several looks."""

FIRST_LOOK_S = 3 * ANSWER_S + READ_S
"""How long one who asks whether Kafka answers waits for the first look: what a look may take."""

POLL_S = 0.1
"""How long one call waits: also the longest that stopping has to wait for it."""

AT_ONCE = 500

BOUNDS_LOOKS = 10
"""Looks between two questions for a topic's first and last offset: Kafka deletes what is too old
every five minutes, and a topic is made anew by hand."""

OFFSETS_PER_LETTER = 2
"""A transaction ends with a marker that takes an offset: at one letter per transaction, the worst,
half of the offsets are letters."""

log = structlog.get_logger(__name__)

Part = tuple[str, int]
"""A topic and one of its partitions."""


class Watch:
    """Looks at one job for as long as the process lives; outages end by themselves."""

    def __init__(
        self,
        cluster: Cluster,
        topics: JobTopics,
        letters: Letters,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._letters = letters
        self._clock = clock
        self._report: Report | None = None
        self._looked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operations", daemon=True)
        self._looks = 0
        self._begin()

    def _begin(self) -> None:
        self._backlog = Backlog()
        self._pace = Pace()
        self._next_letter: dict[int, int] = {}
        self._letters_read = False
        self._letters.restart()

    def snapshot(self, now: float) -> Snapshot:
        """What the strip shows now (seconds since 1970)."""
        report = self._report
        return report.snapshot(now) if report else not_known(now)

    def answers(self) -> bool:
        """Whether Kafka has answered lately; waits for the first look."""
        self._looked.wait(FIRST_LOOK_S)
        return self.snapshot(self._clock())["worker"] != "unknown"

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread.start()

    def stop(self, wait_s: float = 0.0) -> None:
        """End soon; wait for it so many seconds. It only reads: a process may end before it."""
        self._stopping.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        admin = self._cluster.admin(f"{CLIENT_ID}-admin")
        consumer = self._cluster.reader(CLIENT_ID)
        group = self._cluster.reader(CLIENT_ID, self._as_group())
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._report = self.look(admin, consumer, group)
            except KafkaException as error:
                log.debug("operations_unknown", error=str(error))
                # The report before stays, and ages: one answer that comes late is no outage.
                if not (self._report or is_settling(error)):
                    self._report = Report(self._clock())
            if self._report:
                self._looked.set()
            self._stopping.wait(max(POLL_S, LOOK_S - (time.monotonic() - began)))
        consumer.close()
        group.close()

    def _as_group(self) -> dict[str, int | str]:
        """For one who asks in the group's name without joining it."""
        # Who reads committed events would wait for the open transaction of a killed worker, 30 s.
        return {"group.id": self._topics.group, "isolation.level": "read_uncommitted"}

    def look(self, admin: AdminClient, consumer: Consumer, group: Consumer) -> Report:
        """Ask and read once.

        Args:
            admin: asks for the group's members.
            consumer: reads the topics.
            group: asks for the group's offsets.

        Raises:
            KafkaException: Kafka does not answer.
        """
        images = self._partitions(group, self._topics.images)
        letters = self._partitions(group, self._topics.dead_letters)
        described = admin.list_groups(self._topics.group, ANSWER_S)
        members = sum(len(found.members) for found in described)
        self._open_letters(consumer, letters)
        for partition, offset in _committed(group, self._topics.images, images):
            self._backlog.answered(partition, offset)
        behind = self._read(consumer)
        self._letters_read |= not any(name == self._topics.dead_letters for name, _ in behind)
        return self._conclude(members, any(name == self._topics.images for name, _ in behind))

    def _conclude(self, members: int, is_behind: bool) -> Report:
        backlog, oldest = self._backlog, self._backlog.oldest_ms
        worker = self._pace.judge(members, backlog.heads, time.monotonic())
        return Report(
            at=self._clock(),
            worker=worker,
            lag=None if is_behind else backlog.lag,
            lag_more=backlog.more,
            oldest_at=None if is_behind or oldest is None else oldest / 1e3,
            dead_letters=len(self._letters) if self._letters_read else None,
            dead_letters_more=len(self._letters) >= self._letters.most,
        )

    def _partitions(self, consumer: Consumer, topic: str) -> list[int]:
        """Those of a topic; none of one that is not there, in which nothing waits."""
        found = consumer.list_topics(topic, timeout=ANSWER_S).topics[topic]
        return [] if found.error else sorted(found.partitions)

    # Reading

    def _open_letters(self, consumer: Consumer, partitions: Iterable[int]) -> None:
        """Begin far enough before the end; now and then forget what Kafka has deleted."""
        looks_at_bounds = self._looks % BOUNDS_LOOKS == 0
        self._looks += 1
        for partition in partitions:
            known = self._next_letter.get(partition)
            if known is not None and not looks_at_bounds:
                continue
            where = TopicPartition(self._topics.dead_letters, partition)
            low, high = consumer.get_watermark_offsets(where, timeout=ANSWER_S)
            if known is not None and known > high:  # it ends earlier now: it was made anew
                self._begin()
                known = None
            if known is None:
                first = high - self._letters.most * OFFSETS_PER_LETTER
                self._next_letter[partition] = max(low, first)
            self._letters.expire(partition, low)

    def _read(self, consumer: Consumer) -> set[Part]:
        """Read to the present end; gives the partitions whose end was not reached in time."""
        starts: dict[Part, int] = {
            **{(self._topics.images, p): at for p, at in self._backlog.unread().items()},
            **{(self._topics.dead_letters, p): at for p, at in self._next_letter.items()},
        }
        behind = set(starts)
        if not starts:
            return behind
        consumer.assign([TopicPartition(*part, at) for part, at in starts.items()])
        deadline = Deadline.within(READ_S)
        while behind and not deadline.passed and not self._stopping.is_set():
            first = consumer.poll(POLL_S)
            if first is not None:
                behind -= self._take([first, *consumer.consume(AT_ONCE - 1, 0)])
        consumer.unassign()
        return behind

    def _take(self, messages: Iterable[Message]) -> set[Part]:
        """Count what came; gives the partitions that need no more reading."""
        done: set[Part] = set()
        letters: list[Known] = []
        problem: KafkaError | None = None
        for message in messages:
            part = (cast("str", message.topic()), cast("int", message.partition()))
            if error := message.error():
                if error.code() == KafkaError._PARTITION_EOF:
                    done.add(part)
                else:
                    problem = error  # after what came before it has been counted
            elif part[0] == self._topics.images:
                self._backlog.take(part[1], cast("int", message.offset()), message.timestamp()[1])
                if part[1] not in self._backlog.unread():
                    done.add(part)
            else:
                letter = dead_letter(message)
                self._next_letter[letter.partition] = letter.offset + 1
                letters.append(
                    Known(letter.appended_ms, letter.partition, letter.offset, letter.reason)
                )
        self._letters.add(letters)
        if problem:
            raise KafkaException(problem)
        return done


def _committed(group: Consumer, topic: str, partitions: list[int]) -> list[tuple[int, int]]:
    """The offset per partition; 0, where reading begins at what is kept, without a commit."""
    if not partitions:
        return []
    asked = [TopicPartition(topic, partition) for partition in partitions]
    return [(place.partition, max(0, place.offset)) for place in group.committed(asked, ANSWER_S)]
