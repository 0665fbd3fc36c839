"""Legs, trunk, belt and arms of the driver."""

from __future__ import annotations

import math

import skia

from producers.cabin.brush import (
    Point,
    cast,
    cuffed,
    darker,
    fill,
    form,
    lighter,
    polygon,
    slab,
    smooth,
    stroke,
    tapered,
    union,
)
from producers.cabin.cloth import dress
from producers.cabin.hand import draw_hand
from producers.cabin.pose import Arm, Pose
from producers.cabin.scene import Cabin, Driver


def draw_legs(canvas: skia.Canvas, pose: Pose, driver: Driver) -> None:
    """Paint both thighs and shins; the near one lies lower in the picture."""
    build = 0.55 + 0.45 * driver.girth
    for index, tone in ((1, 0.24), (0, 0.0)):
        hip, knee = pose.hips[index], pose.knees[index]
        color = darker(driver.trousers, tone)
        thick = (64 if index == 0 else 52) * build
        thigh = tapered(hip, knee, thick, thick * 0.70)
        shin = tapered(knee, (knee[0] + 44, knee[1] + 190), thick * 0.70, thick * 0.5)
        leg = union(thigh, shin)
        cast(canvas, leg, (4, 10), 10, 0.45)
        if index:
            slab(canvas, leg, color)
        else:
            form(canvas, leg, color, 26, 0.6)
        seam = smooth(
            [_aside(hip, knee, 0.1, thick * 0.4), _aside(hip, knee, 0.6, thick * 0.36),
             _aside(hip, knee, 0.98, thick * 0.34)],
            closed=False,
        )  # fmt: skip
        canvas.drawPath(seam, stroke(darker(color, 0.5), 2, 0.6))
        for share in (0.86, 0.96):
            crease = smooth(
                [_aside(hip, knee, share, -thick * 0.62),
                 _aside(hip, knee, share + 0.03, -thick * 0.1),
                 _aside(hip, knee, share - 0.04, thick * 0.24)],
                closed=False,
            )  # fmt: skip
            canvas.drawPath(crease, stroke(darker(color, 0.55), 4, 0.35, blur=2))


def trunk(pose: Pose) -> skia.Path:
    """The outline of chest and belly."""
    (neck_x, neck_y), near, far = pose.neck, pose.near.shoulder, pose.far.shoulder
    belly = 60 * (pose.girth - 1)
    hip = pose.hips[1]
    return smooth(
        [
            (neck_x - 26, neck_y + 4), (near[0] - 4, near[1] - 36), (near[0] - 30, near[1] + 10),
            (near[0] - 22, near[1] + 100), (near[0] + 24, 480), (pose.hips[0][0] - 70, 560),
            (pose.hips[0][0] + 10, 552), (hip[0] + 14, 480), (hip[0] + 4 + belly, 420),
            (far[0] + 50 + belly * 0.8, far[1] + 118), (far[0] + 36, far[1] + 44),
            (far[0] + 10, far[1] - 4), (neck_x + 36, neck_y + 14),
        ]
    )  # fmt: skip


def draw_trunk(canvas: skia.Canvas, pose: Pose, driver: Driver) -> None:
    """Paint the chest in its clothes, with collar, neckline and folds."""
    path = trunk(pose)
    cast(canvas, path, (8, 8), 12, 0.45)
    dress(canvas, path, driver, 62, 34)
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    if driver.open_jacket:
        _draw_inner(canvas, pose, driver)
    _draw_folds(canvas, pose, driver)
    canvas.restore()


def _draw_inner(canvas: skia.Canvas, pose: Pose, driver: Driver) -> None:
    (x, y), far = pose.neck, pose.far.shoulder
    inner = smooth(
        [(x - 2, y + 10), (x + 30, y + 110), (x + 90, y + 280), (x + 150, y + 270),
         (far[0] + 20, far[1] + 110), (far[0] - 18, far[1] + 20), (x + 30, y + 6)],
        tension=0.8,
    )  # fmt: skip
    form(canvas, inner, driver.accent, 18, 0.5)
    for edge in (
        [(x - 6, y + 8), (x + 26, y + 110), (x + 84, y + 280)],
        [
            (x + 34, y + 6),
            (far[0] - 12, far[1] + 24),
            (far[0] + 24, far[1] + 116),
            (x + 156, y + 270),
        ],
    ):
        canvas.drawPath(smooth(edge, closed=False), stroke(darker(driver.shirt, 0.35), 7))


def _draw_folds(canvas: skia.Canvas, pose: Pose, driver: Driver) -> None:
    """Cloth creases where the trunk bends: from the near armpit, and over the lap."""
    near, hip = pose.near.shoulder, pose.hips[1]
    dark = stroke(darker(driver.shirt, 0.55), 5, 0.38, blur=2.5)
    light = stroke(lighter(driver.shirt, 0.5), 4, 0.28, blur=2.5)
    for fold in (
        [
            (near[0] + 36, near[1] + 60),
            (near[0] + 64, near[1] + 104),
            (near[0] + 74, near[1] + 150),
        ],
        [
            (near[0] + 52, near[1] + 50),
            (near[0] + 98, near[1] + 76),
            (near[0] + 124, near[1] + 112),
        ],
        [(hip[0] - 8, hip[1] - 26), (hip[0] - 50, hip[1] - 4), (hip[0] - 96, hip[1] + 2)],
        [(hip[0] + 2, hip[1] + 6), (hip[0] - 46, hip[1] + 26), (hip[0] - 110, hip[1] + 24)],
    ):
        crease = smooth(fold, closed=False)
        canvas.drawPath(crease, dark)
        canvas.translate(0, -6)
        canvas.drawPath(crease, light)
        canvas.translate(0, 6)


def draw_neck(canvas: skia.Canvas, pose: Pose, driver: Driver) -> None:
    """Paint neck, neckline and collar."""
    (x, y), head = pose.neck, pose.head
    nape = head.place(-0.10, 0.22)
    neck = tapered((x + 6, y + 16), nape, 32, 27)
    form(canvas, neck, darker(driver.skin, 0.12), 16, 0.5)
    canvas.save()
    canvas.clipPath(neck, doAntiAlias=True)
    canvas.drawPath(
        tapered(head.place(0.05, 0.34), head.place(0.4, 0.44), 18, 14),
        fill(darker(driver.skin, 0.6), 0.5, blur=7),
    )
    canvas.restore()
    if driver.collar:
        color = driver.accent if driver.open_jacket else driver.shirt
        for points in (
            [
                (x - 30, y - 4),
                (x - 26, y + 22),
                (x + 22, y + 58),
                (x + 28, y + 34),
                (x - 4, y + 14),
            ],
            [
                (x + 36, y + 2),
                (x + 30, y + 34),
                (x + 46, y + 56),
                (x + 56, y + 24),
                (x + 46, y + 6),
            ],
        ):
            collar = polygon(points)
            cast(canvas, collar, (1, 5), 3, 0.4)
            form(canvas, collar, lighter(color, 0.08), 6, 0.45)
        return
    hem = smooth([(x - 30, y), (x - 16, y + 28), (x + 14, y + 44), (x + 40, y + 10)], closed=False)
    canvas.drawPath(hem, stroke(darker(driver.shirt, 0.25), 6))


def draw_belt(canvas: skia.Canvas, pose: Pose, cabin: Cabin) -> None:
    """Paint the seat belt from the left shoulder to the buckle at the right hip."""
    far, hip = pose.far.shoulder, pose.hips[0]
    start: Point = (far[0] - 26, far[1] - 16)
    end: Point = (hip[0] + 20, hip[1] + 10)
    bulge = 30 * pose.girth
    middle: Point = ((start[0] + end[0]) / 2 + bulge, (start[1] + end[1]) / 2 - 10)
    strap = smooth([(start[0] - 40, start[1] - 30), start, middle, end], closed=False)
    canvas.save()
    canvas.clipPath(union(trunk(pose), tapered(start, end, 4, 40)), doAntiAlias=True)
    canvas.translate(3, 6)
    canvas.drawPath(strap, stroke((6, 7, 12), 24, 0.4, blur=5))
    canvas.translate(-3, -6)
    canvas.drawPath(strap, stroke(darker(cabin.belt, 0.35), 23))
    canvas.drawPath(strap, stroke(cabin.belt, 19))
    canvas.drawPath(strap, stroke(lighter(cabin.belt, 0.25), 2, 0.5))
    lap = smooth(
        [end, (hip[0] + 70, hip[1] - 34), (pose.hips[1][0] + 8, pose.hips[1][1] + 6)], closed=False
    )
    canvas.drawPath(lap, stroke(darker(cabin.belt, 0.35), 23))
    canvas.drawPath(lap, stroke(cabin.belt, 19))
    canvas.restore()


def draw_arm(
    canvas: skia.Canvas, arm: Arm, driver: Driver, neck: Point | None, at_ear: bool
) -> None:
    """Paint one arm, its sleeve and its hand.

    `neck` is where the shoulder of the near arm begins; None paints the far arm, which is thinner
    and in the cabin's shade.
    """
    girth = 0.6 + 0.4 * driver.girth
    scale = girth if neck else girth * 0.74
    skin = driver.skin if neck else darker(driver.skin, 0.10)
    shoulder, elbow, wrist = arm.shoulder[:2], arm.elbow[:2], arm.wrist[:2]
    bare = union(
        tapered(shoulder, elbow, 34 * scale, 25 * scale),
        tapered(elbow, _along(elbow, wrist, 0.35), 25 * scale, 27 * scale),
        tapered(_along(elbow, wrist, 0.3), wrist, 27 * scale, 15 * scale),
    )
    cast(canvas, bare, (3, 14), 10, 0.5 if neck else 0.25)
    if driver.sleeve == "short":  # a long one leaves nothing to see
        form(canvas, bare, skin, 16 * scale, 0.55)
    draw_hand(canvas, arm, driver, skin, at_ear)
    if driver.watch and not neck:
        _draw_watch(canvas, elbow, wrist, 17 * scale)
    _draw_sleeve(canvas, arm, driver, scale, neck)


def _draw_sleeve(
    canvas: skia.Canvas, arm: Arm, driver: Driver, scale: float, neck: Point | None
) -> None:
    shoulder, elbow, wrist = arm.shoulder[:2], arm.elbow[:2], arm.wrist[:2]
    bearing = math.degrees(math.atan2(elbow[1] - shoulder[1], elbow[0] - shoulder[0]))
    short = driver.sleeve == "short"
    if short:
        end, width = _along(shoulder, elbow, 0.72), 37 * scale
        path = cuffed(shoulder, end, 42 * scale, width)
    else:
        end, width = _along(elbow, wrist, 0.93), 20 * scale
        path = union(
            tapered(shoulder, elbow, 42 * scale, 32 * scale),
            cuffed(elbow, end, 32 * scale, width),
        )
    if neck:  # the slope from neck to shoulder is cut from the same cloth
        slope: Point = (neck[0] - 34, neck[1] + 24)
        path = union(path, tapered(slope, shoulder, 9, 41 * scale))
    dress(canvas, path, driver, bearing + 90, 22 * scale)
    before = shoulder if short else elbow
    hem = (_aside(before, end, 0.96, -width * 0.96), _aside(before, end, 0.96, width * 0.96))
    canvas.drawLine(*hem[0], *hem[1], stroke(darker(driver.shirt, 0.45), 2.2, 0.6))
    if not short:
        crease = smooth(
            [_aside(shoulder, elbow, 0.82, -14 * scale), _along(shoulder, elbow, 0.97),
             _aside(elbow, wrist, 0.16, 10 * scale)],
            closed=False,
        )  # fmt: skip
        canvas.drawPath(crease, stroke(darker(driver.shirt, 0.6), 4, 0.4, blur=2))


def _draw_watch(canvas: skia.Canvas, elbow: Point, wrist: Point, radius: float) -> None:
    strap = (_aside(elbow, wrist, 0.88, -radius), _aside(elbow, wrist, 0.88, radius))
    canvas.drawLine(*strap[0], *strap[1], stroke((26, 27, 32), 10))
    canvas.drawCircle(*_aside(elbow, wrist, 0.88, -radius * 0.3), 8, fill((160, 164, 170)))
    canvas.drawCircle(*_aside(elbow, wrist, 0.88, -radius * 0.3), 6, fill((24, 30, 40)))


def _along(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)


def _aside(start: Point, end: Point, share: float, offset: float) -> Point:
    """A point beside the way from start to end, `offset` base pixels to its right hand."""
    x, y = _along(start, end, share)
    length = math.dist(start, end) or 1.0
    return (x - (end[1] - start[1]) / length * offset, y + (end[0] - start[0]) / length * offset)
