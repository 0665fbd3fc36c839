"""The tables. A change here needs a migration beside it: a test compares the two."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.database.types import BigId, UtcDateTime


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        # Without names of their own, constraints could not be changed by a later migration.
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text(), int: BigInteger(), datetime: UtcDateTime()}


class Log(Base):
    """A topic as it was created: deleted and made anew, it is another log with the same name."""

    __tablename__ = "logs"
    __table_args__ = (UniqueConstraint("topic", "log_id"),)

    log_key: Mapped[int] = mapped_column(BigId, primary_key=True)
    job: Mapped[str]
    topic: Mapped[str]
    log_id: Mapped[str]


class Position(Base):
    """The first offset of a partition that is not archived. Written with the rows before it."""

    __tablename__ = "positions"

    log_key: Mapped[int] = mapped_column(ForeignKey("logs.log_key"), primary_key=True)
    topic_partition: Mapped[int] = mapped_column(primary_key=True)
    next_offset: Mapped[int]


class Event(Base):
    """One prediction. The heat grids and probabilities stay in the topic: a kilobyte each.

    A message that could not be read is one too, with the reason ``event_unreadable`` and nothing
    of what it would have told.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("log_key", "topic_partition", "topic_offset"),
        # Newest first, of all or of one kind. The id tells events of one moment apart.
        Index(None, "job", "finished_at", "event_key"),
        Index(None, "job", "severity", "finished_at", "event_key"),
        Index(None, "job", "behaviour", "finished_at", "event_key"),
        Index(None, "job", "source", "finished_at", "event_key"),
        # What people ask for together.
        Index(None, "job", "source", "behaviour", "finished_at", "event_key"),
        Index(
            None,
            *("job", "reason", "finished_at", "event_key"),
            sqlite_where=text("reason IS NOT NULL"),
            postgresql_where=text("reason IS NOT NULL"),
        ),
        # A review names its predictions by the place of their image references.
        Index(None, "job", "source_partition", "source_offset"),
        Index(
            None,
            *("job", "subject"),
            sqlite_where=text("subject IS NOT NULL"),
            postgresql_where=text("subject IS NOT NULL"),
        ),
    )

    event_key: Mapped[int] = mapped_column(BigId, primary_key=True)
    log_key: Mapped[int] = mapped_column(ForeignKey("logs.log_key"))
    topic_partition: Mapped[int]
    topic_offset: Mapped[int]
    job: Mapped[str]
    source_partition: Mapped[int | None]
    source_offset: Mapped[int | None]
    reference_id: Mapped[str | None]
    source: Mapped[str]
    subject: Mapped[str | None]
    name: Mapped[str | None]
    image_sha256: Mapped[str | None]
    captured_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    finished_at: Mapped[datetime]
    severity: Mapped[str]
    behaviour: Mapped[str | None]
    confidence: Mapped[float | None]
    abstained: Mapped[bool]
    novelty: Mapped[float | None]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    model_version: Mapped[str]
    latency_ms: Mapped[float | None]


class WindowCount(Base):
    """How many events of one hour, or of one day, are alike. What an event has not is empty here.

    Days make long periods quick: a month has 30 of them, and 720 hours.
    """

    __tablename__ = "window_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    job: Mapped[str] = mapped_column(primary_key=True)
    size_s: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(primary_key=True)
    behaviour: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    model_version: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[int]


class ReviewRow(Base):
    """What a person did; which predictions it was about stands in ``reviewed_events``."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index(None, "job", "reviewed_at"),
        Index(None, "job", "review_id"),
    )

    log_key: Mapped[int] = mapped_column(ForeignKey("logs.log_key"), primary_key=True)
    topic_partition: Mapped[int] = mapped_column(primary_key=True)
    topic_offset: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str]
    review_id: Mapped[str]
    reviewed_at: Mapped[datetime]
    reviewer: Mapped[str]
    action: Mapped[str]
    source: Mapped[str]
    behaviour: Mapped[str]
    severity: Mapped[str]
    model_version: Mapped[str]
    corrected_to: Mapped[str | None]
    note: Mapped[str | None]
    undoes: Mapped[str | None]


class ReviewedEvent(Base):
    """One prediction that a review was about, by the place of its image reference."""

    __tablename__ = "reviewed_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["log_key", "topic_partition", "topic_offset"],
            ["reviews.log_key", "reviews.topic_partition", "reviews.topic_offset"],
            ondelete="CASCADE",
        ),
        Index(None, "log_key", "topic_partition", "topic_offset"),
        {"sqlite_with_rowid": False},
    )

    source_partition: Mapped[int] = mapped_column(primary_key=True)
    source_offset: Mapped[int] = mapped_column(primary_key=True)
    log_key: Mapped[int] = mapped_column(primary_key=True)
    topic_partition: Mapped[int] = mapped_column(primary_key=True)
    topic_offset: Mapped[int] = mapped_column(primary_key=True)
