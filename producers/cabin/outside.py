"""The world beyond the side window: sky, trees, field, road and a passing car."""

from __future__ import annotations

import math

import numpy as np
import skia

from producers.cabin.brush import (
    Color,
    argb,
    darker,
    fill,
    glow,
    lighter,
    mix,
    oval,
    ramp,
    rounded,
    smooth,
    stroke,
)
from producers.cabin.scene import Outside

# Sky above, sky at the horizon, leaves, grass, road; for each hour.
_HOURS: dict[str, tuple[Color, Color, Color, Color, Color]] = {
    "day": ((136, 196, 240), (232, 246, 252), (86, 136, 84), (166, 204, 120), (176, 180, 184)),
    "overcast": ((198, 206, 212), (236, 238, 238), (92, 116, 96), (150, 170, 124), (150, 154, 158)),
    "dusk": ((92, 92, 148), (250, 176, 112), (62, 62, 70), (112, 98, 78), (96, 88, 92)),
    "night": ((12, 18, 38), (30, 40, 66), (14, 20, 26), (20, 26, 28), (34, 36, 42)),
}

LEFT, RIGHT = -140.0, 800.0


def draw_outside(canvas: skia.Canvas, outside: Outside, hour: str, road: float) -> None:
    """Paint the view down to just below the sill; the road's far edge is at y = `road`."""
    above, horizon_color, leaves, grass, asphalt = _HOURS[hour]
    horizon = road - 40
    canvas.save()
    canvas.clipRect(skia.Rect.MakeLTRB(LEFT, -120, RIGHT, road + 110))
    sky = skia.Rect.MakeLTRB(LEFT, -160, RIGHT, horizon + 20)
    canvas.drawRect(sky, ramp((0, -60), (0, horizon + 10), [above, horizon_color]))
    rng = np.random.default_rng(outside.seed)
    if hour in ("day", "dusk"):
        at = (float(rng.uniform(150, 620)), horizon - float(rng.uniform(10, 70)))
        sun = (255, 246, 214) if hour == "day" else (255, 190, 110)
        canvas.drawCircle(*at, 150, glow(at, 150, sun, 0.9))
    _hills(canvas, mix(leaves, horizon_color, 0.5), horizon, outside.travelled * 0.25)
    _trees(canvas, rng, leaves, horizon + 6, outside.travelled)
    field = skia.Rect.MakeLTRB(LEFT, horizon + 2, RIGHT, road + 4)
    canvas.drawRect(field, ramp((0, horizon), (0, road), [mix(grass, leaves, 0.35), grass]))
    _fence(canvas, mix(asphalt, (255, 255, 255), 0.5), road - 14, outside.travelled)
    surface = skia.Rect.MakeLTRB(LEFT, road, RIGHT, road + 180)
    canvas.drawRect(surface, ramp((0, road), (0, road + 90), [asphalt, darker(asphalt, 0.15)]))
    _lane(canvas, lighter(asphalt, 0.6), road + 16, outside.travelled)
    if 0 <= outside.car_at <= 1:
        _car(canvas, outside.car, 120 + outside.car_at * 440, road + 14, hour == "night")
    if hour == "night":
        _lamps(canvas, rng, horizon)
    canvas.restore()


def _hills(canvas: skia.Canvas, color: Color, horizon: float, shift: float) -> None:
    steps = [LEFT + 60 * index for index in range(17)]
    ridge = [
        (x, horizon - 16 - 10 * math.sin((x + shift) / 90) - 6 * math.sin((x + shift) / 37))
        for x in steps
    ]
    canvas.drawPath(smooth([*ridge, (RIGHT, horizon + 20), (LEFT, horizon + 20)]), fill(color))


def _trees(
    canvas: skia.Canvas, rng: np.random.Generator, leaves: Color, ground: float, travelled: float
) -> None:
    span = RIGHT - LEFT
    for index in range(11):
        at = LEFT + (index * span / 11 + float(rng.uniform(0, 50)) - travelled * 6) % span
        height = float(rng.uniform(30, 96))
        tone = mix(leaves, (60, 90, 60), float(rng.uniform(0, 0.5)))
        trunk = skia.Rect.MakeLTRB(at - 3, ground - height * 0.4, at + 3, ground)
        canvas.drawRect(trunk, fill(darker(tone, 0.5)))
        for blob in range(3):
            x = at + (blob - 1) * height * 0.24
            y = ground - height * (0.62 if blob == 1 else 0.46)
            radius = height * (0.34 if blob == 1 else 0.27)
            canvas.drawCircle(x, y, radius, fill(tone))
            canvas.drawCircle(
                x + radius * 0.25, y - radius * 0.28, radius * 0.6, fill(lighter(tone, 0.16))
            )


def _fence(canvas: skia.Canvas, color: Color, y: float, travelled: float) -> None:
    paint = stroke(color, 3, 0.8)
    canvas.drawLine(LEFT, y, RIGHT, y, paint)
    canvas.drawLine(LEFT, y + 9, RIGHT, y + 9, paint)
    for index in range(14):
        x = LEFT + (index * 68 - travelled * 20) % (RIGHT - LEFT)
        canvas.drawLine(x, y - 6, x, y + 16, paint)


def _lane(canvas: skia.Canvas, color: Color, y: float, travelled: float) -> None:
    for index in range(8):
        x = LEFT + (index * 118 - travelled * 30) % (RIGHT - LEFT)
        canvas.drawRect(skia.Rect.MakeLTRB(x, y, x + 56, y + 5), fill(color, 0.9))


def _car(canvas: skia.Canvas, color: Color, x: float, y: float, lit: bool) -> None:
    canvas.save()
    canvas.translate(x, y)
    canvas.drawPath(oval((0, 2), 66, 7), fill((10, 12, 16), 0.4, blur=4))
    body = smooth(
        [(-62, -8), (-58, -24), (-34, -28), (-18, -44), (18, -45), (38, -28), (60, -22), (63, -6)],
        tension=0.7,
    )
    canvas.drawPath(body, ramp((0, -44), (0, 0), [lighter(color, 0.3), color, darker(color, 0.3)]))
    glass = smooth([(-30, -28), (-17, -40), (16, -41), (32, -28)], tension=0.5)
    canvas.drawPath(glass, fill((70, 88, 104)))
    canvas.drawRect(skia.Rect.MakeLTRB(-2, -42, 2, -27), fill(color))
    for wheel in (-36, 38):
        canvas.drawCircle(wheel, -4, 11, fill((24, 25, 28)))
        canvas.drawCircle(wheel, -4, 5.5, fill((150, 152, 156)))
    canvas.drawPath(rounded(55, -21, 63, -15, 3), fill((255, 250, 220) if lit else (236, 236, 226)))
    if lit:
        canvas.drawCircle(70, -16, 44, glow((70, -16), 44, (255, 244, 200), 0.8))
    canvas.restore()


def _lamps(canvas: skia.Canvas, rng: np.random.Generator, horizon: float) -> None:
    for _ in range(6):
        x, y = float(rng.uniform(60, 600)), horizon - float(rng.uniform(-20, 60))
        warm = (255, 214, 140) if rng.random() < 0.7 else (200, 224, 255)
        canvas.drawCircle(x, y, 26, glow((x, y), 26, warm, 0.75))
        canvas.drawCircle(x, y, 2.4, skia.Paint(AntiAlias=True, Color=argb(lighter(warm, 0.6))))
