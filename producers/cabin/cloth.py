"""Clothes: a body painted in the shirt's colour and pattern."""

from __future__ import annotations

import skia

from producers.cabin.brush import darker, fill, lighter, model, stroke
from producers.cabin.scene import Driver


def dress(
    canvas: skia.Canvas, path: skia.Path, driver: Driver, degrees: float, depth: float
) -> None:
    """Fill a body with the driver's shirt; `degrees` is the way the pattern runs."""
    canvas.drawPath(path, fill(driver.shirt))
    if driver.pattern != "plain":
        _weave(canvas, path, driver, degrees)
    model(canvas, path, driver.shirt, depth, 0.55)


def _weave(canvas: skia.Canvas, path: skia.Path, driver: Driver, degrees: float) -> None:
    bounds = path.computeTightBounds()
    reach = max(bounds.width(), bounds.height()) * 0.75
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    canvas.translate(bounds.centerX(), bounds.centerY())
    canvas.rotate(degrees)
    match driver.pattern:
        case "stripes":
            _lines(canvas, reach, 22, stroke(driver.accent, 8, 0.85))
        case "pinstripe":
            _lines(canvas, reach, 9, stroke(lighter(driver.shirt, 0.45), 1.4, 0.7))
        case "plaid":
            for turn, alpha in ((0, 0.45), (90, 0.45)):
                canvas.save()
                canvas.rotate(turn)
                _lines(canvas, reach, 26, stroke(driver.accent, 9, alpha))
                _lines(canvas, reach, 26, stroke(darker(driver.shirt, 0.5), 1.6, 0.5), 13)
                canvas.restore()
        case _:
            _dots(canvas, reach, fill(driver.accent, 0.85))
    canvas.restore()


def _lines(
    canvas: skia.Canvas, reach: float, gap: float, paint: skia.Paint, start: float = 0.0
) -> None:
    count = int(reach / gap) + 1
    for index in range(-count, count + 1):
        y = start + index * gap
        canvas.drawLine(-reach, y, reach, y, paint)


def _dots(canvas: skia.Canvas, reach: float, paint: skia.Paint) -> None:
    gap = 17
    count = int(reach / gap) + 1
    for row in range(-count, count + 1):
        for column in range(-count, count + 1):
            canvas.drawCircle((column + row % 2 * 0.5) * gap, row * gap, 3.2, paint)
