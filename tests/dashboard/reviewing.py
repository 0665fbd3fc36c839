"""Parts for tests of reviews: what people say, made by hand and posted to a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from schemas.reviews import Review

SAID = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def review(
    review_id: str,
    action: str = "confirm",
    offsets: tuple[int, ...] = (0,),
    *,
    reviewer: str = "Ada",
    behaviour: str = "drink",
    corrected_to: str | None = None,
    note: str | None = None,
    undoes: str | None = None,
) -> Review:
    """What somebody says of images by their offsets."""
    return Review(
        review_id=review_id,
        job="driver",
        reviewed_at=SAID,
        reviewer=reviewer,
        action=action,
        source_partition=0,
        source_offsets=offsets,
        source="cabin-01",
        behaviour=behaviour,
        severity="infraction",
        model_version="driver-1",
        corrected_to=corrected_to,
        note=note,
        undoes=undoes,
    )


def post(link: str, **said: Any) -> tuple[int, dict[str, Any]]:
    """Say it to the page at this link, as the page itself would; gives status and answer."""
    body = {"reviewer": "Ada", **said}
    answer = httpx.post(f"{link}/api/reviews", json=body, headers={"Origin": link}, timeout=60)
    return answer.status_code, answer.json()


def get(link: str, path: str) -> dict[str, Any]:
    """What the page at this link answers."""
    found: dict[str, Any] = httpx.get(f"{link}{path}", timeout=60).json()
    return found
