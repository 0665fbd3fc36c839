"""Looks at what the statistics rest on in Faust and aiokafka; prints what is not as it was.

A process of its own: Faust is never imported by the tests' process.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable

import aiokafka
import faust
from faust.tables.recovery import Recovery
from faust.transport import consumer as base
from faust.types import TP
from prometheus_client import CollectorRegistry

from consumers.statistics import hosting
from consumers.statistics.login import Login
from consumers.statistics.metrics import StatisticsMetrics
from transport.topics import JobTopics

TOPICS = JobTopics("x")


def hosted() -> hosting.Hosted:
    metrics = StatisticsMetrics(CollectorRegistry())
    return hosting.Hosted("localhost:1,localhost:2", Login(), TOPICS, 1, 600, metrics)


def isolation_level() -> None:
    """AIOKafkaConsumer._isolation_level, read when the consumer starts"""
    start = inspect.getsource(aiokafka.AIOKafkaConsumer.start)
    assert "isolation_level=self._isolation_level" in start


def worker_consumer() -> None:
    """AIOKafkaConsumerThread._create_worker_consumer, which makes the consumer that reads"""
    thread = hosted().consumer._thread
    assert type(thread) is hosting._CommittedThread
    made = thread._create_consumer(asyncio.get_running_loop())
    assert made._isolation_level == "read_committed"
    made._closed = True  # it was never started; or it would complain that it was not closed


def consumer_thread() -> None:
    """Consumer._new_consumer_thread, called when a consumer is made"""
    made = inspect.getsource(base.ThreadDelegateConsumer.__init__)
    assert "self._new_consumer_thread()" in made


def consumer_class() -> None:
    """Transport.Consumer, the class of app.consumer"""
    assert type(hosted().consumer) is hosting._Consumer


def order_of_recovery() -> None:
    """Recovery._resume_streams: partitions resumed, sought, queues emptied, then all flows"""
    text = inspect.getsource(Recovery._resume_streams)
    assert text.index("resume_partitions(") < text.index("consumer.perform_seek()")
    # What was fetched before is thrown away: records must not flow until then.
    assert text.index("perform_seek()") < text.index("flow_control.resume()")
    assert text.index("flow_control.resume()") < text.index("consumer.resume_flow()")
    assert "await self.seek_to_committed()" in inspect.getsource(base.Consumer.perform_seek)


def held_back() -> None:
    """Consumer._paused_partitions: what is held back is not fetched"""
    consumer = hosted().consumer
    predictions, changelog = TP(TOPICS.predictions, 0), TP(hosting.changelog_of(TOPICS), 0)
    consumer.pause_partitions([predictions, changelog])
    consumer.resume_partitions([predictions, changelog])
    assert consumer._paused_partitions == {predictions}
    assert consumer._get_active_partitions() == {changelog}
    fetched = inspect.getsource(base.Consumer._wait_next_records)
    assert "self._get_active_partitions()" in fetched


def generations() -> None:
    """Message.generation_id: what was fetched before a rebalance is dropped behind it"""
    assert "generation_id" in inspect.getsource(base.Consumer.getmany)


def directories() -> None:
    """App._create_directories, the only thing that writes to the disk"""
    assert "self._create_directories()" in inspect.getsource(faust.App.on_first_start)


def changelog_name() -> None:
    """Table._changelog_topic_name, the name of the topic that we create"""
    named = hosted()._state.changelog_topic.get_topic_name()
    assert named == hosting.changelog_of(TOPICS)


def settings() -> None:
    """The settings that are given, each under Faust's own name"""
    conf = hosted().conf
    assert conf.broker_session_timeout == 10
    assert conf.broker_heartbeat_interval == 2
    assert conf.broker_rebalance_timeout == 15
    assert conf.table_standby_replicas == 0
    assert conf.stream_buffer_maxsize == 256
    assert conf.topic_disable_leader
    assert not conf.topic_allow_declare
    assert not conf.web_enabled
    assert conf.agent_supervisor.__name__ == "CrashingSupervisor"
    assert conf.consumer_group_instance_id == "vigie.x.statistics-0"
    assert conf.processing_guarantee.name == "AT_LEAST_ONCE"
    assert list(map(str, conf.broker)) == ["kafka://localhost:1", "kafka://localhost:2"]


GUARDS: tuple[Callable[[], None], ...] = (
    *(isolation_level, worker_consumer, consumer_thread, consumer_class, order_of_recovery),
    *(held_back, generations, directories, changelog_name, settings),
)


async def main() -> None:
    for guard in GUARDS:
        try:
            guard()
        # Whatever is wrong is told, and the next is looked at too.
        except Exception as error:  # noqa: BLE001
            sys.stdout.write(f"{guard.__doc__}: {error!r}\n")


if __name__ == "__main__":
    asyncio.run(main())
