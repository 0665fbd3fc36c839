"""What a hand can hold: phone, cup, bottle, brush, lipstick."""

from __future__ import annotations

import math

import skia

from producers.cabin.brush import (
    argb,
    darker,
    fill,
    lighter,
    mix,
    polygon,
    ramp,
    rounded,
    stroke,
)
from producers.cabin.pose import NEAR_HAND, Arm, Held
from producers.cabin.scene import Driver


def draw_held(canvas: skia.Canvas, arm: Arm, driver: Driver, from_behind: bool) -> None:
    """Paint the thing in this hand, if any, at the scale of the hand."""
    if arm.held is Held.NOTHING:
        return
    canvas.save()
    canvas.translate(arm.palm[0], arm.palm[1])
    scale = arm.hand / NEAR_HAND
    canvas.scale(scale, scale)
    match arm.held:
        case Held.PHONE:
            canvas.rotate(math.degrees(arm.heading) + 90)
            _draw_phone(canvas, driver, from_behind)
        case Held.CUP:
            canvas.translate(-13, -6)
            canvas.rotate(-46)
            _draw_cup(canvas, driver)
        case Held.BOTTLE:
            canvas.translate(-10, -6)
            canvas.rotate(-52)
            _draw_bottle(canvas, driver)
        case Held.BRUSH:
            canvas.rotate(-62)
            _draw_brush(canvas, driver)
        case _:
            canvas.rotate(-38)
            _draw_lipstick(canvas)
    canvas.restore()


def _draw_phone(canvas: skia.Canvas, driver: Driver, from_behind: bool) -> None:
    """Upright, a little ahead of the palm; from behind one sees the case and its lens."""
    body = rounded(-20, -56, 20, 24, 6)
    canvas.drawPath(body, fill((4, 5, 8), 0.45, blur=4))
    canvas.drawPath(
        body, ramp((-20, -50), (20, 20), [lighter(driver.phone, 0.25), darker(driver.phone, 0.2)])
    )
    canvas.drawPath(body, stroke(lighter(driver.phone, 0.4), 1.4, 0.8))
    if from_behind:
        canvas.drawPath(rounded(-15, -51, -2, -34, 5), fill(darker(driver.phone, 0.5)))
        canvas.drawCircle(-8.5, -43, 4, fill((20, 24, 34)))
        canvas.drawCircle(-9.5, -44, 1.4, fill((190, 205, 230)))
        return
    screen = rounded(-16.5, -50, 16.5, 17, 3)
    canvas.drawPath(screen, ramp((-16, -50), (16, 17), [(214, 232, 246), (120, 164, 204)]))
    for row in range(4):
        left = -12 if row % 2 == 0 else -4
        bubble = rounded(left, -42 + row * 13, left + 17, -34 + row * 13, 3)
        canvas.drawPath(bubble, fill((250, 252, 255) if row % 2 == 0 else (98, 178, 120), 0.9))


def _draw_cup(canvas: skia.Canvas, driver: Driver) -> None:
    """A paper cup with a lid, the lid up."""
    body = polygon([(-22, -28), (22, -28), (16, 38), (-16, 38)])
    canvas.drawPath(body, fill((4, 5, 8), 0.4, blur=4))
    tones = [darker(driver.cup, 0.15), lighter(driver.cup, 0.35), darker(driver.cup, 0.4)]
    canvas.drawPath(body, ramp((-22, 0), (22, 0), tones))
    band = polygon([(-20.5, -12), (20.5, -12), (18, 16), (-18, 16)])
    canvas.drawPath(band, fill(mix(driver.cup, (120, 84, 54), 0.6), 0.85))
    canvas.drawPath(rounded(-25, -36, 25, -27, 4), fill((240, 238, 232)))
    canvas.drawPath(rounded(-20, -42, 20, -35, 4), fill((222, 220, 214)))


def _draw_bottle(canvas: skia.Canvas, driver: Driver) -> None:
    """A clear bottle with a label, its neck up."""
    body = rounded(-16, -22, 16, 50, 9)
    neck = rounded(-7, -46, 7, -14, 4)
    canvas.drawPath(body, fill((4, 5, 8), 0.35, blur=4))
    tones = [(168, 206, 222), (232, 246, 250), (118, 162, 184)]
    for path in (neck, body):
        canvas.drawPath(path, ramp((-16, 0), (16, 0), tones, (0.9, 0.85, 0.95)))
    canvas.drawRect(skia.Rect.MakeLTRB(-16, -4, 16, 26), fill(driver.cup))
    canvas.drawRect(skia.Rect.MakeLTRB(-9, -22, -5, 46), fill((255, 255, 255), 0.5, blur=1))


def _draw_brush(canvas: skia.Canvas, driver: Driver) -> None:
    """A hair brush whose bristles look down."""
    canvas.drawPath(rounded(-46, -6, 4, 5, 5), fill(darker(driver.cup, 0.25)))
    canvas.drawPath(rounded(-4, -10, 58, 7, 8), fill(driver.cup))
    bristle = skia.Paint(AntiAlias=True, Color=argb((26, 24, 26)), StrokeWidth=2)
    for index in range(10):
        canvas.drawLine(2 + index * 5.4, 7, 2 + index * 5.4, 19, bristle)


def _draw_lipstick(canvas: skia.Canvas) -> None:
    """A lipstick, its tip up."""
    canvas.drawPath(rounded(-7, -6, 7, 22, 2), fill((24, 24, 28)))
    canvas.drawPath(rounded(-6, -18, 6, -5, 1), fill((212, 178, 98)))
    canvas.drawPath(
        polygon([(-4.5, -18), (4.5, -18), (4.5, -27), (-4.5, -33)]), fill((196, 36, 58))
    )
