"""The few strokes everything in the cabin is painted with.

Colours are (red, green, blue) in 0..255, points are (x, y) in base coordinates, y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import skia

Color = tuple[float, float, float]
Point = tuple[float, float]

# Where the light comes from in the picture: through the side window, above and ahead.
LIGHT: Point = (0.45, -0.89)

# Layers in a soft shadow: fewer show their edges.
_SOFT_STEPS = 5


def mix(first: Color, second: Color, share: float) -> Color:
    """Blend towards `second` by `share` in 0..1."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
        first[2] + (second[2] - first[2]) * share,
    )


def darker(color: Color, share: float) -> Color:
    """Blend towards a cool near-black, as shade under a sky is bluish and never fully black."""
    return mix(color, (14, 15, 20), share)


def lighter(color: Color, share: float) -> Color:
    """Blend towards a warm white, as the light that falls in is that of the sun."""
    return mix(color, (255, 250, 238), share)


def argb(color: Color, alpha: float = 1.0) -> int:
    """Pack a colour and an opacity in 0..1 as skia wants it."""
    red, green, blue = (max(0, min(255, round(part))) for part in color)
    return int(skia.ColorSetARGB(max(0, min(255, round(alpha * 255))), red, green, blue))


def fill(color: Color, alpha: float = 1.0, blur: float = 0.0) -> skia.Paint:
    """A flat paint; `blur` is the sigma of a soft edge in base pixels."""
    paint = skia.Paint(AntiAlias=True, Color=argb(color, alpha))
    if blur > 0:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return paint


def stroke(color: Color, width: float, alpha: float = 1.0, blur: float = 0.0) -> skia.Paint:
    """A round-ended line of `width` base pixels."""
    paint = fill(color, alpha, blur)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(width)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    return paint


def ramp(
    start: Point, end: Point, colors: Sequence[Color], alphas: Sequence[float] = ()
) -> skia.Paint:
    """A linear gradient of evenly spaced colours from `start` to `end`."""
    opacity = alphas or [1.0] * len(colors)
    packed = [argb(color, alpha) for color, alpha in zip(colors, opacity, strict=True)]
    shader = skia.GradientShader.MakeLinear(points=[start, end], colors=packed)
    return skia.Paint(AntiAlias=True, Shader=shader)


def glow(center: Point, radius: float, color: Color, alpha: float) -> skia.Paint:
    """A radial gradient that fades to nothing at `radius`."""
    shader = skia.GradientShader.MakeRadial(
        center=center, radius=radius, colors=[argb(color, alpha), argb(color, 0.0)]
    )
    return skia.Paint(AntiAlias=True, Shader=shader)


def polygon(points: Sequence[Point]) -> skia.Path:
    """A closed path with straight sides."""
    path = skia.Path()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.close()
    return path


def smooth(points: Sequence[Point], closed: bool = True, tension: float = 1.0) -> skia.Path:
    """A curve through all points: Catmull-Rom, written as cubic Beziers (tension 1 is uniform)."""
    count = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for index in range(count if closed else count - 1):
        here, there = points[index], points[(index + 1) % count]
        before = points[(index - 1) % count] if closed or index else here
        after = points[(index + 2) % count] if closed or index + 2 < count else there
        step = tension / 6
        path.cubicTo(
            here[0] + (there[0] - before[0]) * step,
            here[1] + (there[1] - before[1]) * step,
            there[0] - (after[0] - here[0]) * step,
            there[1] - (after[1] - here[1]) * step,
            *there,
        )
    if closed:
        path.close()
    return path


def oval(center: Point, radius_x: float, radius_y: float, degrees: float = 0.0) -> skia.Path:
    """An ellipse turned clockwise by `degrees`."""
    path = skia.Path()
    path.addOval(
        skia.Rect.MakeLTRB(
            center[0] - radius_x, center[1] - radius_y, center[0] + radius_x, center[1] + radius_y
        )
    )
    if degrees:
        path.transform(skia.Matrix().setRotate(degrees, *center))
    return path


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> skia.Path:
    """A rectangle with round corners."""
    path = skia.Path()
    path.addRoundRect(skia.Rect.MakeLTRB(left, top, right, bottom), radius, radius)
    return path


def tapered(start: Point, end: Point, start_radius: float, end_radius: float) -> skia.Path:
    """A capsule that is thicker at one end: the common hull of two circles."""
    length = math.dist(start, end)
    if length <= abs(start_radius - end_radius):
        return oval(start, start_radius, start_radius)
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    opening = math.acos((start_radius - end_radius) / length)
    path = oval(start, start_radius, start_radius)
    corners = [
        (
            center[0] + radius * math.cos(heading + side * opening),
            center[1] + radius * math.sin(heading + side * opening),
        )
        for center, radius, side in (
            (start, start_radius, 1),
            (end, end_radius, 1),
            (end, end_radius, -1),
            (start, start_radius, -1),
        )
    ]
    body = skia.Op(path, polygon(corners), skia.kUnion_PathOp)
    return skia.Op(body, oval(end, end_radius, end_radius), skia.kUnion_PathOp)


def cuffed(start: Point, end: Point, start_radius: float, end_radius: float) -> skia.Path:
    """A sleeve: round at the shoulder, cut with a slight bow at its end."""
    length = math.dist(start, end) or 1.0
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    path = skia.Path()
    path.moveTo(start[0] - along[1] * start_radius, start[1] + along[0] * start_radius)
    path.lineTo(end[0] - along[1] * end_radius, end[1] + along[0] * end_radius)
    bow = end_radius * 0.35
    path.quadTo(
        end[0] + along[0] * bow,
        end[1] + along[1] * bow,
        end[0] + along[1] * end_radius,
        end[1] - along[0] * end_radius,
    )
    path.lineTo(start[0] + along[1] * start_radius, start[1] - along[0] * start_radius)
    path.close()
    return union(oval(start, start_radius, start_radius), path)


def union(*paths: skia.Path) -> skia.Path:
    """The outline around all paths together."""
    joined = paths[0]
    for path in paths[1:]:
        joined = skia.Op(joined, path, skia.kUnion_PathOp)
    return joined


def form(
    canvas: skia.Canvas, path: skia.Path, color: Color, depth: float = 10.0, strength: float = 0.5
) -> None:
    """Paint a rounded body: lit along the edge that faces the light, shaded along the other.

    `depth` is how far, in base pixels, the shade reaches in; `strength` how deep it is, 0..1.
    """
    canvas.drawPath(path, fill(color))
    model(canvas, path, color, depth, strength)


def model(
    canvas: skia.Canvas, path: skia.Path, color: Color, depth: float, strength: float
) -> None:
    """Lay light and shade inside a path that is already painted (see `form`)."""
    canvas.save()
    canvas.clipPath(path)  # hard: under a soft stroke nobody sees it, and it saves a sixth
    for way, tone, alpha in (
        (-1, darker(color, 0.8), strength),
        (1, lighter(color, 0.55), strength * 0.5),
    ):
        canvas.save()
        canvas.translate(way * LIGHT[0] * depth * 0.45, way * LIGHT[1] * depth * 0.45)
        canvas.drawPath(path, stroke(tone, depth * 0.9, alpha, blur=depth * 0.42))
        canvas.restore()
    canvas.restore()


def slab(canvas: skia.Canvas, path: skia.Path, color: Color, strength: float = 0.5) -> None:
    """Paint a part of the car: lit from the window side, with a fine bright edge.

    Cheaper than `form` by the blurs that a body needs and a moulded surface does not.
    """
    bounds = path.computeTightBounds()
    middle, reach = (bounds.centerX(), bounds.centerY()), (bounds.width() + bounds.height()) / 4
    start = (middle[0] + LIGHT[0] * reach, middle[1] + LIGHT[1] * reach)
    end = (middle[0] - LIGHT[0] * reach, middle[1] - LIGHT[1] * reach)
    tones = [lighter(color, 0.34 * strength), color, darker(color, 0.8 * strength)]
    canvas.drawPath(path, ramp(start, end, tones))
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    canvas.drawPath(path, stroke(darker(color, 0.7), 6, 0.45))
    canvas.translate(-LIGHT[0] * 3, -LIGHT[1] * 3)
    canvas.drawPath(path, stroke(lighter(color, 0.5), 2, 0.4))
    canvas.restore()


def cast(canvas: skia.Canvas, path: skia.Path, shift: Point, blur: float, alpha: float) -> None:
    """Let a body throw a soft shadow on whatever is already painted."""
    canvas.save()
    canvas.translate(*shift)
    soft(canvas, path, (6, 7, 12), blur, alpha)
    canvas.restore()


def soft(canvas: skia.Canvas, path: skia.Path, color: Color, blur: float, alpha: float) -> None:
    """Fill a path with an edge that fades over about twice `blur` base pixels to each side.

    A stack of wider and wider fills: a shadow is seen beside its body only, where the steps are
    below the sensor's noise, and skia's blur of a large body is five times as slow.
    """
    layer = 1 - math.pow(1 - alpha, 1 / _SOFT_STEPS)
    for step in range(_SOFT_STEPS):
        paint = stroke(color, max(0.01, blur * 3.2 * step / _SOFT_STEPS), layer)
        paint.setStyle(skia.Paint.kStrokeAndFill_Style)
        canvas.drawPath(path, paint)
