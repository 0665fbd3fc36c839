"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade() -> None:
    """Make the step. There is none back: a backup is."""
    ${upgrades if upgrades else "pass"}
