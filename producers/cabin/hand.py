"""A hand with its fingers hinted, and what it holds.

Local frame: x runs from the wrist along the hand, y to its right, thumb at negative y, and the
length of the hand is 1.
"""

from __future__ import annotations

import math

import skia

from producers.cabin.brush import (
    Color,
    Point,
    cast,
    darker,
    fill,
    lighter,
    model,
    oval,
    stroke,
    tapered,
    union,
)
from producers.cabin.pose import Arm, Grip, Held
from producers.cabin.scene import Driver
from producers.cabin.things import draw_held

# Where the fingers start, index first, and how long each is.
_ROOTS: tuple[Point, ...] = ((0.60, -0.20), (0.64, -0.06), (0.62, 0.08), (0.56, 0.20))
_LENGTHS = (0.38, 0.42, 0.39, 0.32)

# Bend of the first and the last half of the fingers in degrees, for each grip.
_BENDS: dict[Grip, tuple[float, float]] = {
    Grip.WHEEL: (34, 112),
    Grip.HOLD: (18, 64),
    Grip.TOUCH: (30, 104),
    Grip.REST: (4, 14),
}


def draw_hand(canvas: skia.Canvas, arm: Arm, driver: Driver, skin: Color, at_ear: bool) -> None:
    """Paint the hand; a screen that is read lies on the palm, other things behind the fingers."""
    palm = union(
        tapered(_at(arm, -0.05, 0), _at(arm, 0.5, 0), 0.24 * arm.hand, 0.30 * arm.hand),
        tapered(_at(arm, 0.3, 0.02), _at(arm, 0.58, 0.02), 0.28 * arm.hand, 0.26 * arm.hand),
    )
    on_palm = arm.held is Held.PHONE and not at_ear
    if not on_palm:
        draw_held(canvas, arm, driver, from_behind=at_ear)
    cast(canvas, palm, (2, 5), 4, 0.3)
    canvas.drawPath(palm, fill(skin))
    model(canvas, palm, skin, 0.26 * arm.hand, 0.5)
    if on_palm:
        draw_held(canvas, arm, driver, from_behind=False)
    for index in (3, 2, 1, 0):
        _draw_finger(canvas, arm, index, skin, on_palm)
    _draw_thumb(canvas, arm, skin, driver.made_up)


def _draw_finger(canvas: skia.Canvas, arm: Arm, index: int, skin: Color, on_palm: bool) -> None:
    first, last = _BENDS[arm.grip]
    if arm.grip is Grip.TOUCH and index == 0:
        first, last = 0, 6  # the finger that turns the knob
    root, length = _ROOTS[index], _LENGTHS[index]
    if arm.grip is Grip.REST:
        first = (index - 1.5) * 9
        last = first + 6
    if on_palm:  # only the tips come round the edge of the screen
        root, length = (0.30 + (3 - index) * 0.13, 0.27), 0.2
        first, last = -120, -150
    middle = _ahead(root, first, length * 0.5)
    tip = _ahead(middle, last, length * 0.5)
    thick = 0.088 * arm.hand
    finger = union(
        tapered(_at(arm, *root), _at(arm, *middle), thick * 1.1, thick),
        tapered(_at(arm, *middle), _at(arm, *tip), thick, thick * 0.82),
    )
    canvas.drawPath(finger, stroke(darker(skin, 0.55), 1.8, 0.55))
    canvas.drawPath(finger, fill(skin))
    canvas.drawPath(
        tapered(_at(arm, root[0], root[1] - 0.03), _at(arm, middle[0], middle[1] - 0.03),
                thick * 0.45, thick * 0.4),
        fill(lighter(skin, 0.35), 0.5, blur=1.2),
    )  # fmt: skip


def _draw_thumb(canvas: skia.Canvas, arm: Arm, skin: Color, polished: bool) -> None:
    middle, tip = ((0.36, -0.36), (0.60, -0.34))
    if arm.grip is Grip.HOLD:
        middle, tip = ((0.36, -0.34), (0.62, -0.16))
    thick = 0.10 * arm.hand
    thumb = union(
        tapered(_at(arm, 0.12, -0.18), _at(arm, *middle), thick * 1.25, thick),
        tapered(_at(arm, *middle), _at(arm, *tip), thick, thick * 0.8),
    )
    canvas.drawPath(thumb, stroke(darker(skin, 0.55), 1.8, 0.5))
    canvas.drawPath(thumb, fill(skin))
    model(canvas, thumb, skin, thick, 0.4)
    if polished:
        turn = math.degrees(arm.heading)
        canvas.drawPath(oval(_at(arm, *tip), thick * 0.6, thick * 0.42, turn), fill((190, 52, 74)))


def _ahead(start: Point, degrees: float, length: float) -> Point:
    angle = math.radians(degrees)
    return (start[0] + math.cos(angle) * length, start[1] + math.sin(angle) * length)


def _at(arm: Arm, x: float, y: float) -> Point:
    cos, sin = math.cos(arm.heading) * arm.hand, math.sin(arm.heading) * arm.hand
    return (arm.wrist[0] + x * cos - y * sin, arm.wrist[1] + x * sin + y * cos)
