"""What can be set about the producers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

CameraCount = Annotated[int, Field(ge=1, le=16)]
"""Simulated cameras. A core draws some 15 images per second for all of them together."""

ImageRate = Annotated[float, Field(ge=0.01, le=30)]
"""Images per second and simulated camera. What a machine cannot draw is not drawn later."""


class ScriptSettings(BaseModel):
    """Sending files and folders by hand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(
        default="script",
        min_length=1,
        max_length=200,
        description="Source named in the references of images sent by hand.",
    )


class FolderSettings(BaseModel):
    """Watching a folder of camera folders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settle_s: float = Field(
        default=0.25,
        gt=0,
        le=60,
        description="Seconds that size and time of a file must stand still before it is taken,"
        " where the system cannot tell that its writer has closed it.",
    )
    rescan_s: float = Field(
        default=10.0,
        ge=0.1,
        description="Seconds between two full listings of the folder, which find what the"
        " system's notices missed.",
    )
    polling: bool = Field(
        default=False,
        description="List the folder instead of waiting for the system's notices: for network"
        " drives, whose changes the system does not tell.",
    )
    polling_s: float = Field(
        default=1.0, ge=0.1, description="Seconds between two listings when polling."
    )


class CameraSettings(BaseModel):
    """Taking images from a camera, a stream or a video file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float = Field(
        default=2.0, gt=0, le=60, description="Images taken per second of the camera's time."
    )
    jpeg_quality: int = Field(
        default=90, ge=1, le=100, description="JPEG quality of the images taken from a camera."
    )


class SimulatorSettings(BaseModel):
    """The simulated cabin cameras."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cameras: CameraCount = Field(default=2, description="Number of simulated cameras.")
    rate: ImageRate = Field(default=1.0, description="Images per second and simulated camera.")
    keep: int = Field(
        default=500,
        ge=1,
        description="Images left in each simulated camera's folder; the oldest are deleted.",
    )
    width: int = Field(
        default=640, ge=64, le=1920, description="Width of a simulated image, in pixels."
    )
    height: int = Field(
        default=480, ge=48, le=1080, description="Height of a simulated image, in pixels."
    )
    safe_share: float = Field(
        default=0.55, ge=0, le=1, description="Share of the time that a simulated driver is safe."
    )


class ProducerSettings(BaseModel):
    """What feeds images in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    script: ScriptSettings = Field(default_factory=ScriptSettings)
    folder: FolderSettings = Field(default_factory=FolderSettings)
    camera: CameraSettings = Field(default_factory=CameraSettings)
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings)
