"""What can end a producer, beside a wrong configuration."""

from __future__ import annotations

from schemas.errors import VigieError


class PublishError(VigieError):
    """An image could not be stored, or its reference was not taken by Kafka."""

    code = "publish_failed"


class StoreError(PublishError):
    """The image store takes no image now. Nothing of this one was published: it may be tried again.

    Attributes:
        is_full: whether there is no room, rather than no right to write.
    """

    code = "store_failed"

    def __init__(self, message: str, *, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full


class CameraError(VigieError):
    """The camera, stream or video cannot be opened."""

    code = "camera_failed"
