"""Faust, as far as it is used: it recovers the state, reads the predictions and writes.

What it does otherwise than is right here is ruled out in this file, and only here. It rests on
names that are private to Faust and aiokafka, which tests/consumers/test_statistics_private.py
guards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, cast

import aiokafka
import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from consumers.statistics.aggregator import Record
from consumers.statistics.counting import Counting, Recall
from consumers.statistics.login import Login
from consumers.statistics.metrics import StatisticsMetrics
from transport.clients import HEARTBEAT_MS, LARGEST_MESSAGE_BYTES, SESSION_TIMEOUT_MS
from transport.topics import JobTopics

REBALANCE_S = 15.0
"""Faust's default of 60 makes a start beside a member that was killed look dead for a minute."""

BUFFER = 256
"""Events between Faust's reader and us: 50 ms of work; its default of 4,096 only takes memory."""

POLL_RECORDS = 1000
"""A fifth of a second of work: what is fetched and not counted stays small."""

LAST_FLUSH_S = 2.0
"""Some milliseconds of work, when the broker answers."""

STOP_S = 3.0
"""For Faust to leave the group and close its clients: half a second, when the broker answers. With
the last flush and the end of an interpreter it stays below the ten seconds in which each of our
processes ends."""

TABLE = "state"


def application_id(topics: JobTopics) -> str:
    """Name of the Faust application, which is its consumer group too."""
    return f"vigie.{topics.job}.statistics"


def changelog_of(topics: JobTopics) -> str:
    """The topic that Faust recovers the state from; the form of the name is Faust's."""
    return f"{application_id(topics)}-{TABLE}-changelog"


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        made = super()._create_worker_consumer(transport)
        # Faust reads uncommitted records otherwise, and has no setting for it.
        made._isolation_level = "read_committed"
        return made


class _Consumer(driver.Consumer):
    _sought: AbstractSet[TP] = frozenset()

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Let records of these be fetched; of the predictions only from where the state ends.

        Faust resumes them before it seeks: in between it would deliver what lies elsewhere.
        """
        super().resume_partitions({tp for tp in tps if tp.topic != self._predictions})

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go on where the state ends; Faust asks for it once the state is recovered."""
        if self.app.should_stop:
            return {}
        mine = {tp for tp in self.assignment() if tp.topic == self._predictions}
        ends = await self.highwaters(*mine)
        found = self._counting.begin({tp.partition: ends[tp] for tp in mine})
        places = {tp: found[tp.partition] for tp in mine}
        await self.seek_wait(places)
        self._sought = mine
        return places

    def resume_flow(self) -> None:
        """Let records flow; those of the predictions too, once their place was sought.

        Not sooner: Faust empties all queues right before it calls this.
        """
        super().resume_flow()
        super().resume_partitions(self._sought)
        self._sought = set()

    @property
    def _predictions(self) -> str:
        return cast("Hosted", self.app).predictions

    @property
    def _counting(self) -> Counting:
        return cast("Hosted", self.app).counting


class _Transport(driver.Transport):
    Consumer = _Consumer


class Hosted(faust.App):
    """The Faust application that counts one job; to be made on the loop that it runs on.

    Args:
        bootstrap_servers: addresses of Kafka, comma-separated.
        login: how to log in there.
        topics: the job's.
        partitions: of the predictions topic.
        grace_s: see ``StatisticsSettings``.
        metrics: told what was counted.
        again: whether to forget the state and count from the oldest prediction kept.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        login: Login,
        topics: JobTopics,
        partitions: int,
        grace_s: int,
        metrics: StatisticsMetrics,
        *,
        again: bool = False,
    ) -> None:
        loop = asyncio.get_running_loop()
        servers = [f"kafka://{server.strip()}" for server in bootstrap_servers.split(",")]
        name = application_id(topics)
        super().__init__(
            name,
            broker=servers,
            loop=loop,
            # Or a member that was killed would be waited for until its session ends.
            consumer_group_instance_id=f"{name}-0",
            **_settings(login),
        )
        self.transport = _Transport(self.conf.broker, self, loop)
        self.predictions = topics.predictions
        self._state = self.Table(TABLE, partitions=partitions, key_type=str)
        self._statistics = self.topic(
            topics.statistics, key_serializer="raw", value_serializer="raw"
        )
        self._metrics = metrics
        recall: Recall = (lambda _: None) if again else self._recall
        self.counting = Counting(topics.job, grace_s, recall, self._keep, self._say, metrics)
        # Bytes: a record that its codec cannot decode would end the agent, which skips it then.
        events = self.topic(
            topics.predictions, key_serializer="raw", value_serializer="raw", allow_empty=True
        )
        self.agent(events)(self._count)
        self.task(self.counting.run)

    def look(self) -> None:
        """Tell the metrics how far the counting is behind."""
        ends = {
            partition: self.consumer.highwater(TP(self.predictions, partition)) or 0
            for partition in self.counting.throughs()
        }
        throughs = self.counting.throughs()
        self._metrics.lags({each: max(0, ends[each] - throughs[each] - 1) for each in ends})

    async def leave(self) -> None:
        """Keep and say what is counted, and end, each if it goes quickly; never raises.

        Whatever fails here costs nothing: what is not kept is counted again at the next start.
        """
        if not self.crashed:
            with suppress(Exception):
                await asyncio.wait_for(self.counting.flush(), LAST_FLUSH_S)
        with suppress(Exception):
            await asyncio.wait_for(self.stop(), STOP_S)

    async def _count(self, stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            message = event.message
            record = Record(message.offset, int(message.timestamp), message.value)
            self.counting.count(message.partition, record)

    def _recall(self, partition: int) -> dict[str, Any] | None:
        return cast("dict[str, Any] | None", self._state.data.get(str(partition)))

    async def _keep(self, partition: int, record: dict[str, Any]) -> None:
        # Not ``table[key] = record``: that is for the code of an agent, while it has an event.
        await self._state.send_changelog(partition, str(partition), record)
        self._state.data[str(partition)] = record

    async def _say(self, said: Sequence[tuple[bytes, bytes]]) -> None:
        sent = [await self._statistics.send(key=key, value=value) for key, value in said]
        await asyncio.gather(*sent)

    def _create_directories(self) -> None:
        """A state in memory needs no folder; Faust would make one in the working directory."""


def _settings(login: Login) -> dict[str, Any]:
    return {
        "broker_credentials": _credentials(login),
        "broker_session_timeout": SESSION_TIMEOUT_MS / 1e3,
        "broker_heartbeat_interval": HEARTBEAT_MS / 1e3,
        "broker_rebalance_timeout": REBALANCE_S,
        "broker_max_poll_records": POLL_RECORDS,
        "consumer_max_fetch_size": LARGEST_MESSAGE_BYTES,
        "producer_compression_type": "gzip",  # the state is text; the others need a package more
        "producer_max_request_size": LARGEST_MESSAGE_BYTES,
        "topic_disable_leader": True,
        "topic_allow_declare": False,  # ours say how many partitions and how they are kept
        "table_standby_replicas": 0,
        "stream_buffer_maxsize": BUFFER,
        # Others start the agent again behind the event that it tripped over.
        "agent_supervisor": "mode.CrashingSupervisor",
        "web_enabled": False,
        "autodiscover": False,
    }


def _credentials(login: Login) -> faust.types.auth.CredentialsT | None:
    if login.mechanism:
        return faust.SASLCredentials(
            username=login.username,
            password=login.password,
            mechanism=login.mechanism,
            ssl_context=login.context,
        )
    return faust.SSLCredentials(login.context) if login.context else None
