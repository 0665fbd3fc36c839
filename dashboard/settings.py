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
        default=250_000,
        ge=100,
        le=5_000_000,
        description="Newest events that the feed reaches back to, about 350 bytes each.",
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
    event_cache_mib: int = Field(
        default=32,
        ge=1,
        description="Memory for the newest events in full, in MiB; older ones are read again.",
    )
