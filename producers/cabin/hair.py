"""Hair and hats, drawn behind and over the head (head coordinates, see `head`)."""

from __future__ import annotations

import math

import skia

from producers.cabin.brush import (
    Color,
    Point,
    darker,
    fill,
    lighter,
    model,
    oval,
    smooth,
    stroke,
    union,
)
from producers.cabin.head import around, between, enter, profile_share
from producers.cabin.pose import Head
from producers.cabin.scene import Driver

# The cap of hair: from the hair line over the crown to the nape and back past the ear.
_CAP_SIDE: tuple[Point, ...] = (
    (0.325, -0.31), (0.30, -0.45), (0.10, -0.57), (-0.16, -0.57), (-0.40, -0.43), (-0.505, -0.17),
    (-0.46, 0.08), (-0.34, 0.25), (-0.25, 0.27), (-0.20, 0.15), (-0.17, 0.0), (-0.11, -0.09),
    (-0.03, 0.07), (0.03, -0.05), (0.11, -0.18), (0.23, -0.24),
)  # fmt: skip
_CAP_FRONT: tuple[Point, ...] = (
    (0.355, -0.10), (0.385, -0.27), (0.29, -0.49), (0.0, -0.585), (-0.29, -0.49), (-0.385, -0.27),
    (-0.395, -0.10), (-0.385, 0.03), (-0.372, 0.05), (-0.355, 0.0), (-0.345, -0.06),
    (-0.335, -0.10), (-0.30, -0.19), (-0.20, -0.29), (0.02, -0.32), (0.22, -0.28),
)  # fmt: skip


def draw_hair_behind(canvas: skia.Canvas, head: Head, driver: Driver) -> None:
    """Paint what hangs behind face and neck."""
    enter(canvas, head)
    color, yaw = driver.hair_color, head.yaw
    match driver.hair:
        case "long":
            _mass(canvas, _drop(yaw, 0.95), color)
        case "bob":
            _mass(canvas, _drop(yaw, 0.42), color)
        case "ponytail":
            start = (around(yaw, 180, 0.46), -0.12)
            tail = smooth(
                [(start[0] + 0.06, -0.16), (start[0] - 0.14, -0.10), (start[0] - 0.20, 0.20),
                 (start[0] - 0.10, 0.55), (start[0] - 0.02, 0.30), (start[0] + 0.06, 0.05)],
            )  # fmt: skip
            _mass(canvas, tail, color)
        case "bun":
            _mass(canvas, oval((around(yaw, 180, 0.50), -0.30), 0.17, 0.16), color)
        case "curly":
            _mass(canvas, _curls(yaw, 0.30), darker(color, 0.2))
        case _:
            pass
    canvas.restore()


def draw_hair_over(canvas: skia.Canvas, head: Head, driver: Driver) -> None:
    """Paint the cap of hair and the hat."""
    enter(canvas, head)
    if driver.hair != "bald":
        _draw_cap(canvas, head.yaw, driver)
    match driver.hat:
        case "cap":
            _draw_baseball(canvas, head.yaw, driver.hat_color)
        case "beanie":
            _draw_beanie(canvas, head.yaw, driver.hat_color)
        case "brim":
            _draw_brim(canvas, head.yaw, driver.hat_color)
        case _:
            pass
    canvas.restore()


def _draw_cap(canvas: skia.Canvas, yaw: float, driver: Driver) -> None:
    color = driver.hair_color
    points = between(_CAP_FRONT, _CAP_SIDE, yaw)
    if driver.hair == "buzz":
        canvas.drawPath(
            smooth([(x * 0.965, y * 0.955) for x, y in points], tension=0.8),
            fill(color, 0.85, blur=0.005),
        )
        return
    volume = {"short": 1.0, "swept": 1.05, "bun": 1.0, "ponytail": 1.0}.get(driver.hair, 1.05)
    cap = smooth([(x * volume, y * volume if y < 0 else y) for x, y in points], tension=0.85)
    if driver.hair == "curly" and driver.hat == "none":
        cap = union(cap, _curls(yaw, -0.1))
    if driver.hair == "swept":
        front = [(0.30, -0.34), (0.34, -0.52), (0.08, -0.67), (-0.26, -0.58), (-0.22, -0.36)]
        side = [(0.36, -0.34), (0.34, -0.54), (0.08, -0.66), (-0.2, -0.58), (0.1, -0.40)]
        _mass(canvas, smooth(between(front, side, yaw)), color)
    _mass(canvas, cap, color)
    _strands(canvas, cap, yaw, color)
    if driver.hair in ("bob", "long"):
        _mass(canvas, _lock(yaw, 0.34 if driver.hair == "bob" else 0.85), color)


def _mass(canvas: skia.Canvas, path: skia.Path, color: Color) -> None:
    canvas.drawPath(path, fill(color))
    model(canvas, path, color, 0.17, 0.45)


def _strands(canvas: skia.Canvas, cap: skia.Path, yaw: float, color: Color) -> None:
    canvas.save()
    canvas.clipPath(cap, doAntiAlias=True)
    part = around(yaw, 0, 0.26)
    for index in range(7):
        spread = -0.5 + index * 0.085
        strand = smooth(
            [(part, -0.56), ((part + spread) / 2 - 0.04, -0.46 + index * 0.01),
             (spread, -0.16 + index * 0.02), (spread + 0.02, 0.2)],
            closed=False,
        )  # fmt: skip
        tone = lighter(color, 0.3) if index % 2 else darker(color, 0.5)
        canvas.drawPath(strand, stroke(tone, 0.014, 0.32))
    canvas.restore()


def _drop(yaw: float, length: float) -> skia.Path:
    """Hair that falls behind the shoulders, `length` below the middle of the head."""
    front: list[Point] = [
        (0.36, -0.40), (0.46, 0.0), (0.48, length * 0.6), (0.40, length), (0.1, length * 0.9),
        (-0.2, length * 0.95), (-0.44, length), (-0.50, length * 0.5), (-0.46, -0.05),
        (-0.36, -0.42),
    ]  # fmt: skip
    side: list[Point] = [
        (0.10, -0.40), (0.06, 0.0), (0.04, length * 0.6), (-0.02, length), (-0.2, length * 1.02),
        (-0.36, length * 1.0), (-0.50, length * 0.85), (-0.54, length * 0.4), (-0.53, -0.1),
        (-0.36, -0.46),
    ]  # fmt: skip
    return smooth(between(front, side, yaw))


def _lock(yaw: float, length: float) -> skia.Path:
    """Hair that falls over the ear on the near side."""
    front: list[Point] = [
        (-0.28, -0.34), (-0.30, 0.0), (-0.29, length * 0.7), (-0.36, length), (-0.46, length * 0.8),
        (-0.45, 0.1), (-0.40, -0.25),
    ]  # fmt: skip
    side: list[Point] = [
        (0.12, -0.30), (0.0, 0.02), (0.0, length * 0.6), (-0.08, length), (-0.34, length * 0.9),
        (-0.40, 0.1), (-0.20, -0.34),
    ]  # fmt: skip
    return smooth(between(front, side, yaw))


def _curls(yaw: float, lowest: float) -> skia.Path:
    """A cloud of round curls along the back of the head and the crown."""
    center, side = around(yaw, 180, 0.08), profile_share(yaw)
    path = skia.Path()
    for index in range(15):
        angle = math.radians(150 + index * 13.5) if lowest < 0 else math.radians(100 + index * 17)
        x, y = center + math.cos(angle) * 0.43, -0.14 + math.sin(angle) * 0.42
        path.addPath(oval((x, y), 0.13, 0.12))
    if lowest < 0:  # over the brow there are none when the face looks at the camera
        path.addPath(oval((center - 0.06 * side, -0.38 + 0.16 * side), 0.36, 0.16 + 0.14 * side))
    return skia.Simplify(path)


def _draw_baseball(canvas: skia.Canvas, yaw: float, color: Color) -> None:
    crown = smooth(
        between(
            [
                (0.38, -0.20),
                (0.36, -0.42),
                (0.0, -0.64),
                (-0.36, -0.42),
                (-0.39, -0.20),
                (0.0, -0.28),
            ],
            [
                (0.37, -0.24),
                (0.33, -0.48),
                (0.0, -0.65),
                (-0.40, -0.50),
                (-0.51, -0.13),
                (-0.1, -0.22),
            ],
            yaw,
        )
    )
    _mass(canvas, crown, color)
    x = around(yaw, 0, 0.40)
    peak = smooth(
        [(x - 0.34, -0.25), (x - 0.05, -0.31), (x + 0.26, -0.24), (x + 0.28, -0.19), (x, -0.20)]
    )
    _mass(canvas, peak, darker(color, 0.2))


def _draw_beanie(canvas: skia.Canvas, yaw: float, color: Color) -> None:
    crown = smooth(
        between(
            [
                (0.40, -0.18),
                (0.38, -0.42),
                (0.0, -0.66),
                (-0.38, -0.42),
                (-0.40, -0.18),
                (0.0, -0.22),
            ],
            [
                (0.38, -0.22),
                (0.34, -0.48),
                (-0.06, -0.66),
                (-0.46, -0.50),
                (-0.54, -0.06),
                (-0.1, -0.12),
            ],
            yaw,
        )
    )
    _mass(canvas, crown, color)
    low = between([(0.39, -0.20), (0.0, -0.25), (-0.39, -0.20)],
                  [(0.37, -0.25), (-0.1, -0.17), (-0.52, -0.10)], yaw)  # fmt: skip
    canvas.drawPath(smooth(low, closed=False), stroke(lighter(color, 0.12), 0.085))


def _draw_brim(canvas: skia.Canvas, yaw: float, color: Color) -> None:
    crown = smooth(
        between(
            [
                (0.36, -0.30),
                (0.33, -0.66),
                (0.0, -0.62),
                (-0.33, -0.66),
                (-0.36, -0.30),
                (0.0, -0.28),
            ],
            [
                (0.34, -0.32),
                (0.28, -0.68),
                (-0.06, -0.64),
                (-0.38, -0.66),
                (-0.46, -0.24),
                (0.0, -0.26),
            ],
            yaw,
        ),
        tension=0.8,
    )
    _mass(canvas, crown, color)
    canvas.drawPath(oval((-0.03, -0.28), 0.58, 0.085, 5), fill(darker(color, 0.2)))
    canvas.drawPath(oval((-0.03, -0.295), 0.56, 0.06, 5), fill(lighter(color, 0.08)))
    canvas.drawPath(oval((-0.04, -0.34), 0.42, 0.05, 5), fill(darker(color, 0.55)))
