"""The compose files are accepted, and say what the embedded broker says. No engine is run."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.requirements import require_program
from transport.broker.configuration import server_properties
from transport.broker.jars import kafka_version, locked_jars
from vigie.settings import settings_table

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
CLUSTER_TEXT = (ROOT / "docker-compose.cluster.yml").read_text(encoding="utf-8")
CLUSTER: dict[str, dict[str, Any]] = yaml.safe_load(CLUSTER_TEXT)["services"]
TEXTS = {"docker-compose.yml": TEXT, "docker-compose.cluster.yml": CLUSTER_TEXT}
SECRETS = ["CAMERAS", "DATABASE_PASSWORD", "STORE_KEY", "STORE_SECRET"]
GIVEN = dict.fromkeys(SECRETS, "/given")

WORKER = ["infer", "driver"]

# Names and places differ in a container.
OWN = {
    "advertised.listeners",
    "controller.quorum.bootstrap.servers",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
}


def compose(file: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = require_program("docker-compose", "apt-get install docker-compose")
    return subprocess.run(
        [program, "-f", file, "config", "-q"],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if name not in SECRETS} | given,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("file", TEXTS)
def test_docker_compose_accepts_the_file(file: str) -> None:
    finished = compose(file, GIVEN)

    assert finished.returncode == 0, finished.stderr


def test_the_cluster_does_not_start_without_what_only_its_owner_knows() -> None:
    asked = re.findall(r"\$\{(\w+)(:\?put (\w+))?", CLUSTER_TEXT)
    finished = compose("docker-compose.cluster.yml", {})

    assert {(name, said) for name, _, said in asked} == {(name, name) for name in SECRETS}
    assert finished.returncode != 0
    assert "into your environment file" in finished.stderr


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_image_is_the_same_kafka(text: str) -> None:
    assert f"image: apache/kafka:{kafka_version(locked_jars())}\n" in text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_images_of_others_are_named_by_their_version(text: str) -> None:
    images = re.findall(r"^ +image: (\S+)$", text, re.MULTILINE)

    assert all(re.search(r":v?\d+\.\d+", image) for image in images if image != "vigie")


def test_the_container_is_configured_as_the_embedded_broker() -> None:
    wanted = dict(line.split("=", 1) for line in server_properties(1, 2).splitlines())
    set_there = dict(re.findall(r'^ +(KAFKA_\w+): "?([^"\n]+)"?$', TEXT, re.MULTILINE))

    found = {
        name: set_there.get("KAFKA_" + name.upper().replace(".", "_"))
        for name in wanted.keys() - OWN
    }

    assert found == {name: wanted[name] for name in found}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_port_is_published_on_the_loopback_address_only(text: str) -> None:
    services = yaml.safe_load(text)["services"].values()
    published = [port for service in services for port in service.get("ports", [])]

    assert published
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published)


def test_every_mounted_file_is_in_the_project() -> None:
    mounted = re.findall(r"^ +- (\./[^:]+):", TEXT, re.MULTILINE)

    assert len(mounted) == 2
    assert all((ROOT / path).exists() for path in mounted)


def test_three_brokers_of_one_cluster_keep_everything_twice_at_least() -> None:
    brokers = [CLUSTER[f"kafka-{number}"]["environment"] for number in (1, 2, 3)]
    voters = "1@kafka-1:29093,2@kafka-2:29093,3@kafka-3:29093"

    assert [one["KAFKA_NODE_ID"] for one in brokers] == [1, 2, 3]
    for number, broker in enumerate(brokers, start=1):
        assert f"PLAINTEXT://kafka-{number}:19092," in broker["KAFKA_ADVERTISED_LISTENERS"]
        assert broker["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        factors = {value for name, value in broker.items() if "REPLICATION_FACTOR" in name}
        least = {
            value for name, value in broker.items() if name.endswith(("_ISR", "INSYNC_REPLICAS"))
        }
        assert (factors, least) == ({3}, {2})


def test_every_worker_has_a_slot_of_its_own_and_there_are_partitions_for_all() -> None:
    workers = [one["environment"] for one in CLUSTER.values() if one.get("command") == WORKER]
    slots = [one["VIGIE_INFERENCE__SLOT"] for one in workers]

    assert len(workers) > 1
    assert len(set(slots)) == len(slots)
    assert all(one["VIGIE_KAFKA__TOPICS__PARTITIONS"] % len(workers) == 0 for one in workers)


def test_all_of_vigie_has_the_same_kafka_topics_and_images() -> None:
    ours = [one["environment"] for one in CLUSTER.values() if one["image"] == "vigie"]
    shared = ("VIGIE_KAFKA__", "VIGIE_STORAGE__", "AWS_")
    chosen = [
        {name: value for name, value in one.items() if name.startswith(shared)} for one in ours
    ]

    assert all(one == chosen[0] for one in chosen)
    assert chosen[0]["VIGIE_KAFKA__TOPICS__REPLICATION"] == len(
        [name for name in CLUSTER if name.startswith("kafka-")]
    )


def test_every_setting_in_the_cluster_is_one_that_there_is() -> None:
    known = {row.environment for row in settings_table()}
    ours = [one["environment"] for one in CLUSTER.values() if one["image"] == "vigie"]

    assert {name for one in ours for name in one if name.startswith("VIGIE_")} <= known


def test_every_container_of_the_cluster_is_bounded_and_watched() -> None:
    wanted = {"mem_limit", "cpus", "healthcheck", "restart"}

    assert {name: wanted - one.keys() for name, one in CLUSTER.items() if wanted - one.keys()} == {}


def test_the_dockerfile_copies_every_package_and_what_it_copies_is_let_in() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8")

    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert copied >= packages
    assert copied == set(re.findall(r"^!(\S+)$", let_in, re.MULTILINE))
    assert all((ROOT / name).exists() for name in copied)
