"""What is done once, while installing: fetch the jars and make Java's prepared start image."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from transport.broker.aot import aot_file
from transport.broker.embedded import EmbeddedBroker
from transport.broker.errors import FolderError
from transport.broker.jars import Fetch, Progress, ensure_jars, maven_fetch
from transport.broker.layout import jar_folder
from transport.broker.log import last_words
from transport.broker.settings import BrokerSettings

log = logging.getLogger(__name__)

ASSEMBLY_GRACE_S = 120.0  # Java writes the image while it stops: 9 s on two cores
ANSWER_S = 10.0  # for each step of the rehearsal; the slowest took 1.1 s


def prepare(
    settings: BrokerSettings, *, fetch: Fetch | None = None, progress: Progress | None = None
) -> Path | None:
    """Make the jars and the start image be there; return the image's path. Again: instant.

    Where Java makes no image (None) the broker works too, and starts in twice the time.

    Raises:
        JarError: a jar cannot be had.
        FolderError: a cache folder cannot be written.
        BrokerStartError: the rehearsed broker did not start.
    """
    fetch = fetch or maven_fetch(settings.jar_repository)
    image = aot_file(settings, ensure_jars(jar_folder(settings), fetch, progress))
    if not image.exists():
        try:
            _make_image(settings, fetch, image)
        except OSError as error:
            raise FolderError(
                f"The broker's start image cannot be kept in {image.parent}:"
                f" {error.strerror or error}. Free some space, or set another folder by"
                " VIGIE_KAFKA__BROKER__JAR_FOLDER."
            ) from error
    return image if image.exists() else None


def _make_image(settings: BrokerSettings, fetch: Fetch, image: Path) -> None:
    image.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=".rehearsal-") as scratch:
        fresh = Path(scratch) / image.name
        broker = EmbeddedBroker(
            Path(scratch),
            settings.model_copy(update={"port": 0}),
            fetch=fetch,
            java_flags=(f"-XX:AOTCacheOutput={fresh}",),
            stop_grace_s=ASSEMBLY_GRACE_S,
        )
        try:
            _rehearse(broker.start().bootstrap_servers)
        except KafkaException as error:  # the image then knows less, which costs some speed
            log.warning("the rehearsal ended early: %s", error)
        finally:
            broker.stop()
        if not fresh.exists():
            log.warning("no start image: %s", last_words(broker.layout.console_file))
            return
        for stale in image.parent.glob("kafka-*.aot"):
            stale.unlink()
        fresh.replace(image)


def _rehearse(bootstrap_servers: str) -> None:
    """Do once what every client of ours does, so that its classes are in the image too."""
    address: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap_servers,
        "log_level": 0,
    }
    topic = "rehearsal"
    admin = AdminClient(address)
    admin.create_topics([NewTopic(topic, 1)])[topic].result(ANSWER_S)
    producer = Producer({**address, "transactional.id": topic})
    producer.init_transactions(ANSWER_S)
    producer.begin_transaction()
    producer.produce(topic, b"record")
    producer.commit_transaction(ANSWER_S)
    consumer = Consumer({**address, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    consumer.poll(ANSWER_S)
    consumer.close()
