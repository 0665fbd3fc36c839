"""Where the body is: joints, hands and head for each behaviour, from a `Scene` and no drawing.

Coordinates are those of the 640 x 480 base frame; z, in the same unit, points at the camera. The
driver faces right, so the right arm is the near one and the left arm is beyond the body.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from producers.cabin.scene import Behaviour, Cabin, Posture, Scene

Point = tuple[float, float]
Vec3 = tuple[float, float, float]

# Arms as measured on photographs taken from the passenger's side: the near one looks longer.
NEAR_BONES = (216.0, 192.0)
FAR_BONES = (130.0, 118.0)
NEAR_HAND = 62.0
FAR_HAND = 48.0
HEAD_HEIGHT = 128.0

_STRAIGHT = 0.985  # the share of its length that an arm may span: an elbow never locks
_STRETCH = 1.15  # a short driver sits closer; in the picture that is an arm this much longer


class Grip(Enum):
    """How the fingers are."""

    WHEEL = "wheel"
    """Closed around the rim."""
    HOLD = "hold"
    """Closed around a phone, a cup, a brush."""
    TOUCH = "touch"
    """Stretched, the index finger ahead."""
    REST = "rest"
    """Open and loose."""


class Held(Enum):
    """What is in a hand."""

    NOTHING = "nothing"
    PHONE = "phone"
    CUP = "cup"
    BOTTLE = "bottle"
    BRUSH = "brush"
    LIPSTICK = "lipstick"


@dataclass(frozen=True)
class Arm:
    """Joints of one arm, the heading of the hand (radians, clockwise from right) and its load."""

    shoulder: Vec3
    elbow: Vec3
    wrist: Vec3
    palm: Vec3
    heading: float
    grip: Grip
    held: Held
    hand: float
    """Length of the hand in base pixels."""


@dataclass(frozen=True)
class Head:
    """Centre of the skull, yaw (0 faces the camera, 90 the road), tilt (degrees, + looks down)."""

    center: Point
    height: float
    yaw: float
    tilt: float

    def place(self, x: float, y: float) -> Point:
        """Turn head coordinates (1 = chin to crown, profile) into base coordinates."""
        turn = math.radians(self.tilt)
        cos, sin = math.cos(turn) * self.height, math.sin(turn) * self.height
        return (self.center[0] + x * cos - y * sin, self.center[1] + x * sin + y * cos)

    @property
    def mouth(self) -> Point:
        """The middle of the lips."""
        return self.place(0.40 * math.sin(math.radians(self.yaw)), 0.31)

    @property
    def ear(self) -> Point:
        """The right ear, the one that the camera sees."""
        return self.place(0.37 * math.sin(math.radians(self.yaw - 97)), 0.06)


@dataclass(frozen=True)
class Pose:
    """Everything that the drawing of the driver needs to know about the body."""

    head: Head
    neck: Point
    near: Arm
    far: Arm
    hips: tuple[Point, Point]
    knees: tuple[Point, Point]
    girth: float


@dataclass(frozen=True)
class Reach:
    """A wish for one hand: palm, heading in degrees, and the way that the elbow should point."""

    palm: Vec3
    heading: float
    pole: Vec3
    grip: Grip = Grip.WHEEL
    held: Held = Held.NOTHING


def bend(shoulder: Vec3, wrist: Vec3, bones: tuple[float, float], pole: Vec3) -> tuple[Vec3, Vec3]:
    """Two-bone inverse kinematics: the elbow, and the wrist pulled in to what the arm can reach.

    The elbow is the point of the circle, on which both bone lengths hold, that lies furthest
    towards `pole` (law of cosines along the line from shoulder to wrist).
    """
    upper, lower = bones
    line = _minus(wrist, shoulder)
    along = _unit(line, (0.0, 1.0, 0.0))
    shortest = abs(upper - lower) + 4  # never folded flat: flesh is in the way
    length = min(max(math.hypot(*line), shortest), (upper + lower) * _STRAIGHT)
    forward = (upper * upper - lower * lower + length * length) / (2 * length)
    aside = math.sqrt(max(upper * upper - forward * forward, 0.0))
    across = _unit(
        _minus(pole, _scale(along, _dot(pole, along))),
        (-along[1], along[0], 0.0) if along[0] or along[1] else (1.0, 0.0, 0.0),
    )
    elbow = _plus(_plus(shoulder, _scale(along, forward)), _scale(across, aside))
    return elbow, _plus(shoulder, _scale(along, length))


def on_wheel(cabin: Cabin, degrees: float) -> Point:
    """A point of the rim, clockwise from the side that is nearest to the camera (right)."""
    angle, turn = math.radians(degrees), math.radians(cabin.wheel_tilt)
    x, y = cabin.wheel_radii[0] * math.cos(angle), cabin.wheel_radii[1] * math.sin(angle)
    return (
        cabin.wheel_center[0] + x * math.cos(turn) - y * math.sin(turn),
        cabin.wheel_center[1] + x * math.sin(turn) + y * math.cos(turn),
    )


def radio(cabin: Cabin) -> Point:
    """The knob of the radio, on the console at the lower right of the picture."""
    return (cabin.wheel_center[0] + 98, cabin.wheel_center[1] + 178)


def solve(scene: Scene) -> Pose:
    """Place the whole body for the behaviour, build and posture of the scene."""
    driver, posture = scene.driver, scene.posture
    turned = posture.twist
    lean_x, lean_y = posture.lean
    neck = (176 + lean_x + 4 * turned, 218 + lean_y + 8 * turned)
    wide = driver.girth
    near_shoulder = (
        neck[0] - 46 * wide - 8 * turned,
        neck[1] + 74 * driver.size + 16 * turned,
        30.0,
    )
    far_shoulder = (
        neck[0] + 84 * wide + 22 * turned,
        neck[1] + 26 * driver.size - 4 * turned,
        -30.0,
    )
    height = HEAD_HEIGHT * driver.head
    head = Head(
        center=(neck[0] + 14 + posture.head[0], neck[1] - height * 0.56 + posture.head[1]),
        height=height,
        yaw=posture.yaw,
        tilt=posture.tilt,
    )
    near, far = _reaches(scene, head)
    return Pose(
        head=head,
        neck=neck,
        near=_arm(near_shoulder, near, _sized(NEAR_BONES, driver.size), NEAR_HAND * driver.size),
        far=_arm(far_shoulder, far, _sized(FAR_BONES, driver.size), FAR_HAND * driver.size),
        hips=((262 + lean_x * 0.3, 486), (338 + lean_x * 0.3, 428)),
        knees=((574 + posture.knees, 420), (500 + posture.knees, 342)),
        girth=driver.girth,
    )


def _sized(bones: tuple[float, float], size: float) -> tuple[float, float]:
    return bones[0] * size, bones[1] * size


def _arm(shoulder: Vec3, reach: Reach, bones: tuple[float, float], hand: float) -> Arm:
    heading = math.radians(reach.heading)
    half = hand * 0.55
    wrist = (
        reach.palm[0] - math.cos(heading) * half,
        reach.palm[1] - math.sin(heading) * half,
        reach.palm[2],
    )
    lacking = math.dist(shoulder, wrist) / (sum(bones) * _STRAIGHT)
    elbow, hold = bend(shoulder, wrist, _sized(bones, min(max(lacking, 1.0), _STRETCH)), reach.pole)
    palm = _plus(hold, (math.cos(heading) * half, math.sin(heading) * half, 0.0))
    return Arm(shoulder, elbow, hold, palm, heading, reach.grip, reach.held, hand)


def _reaches(scene: Scene, head: Head) -> tuple[Reach, Reach]:
    """The wishes for the right (near) and the left (far) hand."""
    near = _steer_near(scene.cabin, scene.posture)
    far = _steer_far(scene.cabin, scene.posture)
    free = _free_hand(scene, head)
    if free is None:
        return near, far
    return (near, free) if scene.posture.left_handed else (free, far)


def _steer_near(cabin: Cabin, posture: Posture) -> Reach:
    x, y = on_wheel(cabin, posture.near_wheel)
    return Reach((x - 11, y + 4, 40.0), -28.0, (-0.15, 1.0, 0.25))


def _steer_far(cabin: Cabin, posture: Posture) -> Reach:
    x, y = on_wheel(cabin, posture.far_wheel)
    return Reach((x - 8, y + 3, -60.0), -24.0, (0.1, 1.0, -0.35))


def _free_hand(scene: Scene, head: Head) -> Reach | None:  # noqa: PLR0911  a table of returns
    """What the hand that is not steering does; None where both steer."""
    posture, cabin, made_up = scene.posture, scene.cabin, scene.driver.made_up
    dx, dy = posture.hand
    left = posture.left_handed
    depth = -50.0 if left else 70.0
    down = (-0.1, 1.0, 0.3) if not left else (0.2, 1.0, -0.3)
    match scene.behaviour:
        case Behaviour.TEXTING_RIGHT:
            return Reach((392 + dx, 306 + dy, 60), -52, (-0.35, 1.0, 0.3), Grip.HOLD, Held.PHONE)
        case Behaviour.TEXTING_LEFT:
            return Reach((400 + dx, 240 + dy, -40), -62, (0.0, 1.0, -0.2), Grip.HOLD, Held.PHONE)
        case Behaviour.PHONE_RIGHT:
            x, y = head.ear
            return Reach((x + 14 + dx * 0.2, y + 22 + dy * 0.2, depth), -100, (0.35, 1.0, 0.75),
                         Grip.HOLD, Held.PHONE)  # fmt: skip
        case Behaviour.PHONE_LEFT:
            x, y = head.place(0.57, 0.22)
            return Reach((x + dx * 0.2, y + dy * 0.2, depth), -108, (0.7, 1.0, -0.3),
                         Grip.HOLD, Held.PHONE)  # fmt: skip
        case Behaviour.RADIO:
            x, y = radio(cabin)
            return Reach((x - 30 + dx * 0.5, y + dy * 0.6, 60), 8, (-0.1, 1.0, 0.4), Grip.TOUCH)
        case Behaviour.DRINKING:
            x, y = head.mouth
            held = Held.BOTTLE if posture.prop > 0.55 else Held.CUP
            return Reach(
                (x + 38 + dx * 0.15, y + 26 + dy * 0.25, depth), -72, down, Grip.HOLD, held
            )
        case Behaviour.REACHING_BEHIND:
            return Reach((-50 + dx, 570 + dy, 90), 112, (-0.5, -0.3, 1.0), Grip.REST)
        case Behaviour.GROOMING:
            return _groom(posture, made_up, head, depth, down)
        case Behaviour.TALKING if posture.prop > 0.55:
            return Reach((430 + dx * 1.6, 372 + dy, 70), -14 - dy, (-0.3, 1.0, 0.4), Grip.REST)
        case _:
            return None


def _groom(posture: Posture, made_up: bool, head: Head, depth: float, down: Vec3) -> Reach:
    """Fingers in the hair, a brush on it, or a lipstick at the mouth."""
    dx, dy = posture.hand
    if made_up and posture.prop > 0.6:
        x, y = head.mouth
        return Reach((x + 30, y + 34 + dy * 0.2, depth), -104, down, Grip.HOLD, Held.LIPSTICK)
    # The left hand must come out from behind the forehead to be seen.
    x, y = head.place(0.46 + abs(dx) / 150 if posture.left_handed else dx / 110 - 0.12, -0.32)
    held = Held.BRUSH if made_up and posture.prop > 0.3 else Held.NOTHING
    grip = Grip.HOLD if held is Held.BRUSH else Grip.REST
    heading = -98 + dy * 1.6  # from combing back to smoothing the crown
    return Reach((x, y + 4 + dy * 0.4, depth), heading, (0.4, 1.0, 0.7), grip, held)


def _plus(first: Vec3, second: Vec3) -> Vec3:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2])


def _minus(first: Vec3, second: Vec3) -> Vec3:
    return (first[0] - second[0], first[1] - second[1], first[2] - second[2])


def _unit(vector: Vec3, instead: Vec3) -> Vec3:
    """The direction of a vector, or of `instead` where it has none to speak of."""
    size = math.hypot(*vector)
    return _scale(vector, 1 / size) if size > 1e-6 else _scale(instead, 1 / math.hypot(*instead))


def _scale(vector: Vec3, by: float) -> Vec3:
    return (vector[0] * by, vector[1] * by, vector[2] * by)


def _dot(first: Vec3, second: Vec3) -> float:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
