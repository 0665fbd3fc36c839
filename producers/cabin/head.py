"""The face: a skull turned between profile (yaw 90, facing right) and full face (yaw 0).

Points are in head coordinates: the height from chin to crown is 1, the centre of the skull (0, 0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import skia

from producers.cabin.brush import (
    Color,
    Point,
    darker,
    fill,
    lighter,
    mix,
    model,
    oval,
    polygon,
    smooth,
    stroke,
)
from producers.cabin.pose import Head
from producers.cabin.scene import Driver

# The same twenty landmarks, clockwise from the crown, in profile and from the front.
_PROFILE: tuple[Point, ...] = (
    (0.02, -0.52), (0.25, -0.44), (0.355, -0.25), (0.385, -0.10), (0.362, -0.03), (0.415, 0.07),
    (0.485, 0.165), (0.395, 0.205), (0.415, 0.265), (0.378, 0.305), (0.402, 0.345), (0.358, 0.40),
    (0.362, 0.475), (0.27, 0.515), (0.08, 0.43), (-0.08, 0.32), (-0.25, 0.26), (-0.40, 0.08),
    (-0.45, -0.15), (-0.29, -0.43),
)  # fmt: skip
_FRONT: tuple[Point, ...] = (
    (0.0, -0.52), (0.23, -0.46), (0.335, -0.27), (0.362, -0.10), (0.362, -0.03), (0.358, 0.06),
    (0.35, 0.14), (0.338, 0.20), (0.318, 0.26), (0.29, 0.32), (0.255, 0.37), (0.20, 0.43),
    (0.11, 0.495), (0.0, 0.515), (-0.13, 0.485), (-0.25, 0.37), (-0.335, 0.20), (-0.362, 0.05),
    (-0.362, -0.12), (-0.27, -0.43),
)  # fmt: skip

_FULL_FACE = 30.0  # at and below this yaw the outline is that seen from the front


def profile_share(yaw: float) -> float:
    """How much of the outline is the profile's, 0..1."""
    return min(1.0, max(0.0, (yaw - _FULL_FACE) / (84 - _FULL_FACE)))


def between(front: Sequence[Point], side: Sequence[Point], yaw: float) -> list[Point]:
    """Landmarks of an outline at this yaw."""
    share = profile_share(yaw)
    return [
        (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        for a, b in zip(front, side, strict=True)
    ]


def around(yaw: float, azimuth: float, radius: float) -> float:
    """Where a feature `azimuth` degrees to the left of the nose appears, sideways."""
    return radius * math.sin(math.radians(yaw + azimuth))


def facing(yaw: float, azimuth: float) -> float:
    """How squarely that feature looks at the camera, 1 fully, 0 edge on or hidden."""
    return max(0.0, math.cos(math.radians(yaw + azimuth)))


def enter(canvas: skia.Canvas, head: Head) -> None:
    """Save the canvas and move to head coordinates."""
    canvas.save()
    canvas.translate(*head.center)
    canvas.rotate(head.tilt)
    canvas.scale(head.height, head.height)


def skull(yaw: float) -> skia.Path:
    """The outline of the bare head."""
    return smooth(between(_FRONT, _PROFILE, yaw), tension=0.85)


def draw_face(canvas: skia.Canvas, head: Head, driver: Driver, talking: bool) -> None:
    """Paint skull, ear and face."""
    enter(canvas, head)
    path, yaw = skull(head.yaw), head.yaw
    canvas.drawPath(path, fill(driver.skin))
    model(canvas, path, driver.skin, 0.15, 0.5)
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    _draw_cheeks(canvas, yaw, driver)
    if driver.beard != "none":
        _draw_beard(canvas, yaw, driver)
    _draw_mouth(canvas, yaw, driver, talking)
    for azimuth in (-26.0, 26.0):
        _draw_eye(canvas, head, driver, azimuth)
    canvas.restore()
    _draw_nose(canvas, yaw, driver.skin)
    for azimuth in (-97.0, 97.0):
        _draw_ear(canvas, yaw, azimuth, driver)
    canvas.restore()


def _draw_cheeks(canvas: skia.Canvas, yaw: float, driver: Driver) -> None:
    blush = mix(driver.skin, (206, 84, 66), 0.26 if driver.made_up else 0.14)
    for azimuth in (-42.0, 42.0):
        seen = facing(yaw, azimuth)
        if seen > 0.1:
            cheek = oval((around(yaw, azimuth, 0.34), 0.17), 0.10 * seen + 0.02, 0.08)
            canvas.drawPath(cheek, fill(blush, 0.5, blur=0.035))
    jaw = smooth([(-0.12, 0.20), (-0.02, 0.36), (0.12, 0.46), (0.28, 0.52)], closed=False)
    if yaw > 45:
        canvas.drawPath(jaw, stroke(darker(driver.skin, 0.5), 0.05, 0.28, blur=0.03))


def _draw_beard(canvas: skia.Canvas, yaw: float, driver: Driver) -> None:
    mouth_x = around(yaw, 0, 0.39)
    lip = smooth(
        [(mouth_x - 0.15, 0.275), (mouth_x, 0.225), (mouth_x + 0.15, 0.275), (mouth_x, 0.285)]
    )
    soft = driver.beard == "stubble"
    paint = fill(driver.hair_color, 0.3 if soft else 0.92, blur=0.02 if soft else 0.008)
    if driver.beard in ("full", "stubble"):
        front: list[Point] = [
            (-0.37, 0.02), (-0.30, 0.16), (-0.20, 0.25), (0.0, 0.215), (0.20, 0.25), (0.30, 0.16),
            (0.37, 0.02), (0.40, 0.40), (0.0, 0.60), (-0.40, 0.40),
        ]  # fmt: skip
        side: list[Point] = [
            (-0.03, 0.02), (0.0, 0.18), (0.12, 0.26), (0.28, 0.24), (0.40, 0.225), (0.46, 0.25),
            (0.46, 0.36), (0.46, 0.54), (0.10, 0.58), (-0.10, 0.30),
        ]  # fmt: skip
        canvas.drawPath(smooth(between(front, side, yaw), tension=0.6), paint)
    else:
        canvas.drawPath(lip, paint)


def _draw_mouth(canvas: skia.Canvas, yaw: float, driver: Driver, talking: bool) -> None:
    x, width = around(yaw, 0, 0.385), 0.04 + 0.085 * facing(yaw, 0)
    lips = (
        mix(driver.skin, (186, 44, 62), 0.65)
        if driver.made_up
        else darker(mix(driver.skin, (170, 74, 70), 0.45), 0.12)
    )
    opened = 0.045 if talking else 0.006
    left, right = x - width - 0.02, x + width
    upper = smooth([(left, 0.308), (x, 0.272), (right, 0.308), (x, 0.318)], tension=0.8)
    lower = smooth(
        [(left, 0.31), (x, 0.315 + opened), (right, 0.31), (x, 0.352 + opened)], tension=0.8
    )
    if talking:
        canvas.drawPath(
            oval((x, 0.318 + opened / 2), width * 0.9, opened * 0.8), fill((70, 22, 24))
        )
        canvas.drawPath(oval((x, 0.312), width * 0.7, 0.012), fill((240, 236, 228)))
    canvas.drawPath(lower, fill(lighter(lips, 0.12)))
    canvas.drawPath(upper, fill(lips))
    if not talking:
        canvas.drawLine(left, 0.31, right, 0.31, stroke(darker(lips, 0.6), 0.011, 0.8))
    canvas.drawPath(oval((x, 0.392), width, 0.012), fill(darker(driver.skin, 0.5), 0.3, blur=0.012))


def _draw_eye(canvas: skia.Canvas, head: Head, driver: Driver, azimuth: float) -> None:
    yaw = head.yaw
    seen = facing(yaw, azimuth)
    if seen < 0.12:
        return
    x, y = around(yaw, azimuth, 0.372), -0.01
    width, height = 0.078 * seen + 0.012, 0.034
    down = max(0.0, min(1.0, head.tilt / 22))  # lids sink when the head looks down
    socket = oval((x, y), width * 1.35, height * 2.0)
    canvas.drawPath(socket, fill(darker(driver.skin, 0.5), 0.28, blur=0.025))
    white = smooth(
        [(x - width, y + 0.006), (x, y - height), (x + width, y + 0.004), (x, y + height * 0.8)]
    )
    canvas.drawPath(white, fill((244, 240, 234)))
    canvas.save()
    canvas.clipPath(white, doAntiAlias=True)
    gaze = x + width * (0.35 if yaw > 40 else 0.0)
    canvas.drawPath(oval((gaze, y - 0.002), 0.028 * (0.4 + 0.6 * seen), 0.031), fill((66, 44, 30)))
    canvas.drawCircle(gaze, y - 0.004, 0.013, fill((12, 10, 12)))
    canvas.drawCircle(gaze + 0.008, y - 0.012, 0.006, fill((255, 255, 255)))
    lid_edge = y - height + height * 1.3 * (0.22 + 0.55 * down)
    canvas.drawRect(
        skia.Rect.MakeLTRB(x - 0.2, y - 0.2, x + 0.2, lid_edge), fill(darker(driver.skin, 0.14))
    )
    canvas.restore()
    thick = 0.018 if driver.made_up else 0.011
    lash = smooth(
        [(x - width, y + 0.004), (x, lid_edge - 0.002), (x + width, y + 0.002)], closed=False
    )
    canvas.drawPath(lash, stroke((24, 16, 16), thick, 0.9))
    brow = smooth(
        [(x - width * 1.2, y - 0.078), (x, y - 0.105), (x + width * 1.15, y - 0.080)], closed=False
    )
    canvas.drawPath(
        brow, stroke(darker(driver.hair_color, 0.25), 0.022 if driver.made_up else 0.032, 0.85)
    )


def _draw_nose(canvas: skia.Canvas, yaw: float, skin: Color) -> None:
    share = profile_share(yaw)
    tip, root = around(yaw, 0, 0.45), around(yaw, 0, 0.36)
    if share < 0.9:  # in profile the outline is the nose
        side = smooth(
            [(root - 0.02, -0.02), (tip - 0.03, 0.13), (around(yaw, -15, 0.38), 0.19),
             (around(yaw, -22, 0.36), 0.16), (root - 0.07, 0.05)],
            tension=0.7,
        )  # fmt: skip
        canvas.drawPath(side, fill(darker(skin, 0.4), 0.4 * (1 - share), blur=0.015))
        light = smooth([(root + 0.01, 0.0), (tip - 0.005, 0.14)], closed=False)
        canvas.drawPath(light, stroke(lighter(skin, 0.4), 0.03, 0.5, blur=0.014))
    for azimuth, way in ((-15.0, -1.0), (15.0, 1.0)):
        seen = facing(yaw, azimuth)
        if seen < 0.2:
            continue
        x = around(yaw, azimuth, 0.385)
        out = way * 0.03 * seen
        wing = smooth([(x, 0.15), (x + out, 0.175), (x + out * 0.6, 0.202)], closed=False)
        canvas.drawPath(wing, stroke(darker(skin, 0.5), 0.011, 0.45))
        nostril = oval((around(yaw, azimuth * 0.55, 0.40), 0.205), 0.006 + 0.016 * seen, 0.009)
        canvas.drawPath(nostril, fill(darker(skin, 0.75), 0.6))


def _draw_ear(canvas: skia.Canvas, yaw: float, azimuth: float, driver: Driver) -> None:
    turned = yaw + azimuth
    if not -125 < turned < 99:
        return
    x = around(yaw, azimuth, 0.365)
    side = 1 if azimuth > 0 else -1
    width = 0.035 + 0.05 * abs(math.sin(math.radians(yaw)))
    ear = smooth(
        [(x + side * width * 0.4, -0.07), (x - width * 0.2, -0.10), (x - width, -0.04),
         (x - width * 0.7, 0.08), (x, 0.15), (x + width * 0.6, 0.10), (x + width * 0.5, 0.0)],
    )  # fmt: skip
    canvas.drawPath(ear, fill(mix(driver.skin, (206, 92, 76), 0.12)))
    model(canvas, ear, driver.skin, 0.05, 0.5)
    curl = smooth(
        [(x + width * 0.3, -0.04), (x - width * 0.5, -0.02), (x - width * 0.3, 0.06)], closed=False
    )
    canvas.drawPath(curl, stroke(darker(driver.skin, 0.5), 0.016, 0.6))
    if driver.made_up:
        canvas.drawCircle(x, 0.175, 0.024, fill((232, 202, 120)))


def draw_glasses(canvas: skia.Canvas, head: Head, driver: Driver) -> None:
    """Paint frames, or sun glasses, over eyes and hair."""
    if driver.glasses == "none":
        return
    enter(canvas, head)
    yaw = head.yaw
    frame = stroke((24, 24, 28), 0.022)
    dark = driver.glasses == "sun"
    for azimuth in (26.0, -26.0):
        seen = facing(yaw, azimuth)
        if seen < 0.1:
            continue
        x = around(yaw, azimuth, 0.41)
        lens = oval((x, 0.0), 0.035 + 0.085 * seen, 0.082)
        canvas.drawPath(
            lens, fill((14, 15, 20) if dark else (214, 232, 240), 0.94 if dark else 0.22)
        )
        canvas.drawPath(lens, frame)
        glint = polygon([(x - 0.03, -0.06), (x + 0.01, -0.06), (x - 0.02, 0.05), (x - 0.05, 0.05)])
        canvas.drawPath(glint, fill((255, 255, 255), 0.22))
    canvas.drawLine(around(yaw, -8, 0.43), -0.02, around(yaw, 8, 0.43), -0.02, frame)
    hinge = around(yaw, -26, 0.41) - 0.035 - 0.085 * facing(yaw, -26)
    canvas.drawLine(hinge, -0.02, around(yaw, -97, 0.37) + 0.01, -0.05, frame)
    canvas.restore()
