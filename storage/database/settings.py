"""What can be set about the archive's database."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DatabaseSettings(BaseModel):
    """Which database, and how long events stay in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr | None = Field(
        default=None,
        description="The archive's database: postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE"
        " (needs the extra `postgres`) or sqlite:////FILE. Unset: archive.db under VIGIE_HOME.",
    )
    # Three times what the topics keep: a quarter can be looked over. Longer is a choice that
    # somebody has to make, since events are about people.
    keep_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="Days after which the archive deletes events and reviews; 0 keeps them."
        " Counts per hour stay.",
    )
