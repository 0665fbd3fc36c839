"""Everything that can be set, in one value: options over environment over file over defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from consumers.inference.settings import InferenceSettings
from consumers.statistics.settings import StatisticsSettings
from dashboard.settings import DashboardSettings
from producers.settings import ProducerSettings
from schemas.errors import ConfigurationError, UsageError
from storage.database.settings import DatabaseSettings
from storage.settings import StorageSettings
from transport.health.settings import MetricsSettings
from transport.settings import KafkaSettings

PREFIX = "VIGIE_"
FILE_NAME = "vigie.toml"


def default_home() -> Path:
    """The platform's user data folder for Vigie."""
    return user_data_path("vigie")


class Settings(BaseSettings):
    """All settings of the project. Each package keeps its own section."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = Field(
        default_factory=default_home,
        description="The one folder of all that is kept.",
        json_schema_extra={"default_text": "the platform's user data folder"},
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    producers: ProducerSettings = Field(default_factory=ProducerSettings)
    inference: InferenceSettings = Field(default_factory=InferenceSettings)
    statistics: StatisticsSettings = Field(default_factory=StatisticsSettings)
    dashboard: DashboardSettings = Field(default_factory=DashboardSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)

    @property
    def images(self) -> Path | str:
        """Folder of the image store, or its URL."""
        return self.storage.images or self.home / "images"

    @property
    def cameras(self) -> Path:
        """Folder of the camera folders."""
        return self.home / "cameras"

    @property
    def logs(self) -> Path:
        """Folder of the log files."""
        return self.home / "logs"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a second file would be one too many
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the settings table."""

    environment: str
    default: str
    description: str


def load_settings(
    *, home: Path | None = None, config: Path | None = None, options: Sequence[str] = ()
) -> Settings:
    """The settings of this process.

    Args:
        home: overrides ``VIGIE_HOME``.
        config: the TOML file; by default ``vigie.toml`` in the home folder, if it is there.
        options: ``section.name=value`` texts, which win over everything else.

    Raises:
        ConfigurationError: a value is wrong, a name is unknown or the file cannot be read.
        UsageError: an option is not ``name=value``.
    """
    values = _parse_options(options)
    if home is not None:
        values["home"] = str(home)
    _check_environment(os.environ)
    file = config or _home(values) / FILE_NAME
    if config and not config.is_file():
        raise ConfigurationError(f"There is no settings file {config}: check the path of --config.")
    try:
        return _bound_to(file)(**values)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error.errors()[0], file)) from error
    except SettingsError as error:
        raise ConfigurationError(
            f"A setting in the environment is not the JSON it must be: {error}."
        ) from error
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise ConfigurationError(f"The settings file {file} cannot be read: {error}.") from error


def settings_table() -> list[SettingRow]:
    """Every setting there is, in the order of the sections."""
    return [
        SettingRow(_environment_name(path), _default_text(field), field.description or "")
        for path, field in _leaves(Settings)
    ]


def markdown_table(rows: Sequence[SettingRow]) -> str:
    """The rows as a Markdown table."""
    lines = [f"| `{row.environment}` | `{row.default}` | {row.description} |" for row in rows]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *lines])


def _bound_to(file: Path) -> type[Settings]:
    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    return FromFile


def _home(values: Mapping[str, Any]) -> Path:
    named = values.get("home") or os.environ.get(f"{PREFIX}HOME")
    return Path(str(named)) if named else default_home()


def _parse_options(options: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for option in options:
        name, sign, value = option.partition("=")
        if not sign or not name:
            raise UsageError(
                f"--set {option!r} is not NAME=VALUE, such as kafka.topics.partitions=2."
            )
        *sections, last = name.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return values


def _check_environment(environment: Mapping[str, str]) -> None:
    """Refuse a misspelt variable, which would silently have no effect."""
    sections = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in environment:
        section = name.upper().partition("__")[0]
        if name.upper().startswith(PREFIX) and section not in sections:
            known = [row.environment for row in settings_table()]
            near = difflib.get_close_matches(name, known, 1)
            raise ConfigurationError(
                f"{name} in the environment is no setting"
                + (f"; did you mean {near[0]}?" if near else ": `vigie settings` lists them all.")
            )


def _sentence(error: Mapping[str, Any], file: Path) -> str:
    """Setting, value, limit and the way out."""
    path = tuple(str(part) for part in error["loc"])
    name = _environment_name(path)
    way_out = f"Set it in the environment, by --set {'.'.join(path)}=VALUE, or in {file}."
    if error["type"] == "extra_forbidden":
        return (
            f"{name} is no setting: `vigie settings` lists them all. Take it out of {file}, --set"
            " or the environment."
        )
    limit = error["msg"][:1].lower() + error["msg"][1:]
    described = {_environment_name(found): field.description for found, field in _leaves(Settings)}
    means = f" ({described[name]})" if described.get(name) else ""
    return f"{name} is {error['input']!r}, but {limit}{means}. {way_out}"


def _environment_name(path: Sequence[str]) -> str:
    return PREFIX + "__".join(path).upper()


def _leaves(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _leaves(section, (*path, name))
        else:
            yield (*path, name), field


def _default_text(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_text" in extra:
        return str(extra["default_text"])
    value = field.get_default(call_default_factory=True)
    if value is None or value in ({}, ()):
        return "unset"
    return str(value).lower() if isinstance(value, bool) else str(value)
