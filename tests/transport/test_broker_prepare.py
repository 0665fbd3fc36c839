"""The promise about the prepared start image: made once, then used."""

from pathlib import Path

import pytest

from tests.transport.broker_kit import require_jars, stopped_at_the_end
from transport.broker import BrokerSettings, EmbeddedBroker
from transport.broker.aot import aot_file, aot_flags
from transport.broker.prepare import prepare


@pytest.fixture
def settings(tmp_path: Path) -> BrokerSettings:
    """Jars in a folder of the test's own, so that the image is its own too."""
    folder = tmp_path / "jars"
    folder.mkdir()
    for jar in require_jars():
        (folder / jar.name).hardlink_to(jar)
    return BrokerSettings(jar_folder=folder)


def test_an_image_that_is_there_is_not_made_again(settings: BrokerSettings) -> None:
    image = aot_file(settings, _jars(settings))
    image.parent.mkdir()
    image.write_bytes(b"made before")

    assert (prepare(settings), image.read_bytes()) == (image, b"made before")


def test_without_an_image_java_is_not_told_of_one(settings: BrokerSettings) -> None:
    assert aot_flags(settings, _jars(settings)) == ()


def test_a_jar_of_another_time_needs_another_image(settings: BrokerSettings) -> None:
    jars = _jars(settings)
    before = aot_file(settings, jars)
    content = jars[0].read_bytes()
    jars[0].unlink()
    jars[0].write_bytes(content)

    assert aot_file(settings, jars) != before


@pytest.mark.kafka
@pytest.mark.prove
def test_a_start_with_a_fresh_image_is_faster_and_says_nothing_of_it(
    settings: BrokerSettings, tmp_path: Path
) -> None:
    with stopped_at_the_end(EmbeddedBroker(tmp_path / "home", settings)) as broker:
        broker.start()
        broker.stop()
        without = broker.start().ready_s
        broker.stop()

        prepare(settings)

        assert broker.start().ready_s < without


def _jars(settings: BrokerSettings) -> tuple[Path, ...]:
    assert settings.jar_folder
    return tuple(settings.jar_folder / jar.name for jar in require_jars())
