"""What can be set about the ordered worker."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

STRETCH = 4
"""How many times longer a transaction may be open while images wait anyway, for half of that wait
at most. Each costs the broker 8 ms of processor time: four a second take 0.03 cores from judging.
"""


class InferenceSettings(BaseModel):
    """How the worker uses the machine, and when it stops by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        description="Model that judges: a version, as `vigie models` lists them, its first digits,"
        " or a folder. Unset: the one that ships.",
    )
    sure: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Share of the model's answers that shall be right; the surer, the more images"
        " are for a person to check. One of those that the model's card lists. Unset: the one that"
        " it was made for, 0.99 for the model that ships.",
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
        description="Or when it is this old, in milliseconds; at once when no image is in flight."
        " Up to four times as old while images wait for longer than that anyway.",
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

    def is_full(self, images: int, age_s: float, waited_s: float = 0.0) -> bool:
        """Whether a transaction of so many images, opened so long ago, has to end.

        Args:
            images: in it.
            age_s: since it was begun, in seconds.
            waited_s: how long its first image had waited by then, in seconds.
        """
        usual_s = self.transaction_ms / 1e3
        longest_s = min(max(usual_s, waited_s / 2), STRETCH * usual_s)
        return images >= self.transaction_images or age_s >= longest_s
