"""What can end a producer, beside a wrong configuration."""

from __future__ import annotations

from schemas.errors import VigieError


class PublishError(VigieError):
    """An image could not be stored, or its reference was not taken by Kafka."""

    code = "publish_failed"


class CameraError(VigieError):
    """The camera, stream or video cannot be opened."""

    code = "camera_failed"
