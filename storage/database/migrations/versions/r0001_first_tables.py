"""Events and reviews, the positions they were read to, and counts per hour and day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the step. There is none back: a backup is."""
    _create_logs()
    _create_events()
    _create_window_counts()
    _create_reviews()


def _create_logs() -> None:
    op.create_table(
        "logs",
        sa.Column("log_key", _big_id(), primary_key=True),
        _text("job"),
        _text("topic"),
        _text("log_id"),
        sa.PrimaryKeyConstraint("log_key", name="pk_logs"),
        sa.UniqueConstraint("topic", "log_id", name="uq_logs_topic_log_id"),
    )
    op.create_table(
        "positions",
        sa.Column("log_key", _big_id(), nullable=False),
        _number("topic_partition"),
        _number("next_offset"),
        sa.ForeignKeyConstraint(["log_key"], ["logs.log_key"], name="fk_positions_logs"),
        sa.PrimaryKeyConstraint("log_key", "topic_partition", name="pk_positions"),
    )


def _create_events() -> None:
    place = ["log_key", "topic_partition", "topic_offset"]
    op.create_table(
        "events",
        sa.Column("event_key", _big_id(), primary_key=True),
        sa.Column("log_key", _big_id(), nullable=False),
        _number("topic_partition"),
        _number("topic_offset"),
        _text("job"),
        sa.Column("source_partition", sa.BigInteger()),
        sa.Column("source_offset", sa.BigInteger()),
        sa.Column("reference_id", sa.Text()),
        _text("source"),
        sa.Column("subject", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("image_sha256", sa.Text()),
        sa.Column("captured_at", _moment()),
        sa.Column("published_at", _moment()),
        sa.Column("finished_at", _moment(), nullable=False),
        _text("severity"),
        sa.Column("behaviour", sa.Text()),
        sa.Column("confidence", sa.Double()),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("novelty", sa.Double()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        _text("model_version"),
        sa.Column("latency_ms", sa.Double()),
        sa.ForeignKeyConstraint(["log_key"], ["logs.log_key"], name="fk_events_logs"),
        sa.PrimaryKeyConstraint("event_key", name="pk_events"),
        sa.UniqueConstraint(*place, name="uq_events_log_key_topic_partition_topic_offset"),
    )
    kinds: tuple[list[str], ...]
    kinds = [], ["severity"], ["behaviour"], ["source"], ["source", "behaviour"], ["reason"]
    for first in kinds:
        partial = "reason IS NOT NULL" if first == ["reason"] else None
        _index("events", ["job", *first, "finished_at", "event_key"], partial)
    _index("events", ["job", "source_partition", "source_offset"])
    _index("events", ["job", "subject"], "subject IS NOT NULL")


def _create_window_counts() -> None:
    texts = ["source", "severity", "behaviour", "reason", "model_version"]
    op.create_table(
        "window_counts",
        _text("job"),
        _number("size_s"),
        sa.Column("start", _moment(), nullable=False),
        *map(_text, texts),
        _number("events"),
        sa.PrimaryKeyConstraint("job", "size_s", "start", *texts, name="pk_window_counts"),
        sqlite_with_rowid=False,
    )


def _create_reviews() -> None:
    place = ["log_key", "topic_partition", "topic_offset"]
    op.create_table(
        "reviews",
        sa.Column("log_key", _big_id(), nullable=False),
        _number("topic_partition"),
        _number("topic_offset"),
        _text("job"),
        _text("review_id"),
        sa.Column("reviewed_at", _moment(), nullable=False),
        *map(_text, ("reviewer", "action", "source", "behaviour", "severity", "model_version")),
        sa.Column("corrected_to", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("undoes", sa.Text()),
        sa.ForeignKeyConstraint(["log_key"], ["logs.log_key"], name="fk_reviews_logs"),
        sa.PrimaryKeyConstraint(*place, name="pk_reviews"),
    )
    _index("reviews", ["job", "review_id"])
    _index("reviews", ["job", "reviewed_at"])
    op.create_table(
        "reviewed_events",
        _number("source_partition"),
        _number("source_offset"),
        *map(_number, place),
        sa.ForeignKeyConstraint(
            place,
            [f"reviews.{name}" for name in place],
            name="fk_reviewed_events_reviews",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            *("source_partition", "source_offset"), *place, name="pk_reviewed_events"
        ),
        sqlite_with_rowid=False,
    )
    _index("reviewed_events", place)


def _index(table: str, columns: list[str], partial: str | None = None) -> None:
    where = sa.text(partial) if partial else None
    name = "_".join(["ix", table, *columns])
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
