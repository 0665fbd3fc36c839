"""Options win over the environment, that over the file; every error is one sentence."""

import re
from pathlib import Path

import pytest

from schemas.errors import EXIT_CONFIGURATION, ConfigurationError, UsageError
from vigie.settings import Settings, default_home, load_settings, markdown_table, settings_table


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    import os

    for name in [name for name in os.environ if name.startswith("VIGIE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path))


def port(**given) -> int:
    return load_settings(**given).dashboard.port


def test_home_is_the_platforms_data_folder_unless_set(monkeypatch):
    monkeypatch.delenv("VIGIE_HOME")

    assert load_settings().home == default_home()


def test_everything_that_is_kept_lies_under_home(tmp_path):
    settings = load_settings()

    assert {settings.images.parent, settings.cameras.parent, settings.logs.parent} == {tmp_path}


@pytest.mark.parametrize("place", ["s3://images/driver", "/srv/images"])
def test_the_image_store_is_a_folder_or_a_url_just_as_it_is_written(place, monkeypatch):
    monkeypatch.setenv("VIGIE_STORAGE__IMAGES", place)

    assert str(load_settings().images) == place


def test_file_wins_over_default(tmp_path):
    (tmp_path / "vigie.toml").write_text("[dashboard]\nport = 8101\n")

    assert port() == 8101


def test_environment_wins_over_file(tmp_path, monkeypatch):
    (tmp_path / "vigie.toml").write_text("[dashboard]\nport = 8101\nhistory = 500\n")
    monkeypatch.setenv("VIGIE_DASHBOARD__PORT", "8102")

    assert (port(), load_settings().dashboard.history) == (8102, 500)


def test_option_wins_over_environment(monkeypatch):
    monkeypatch.setenv("VIGIE_DASHBOARD__PORT", "8102")

    assert port(options=["dashboard.port=8103"]) == 8103


def test_a_named_file_is_read_instead_of_the_one_in_home(tmp_path):
    (tmp_path / "vigie.toml").write_text("[dashboard]\nport = 8101\n")
    other = tmp_path / "other.toml"
    other.write_text("[dashboard]\nport = 8104\n")

    assert port(config=other) == 8104


def test_librdkafka_properties_pass_through(monkeypatch):
    monkeypatch.setenv("VIGIE_KAFKA__CLIENT", '{"security.protocol": "SSL"}')

    assert load_settings().kafka.client == {"security.protocol": "SSL"}


def test_a_wrong_value_is_one_sentence_with_setting_value_limit_and_way_out(monkeypatch):
    monkeypatch.setenv("VIGIE_KAFKA__TOPICS__PARTITIONS", "0")

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    sentence = str(caught.value)
    assert caught.value.exit_code == EXIT_CONFIGURATION
    assert "\n" not in sentence
    for part in ("VIGIE_KAFKA__TOPICS__PARTITIONS", "'0'", "greater than or equal to 1", "--set"):
        assert part in sentence


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("environment", "did you mean VIGIE_DASHBOARD__PORT"),
        ("file", "VIGIE_DASHBORD is no setting"),
        ("option", "VIGIE_DASHBOARD__PROT is no setting"),
    ],
)
def test_a_misspelt_setting_is_refused(place, wanted, tmp_path, monkeypatch):
    options = []
    if place == "environment":
        monkeypatch.setenv("VIGIE_DASHBORD__PORT", "1")
    elif place == "file":
        (tmp_path / "vigie.toml").write_text("[dashbord]\nport = 1\n")
    else:
        options = ["dashboard.prot=1"]

    with pytest.raises(ConfigurationError, match=re.escape(wanted)):
        load_settings(options=options)


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "vigie.toml").write_text("[dashboard\n")

    with pytest.raises(ConfigurationError, match=r"vigie\.toml cannot be read"):
        load_settings()


def test_a_named_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        load_settings(config=tmp_path / "nowhere.toml")


def test_an_option_without_a_value_is_a_usage_error():
    with pytest.raises(UsageError, match="NAME=VALUE"):
        load_settings(options=["dashboard.port"])


def test_broken_json_in_the_environment_is_a_sentence(monkeypatch):
    monkeypatch.setenv("VIGIE_KAFKA__CLIENT", "{")

    with pytest.raises(ConfigurationError):
        load_settings()


def test_every_setting_has_one_described_row():
    rows = settings_table()
    names = [row.environment for row in rows]

    assert len(names) == len(set(names)) > 30
    assert [row for row in rows if not row.description.endswith((".", "one."))] == []


def test_the_table_names_no_path_of_this_machine():
    assert str(Path.home()) not in markdown_table(settings_table())


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().home = Path("/")  # type: ignore[misc]


def test_each_package_has_its_section():
    assert set(Settings.model_fields) == {
        *("home", "kafka", "storage", "database", "producers", "inference"),
        *("statistics", "dashboard", "metrics"),
    }
