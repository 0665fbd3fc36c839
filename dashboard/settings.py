"""What can be set about the page."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DashboardSettings(BaseModel):
    """Where the page is served and how much it remembers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(
        default="127.0.0.1",
        description="Address the page listens on. Anything but loopback shows faces to a network.",
    )
    port: int = Field(
        default=8050, ge=0, le=65535, description="Port of the page; 0 takes any free one."
    )
    history: int = Field(
        default=20_000,
        ge=100,
        le=1_000_000,
        description="Newest events kept in memory for feed and statistics, about 4 kB each.",
    )
    stale_after_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds without a new event before the page says that none arrives.",
    )
    picture_cache_mib: int = Field(
        default=64,
        ge=1,
        description="Memory for pictures already made smaller, in MiB.",
    )
