"""What can be set about the embedded broker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class BrokerSettings(BaseModel):
    """How the embedded broker runs and where its jars come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of the embedded broker on the loopback address;"
        " 0 keeps the one of the last start, or takes a free one.",
    )
    heap: str = Field(
        default="384m",
        pattern=r"^[1-9][0-9]*[mg]$",
        description="Largest Java heap of the embedded broker, such as 384m or 1g.",
    )
    start_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds the embedded broker may take until it answers.",
    )
    jar_repository: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of a Maven repository to fetch the broker's jars from,"
        " instead of the public one.",
    )
    jar_folder: Path | None = Field(
        default=None,
        description="Folder that keeps the broker's jars, instead of the user's cache folder.",
    )
