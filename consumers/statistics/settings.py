"""What can be set about the statistics."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StatisticsSettings(BaseModel):
    """How predictions are counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # A worker answers in order: outcomes of one partition differ by seconds, around a transaction
    # that had to wait by 30. Only a clock that was set back, or another machine's, differs by more;
    # ten minutes forgive that, and cost ten more open windows of a minute per camera.
    grace_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        description="How long after its end a window of the statistics waits for events that are"
        " behind, in seconds of the events' own time. Changed, all is counted anew from the oldest"
        " prediction kept.",
    )
