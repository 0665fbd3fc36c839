"""What can be set about the ordered worker."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class InferenceSettings(BaseModel):
    """How the worker uses the machine, and when it stops by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        description="Model that judges: a version, as `vigie models` lists them, its first digits,"
        " or a folder. Unset: the one that ships.",
    )
    slot: int = Field(
        default=0,
        ge=0,
        description="Number of this worker among those of its job. It names the group's static"
        " member, so that a restarted worker is back at once; two workers never share one.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Images judged at the same time. Unset: one per processor core.",
    )
    # Larger gains nothing (48 keeps two threads busy over a commit); it bounds the memory.
    window: int = Field(
        default=48, ge=1, description="Images in flight: read, and not yet in a transaction."
    )
    # Measured: 512 or 250 ms kept the bare loop's speed; 64 or 100 ms cost a tenth of it.
    transaction_images: int = Field(
        default=512, ge=1, description="A transaction ends at this many images."
    )
    transaction_ms: int = Field(
        default=250,
        ge=1,
        description="Or when it is this old, in milliseconds; at once when no image is in flight.",
    )
    storm_window: int = Field(
        default=500, ge=1, description="How many of the last outcomes the poison gate looks at."
    )
    storm_share: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of failures among them above which the worker stops (exit code 5)"
        " instead of draining the topic into the dead letters.",
    )
    max_reference_bytes: int = Field(
        default=65_536,
        ge=1024,
        description="Largest image reference read, in bytes. A real one has about 400.",
    )

    def is_full(self, images: int, age_s: float) -> bool:
        """Whether a transaction of so many images, opened so long ago, has to end."""
        return images >= self.transaction_images or age_s * 1e3 >= self.transaction_ms
