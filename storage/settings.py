"""What can be set about the image store."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StorageSettings(BaseModel):
    """Where images are kept, and how large one may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Text, because a path makes one slash of two.
    images: str | None = Field(
        default=None,
        description="Folder of the image store, or its URL: s3://BUCKET/PREFIX (also gs, az; needs"
        " the extra `objects`). Unset: images/ under VIGIE_HOME.",
    )
    max_image_bytes: int = Field(
        default=20_000_000,
        ge=1024,
        description="Largest image file taken, in bytes. Ten times a 12-megapixel photograph.",
    )
