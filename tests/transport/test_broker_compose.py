"""docker-compose.yml is accepted, and says what the embedded broker says. No engine is run."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.requirements import missing
from transport.broker.configuration import server_properties
from transport.broker.jars import kafka_version, locked_jars

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

# Names and places differ in a container.
OWN = {
    "advertised.listeners",
    "controller.quorum.bootstrap.servers",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
}


def test_docker_compose_accepts_the_file() -> None:
    program = shutil.which("docker-compose")
    if not program:
        missing("no docker-compose: install it, for example by `apt-get install docker-compose`")

    finished = subprocess.run(
        [program, "-f", "docker-compose.yml", "config", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr


def test_the_image_is_the_same_kafka() -> None:
    assert f"image: apache/kafka:{kafka_version(locked_jars())}\n" in TEXT


def test_the_container_is_configured_as_the_embedded_broker() -> None:
    wanted = dict(line.split("=", 1) for line in server_properties(1, 2).splitlines())
    set_there = dict(re.findall(r'^ +(KAFKA_\w+): "?([^"\n]+)"?$', TEXT, re.MULTILINE))

    found = {
        name: set_there.get("KAFKA_" + name.upper().replace(".", "_"))
        for name in wanted.keys() - OWN
    }

    assert found == {name: wanted[name] for name in found}


def test_every_port_is_published_on_the_loopback_address_only() -> None:
    published = re.findall(r'^ +- "([\d.:]+):\d+:\d+"$', TEXT, re.MULTILINE)

    assert published == ["127.0.0.1"] * TEXT.count("ports:")


def test_every_mounted_file_is_in_the_project() -> None:
    mounted = re.findall(r"^ +- (\./[^:]+):", TEXT, re.MULTILINE)

    assert len(mounted) == 2
    assert all((ROOT / path).exists() for path in mounted)
