"""What can be set about health and metrics."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MetricsSettings(BaseModel):
    """Where a process answers /healthz, /readyz and /metrics."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(
        default="127.0.0.1",
        description="Address that health and metrics are asked on. Nothing asks for a password.",
    )
    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of health and metrics; 0 takes any free one. `vigie up` gives it to the"
        " worker and the next ones to watcher, simulated cameras, statistics and archive; the page"
        " answers on its own port. Unset: only the page answers.",
    )
