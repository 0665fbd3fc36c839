"""The steering wheel, seen from beside and ahead of the driver."""

from __future__ import annotations

import math

import skia

from producers.cabin.brush import (
    Point,
    cast,
    darker,
    fill,
    lighter,
    oval,
    polygon,
    slab,
    smooth,
    stroke,
)
from producers.cabin.pose import on_wheel
from producers.cabin.scene import Cabin


def draw_column(canvas: skia.Canvas, cabin: Cabin) -> None:
    """Paint the steering column, which lies behind the wheel."""
    x, y = cabin.wheel_center
    trim = darker(cabin.trim, 0.4)
    column = smooth(
        [(x + 6, y - 34), (x + 66, y - 40), (x + 92, y), (x + 84, y + 62), (x + 20, y + 66)],
        tension=0.8,
    )
    cast(canvas, column, (-6, 8), 8, 0.5)
    slab(canvas, column, trim)
    canvas.drawLine(x + 20, y - 30, x - 12, y - 62, stroke((22, 23, 27), 8))


def draw_wheel(canvas: skia.Canvas, cabin: Cabin) -> None:
    """Paint rim, spokes and hub."""
    center, (radius_x, radius_y) = cabin.wheel_center, cabin.wheel_radii
    color, tilt = cabin.wheel_color, cabin.wheel_tilt
    rim = oval(center, radius_x, radius_y, tilt)
    canvas.save()
    canvas.translate(-10, 10)
    canvas.drawPath(rim, stroke((5, 6, 10), 16, 0.35, blur=6))
    canvas.restore()
    hub = (center[0] + 8, center[1] + 4)
    for degrees in (-4, 184, 96):
        _spoke(canvas, cabin, hub, degrees)
    plate = oval(hub, radius_x * 0.62, radius_y * 0.42, tilt)
    cast(canvas, plate, (-3, 5), 4, 0.5)
    slab(canvas, plate, lighter(color, 0.1))
    badge = (hub[0] - 3, hub[1] - 2)
    canvas.drawPath(oval(badge, 7, 10, tilt), fill((206, 206, 202)))
    canvas.drawPath(oval(badge, 4, 6.5, tilt), fill(darker(color, 0.2)))
    canvas.drawPath(rim, stroke(darker(color, 0.6), 20))
    canvas.drawPath(rim, stroke(color, 16))
    canvas.save()
    canvas.translate(2, -3)
    canvas.drawPath(rim, stroke(lighter(color, 0.5), 4.5, 0.6, blur=1.4))
    canvas.restore()
    for degrees in (-26, 34, 150, 212):  # the leather is sewn where hands hold it
        inner, outer = _across(cabin, degrees)
        canvas.drawLine(*inner, *outer, stroke(darker(color, 0.6), 1.8, 0.8))


def _across(cabin: Cabin, degrees: float) -> tuple[Point, Point]:
    """The inner and the outer edge of the rim at this angle."""
    center, rim = cabin.wheel_center, on_wheel(cabin, degrees)
    x, y = rim[0] - center[0], rim[1] - center[1]
    share = 8 / math.hypot(x, y)
    return (rim[0] - x * share, rim[1] - y * share), (rim[0] + x * share, rim[1] + y * share)


def _spoke(canvas: skia.Canvas, cabin: Cabin, hub: Point, degrees: float) -> None:
    first, last = on_wheel(cabin, degrees - 13), on_wheel(cabin, degrees + 13)
    spoke = polygon([(hub[0], hub[1] - 30), first, last, (hub[0], hub[1] + 32)])
    slab(canvas, spoke, darker(cabin.wheel_color, 0.12))
    inlay_first, inlay_last = on_wheel(cabin, degrees - 5), on_wheel(cabin, degrees + 5)
    inlay = polygon([(hub[0], hub[1] - 9), inlay_first, inlay_last, (hub[0], hub[1] + 11)])
    canvas.drawPath(inlay, fill((172, 176, 180)))
