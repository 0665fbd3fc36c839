"""The inside of the car: roof, pillars, door, dashboard, console and seat."""

from __future__ import annotations

import skia

from producers.cabin.brush import (
    Color,
    Point,
    cast,
    darker,
    fill,
    glow,
    lighter,
    mix,
    oval,
    polygon,
    ramp,
    rounded,
    slab,
    smooth,
    stroke,
    union,
)
from producers.cabin.pose import radio
from producers.cabin.scene import Cabin


def side_window(cabin: Cabin) -> skia.Path:
    """The front side window, whose lower edge is the sill."""
    left, right = cabin.sill
    return smooth(
        [
            (142, left + 2), (134, left - 40), (150, 34), (176, 16), (300, 2), (430, 0), (520, 14),
            (556, 44), (574, right - 26), (562, right - 2), (350, (left + right) / 2 + 4),
        ],
        tension=0.62,
    )  # fmt: skip


def rear_window(cabin: Cabin) -> skia.Path:
    """The window behind the seat."""
    left = cabin.sill[0]
    return smooth(
        [(-150, left + 22), (-150, 26), (60, 18), (92, 30), (104, left - 10), (96, left + 4)],
        tension=0.5,
    )


def draw_shell(canvas: skia.Canvas, cabin: Cabin) -> None:
    """Paint roof, pillars and door around the windows, which stay open."""
    holes = union(side_window(cabin), rear_window(cabin), _windscreen(cabin))
    shell = skia.Op(rounded(-100, -100, 740, 580, 0), holes, skia.kDifference_PathOp)
    roof = mix(cabin.trim, (196, 192, 184), 0.5)
    shades = [lighter(roof, 0.1), darker(roof, 0.28), darker(cabin.trim, 0.35)]
    canvas.drawPath(shell, ramp((0, -60), (0, 260), shades))
    _draw_pillar(canvas, cabin)
    for hole in (side_window(cabin), rear_window(cabin), _windscreen(cabin)):
        canvas.drawPath(hole, stroke(darker(cabin.trim, 0.72), 9))
        canvas.drawPath(hole, stroke(lighter(cabin.trim, 0.3), 1.6, 0.6))
    _draw_glass(canvas, cabin)
    _draw_door(canvas, cabin)


def _windscreen(cabin: Cabin) -> skia.Path:
    """The sliver of the windscreen between the front pillar and the dashboard."""
    y = cabin.wheel_center[1]
    return smooth(
        [(584, 10), (600, -40), (780, -40), (780, y - 130), (690, y - 134), (632, y - 126)],
        tension=0.4,
    )


def _draw_pillar(canvas: skia.Canvas, cabin: Cabin) -> None:
    left = cabin.sill[0]
    pillar = smooth(
        [(98, -30), (150, -30), (142, 40), (128, left - 20), (140, left + 40), (104, left + 40),
         (108, left - 20), (100, 40)],
        tension=0.5,
    )  # fmt: skip
    canvas.drawPath(
        pillar, ramp((96, 0), (146, 10), [darker(cabin.trim, 0.4), lighter(cabin.trim, 0.1)])
    )
    canvas.drawLine(112, 10, 124, left + 10, stroke(cabin.belt, 7, 0.8))


def _draw_glass(canvas: skia.Canvas, cabin: Cabin) -> None:
    window = side_window(cabin)
    canvas.save()
    canvas.clipPath(window, doAntiAlias=True)
    for x, width in ((250, 46), (316, 14), (460, 30)):
        shine = polygon([(x, -20), (x + width, -20), (x + width - 90, 220), (x - 90, 220)])
        canvas.drawPath(shine, fill((255, 255, 255), 0.10))
    canvas.restore()
    right = cabin.sill[1]
    mirror = smooth(
        [
            (500, right - 36),
            (506, right - 58),
            (552, right - 62),
            (558, right - 34),
            (540, right - 24),
        ],
        tension=0.8,
    )
    slab(canvas, mirror, darker(cabin.trim, 0.5))
    canvas.drawPath(oval((531, right - 44), 17, 11, -6), fill((190, 210, 220), 0.7))


def _draw_door(canvas: skia.Canvas, cabin: Cabin) -> None:
    left, right = cabin.sill
    trim = cabin.trim
    ledge = smooth(
        [(-150, left + 26), (130, left + 10), (350, (left + right) / 2 + 8), (580, right + 4),
         (590, right + 30), (350, (left + right) / 2 + 34), (130, left + 36), (-150, left + 50)],
        tension=0.5,
    )  # fmt: skip
    slab(canvas, ledge, trim, 0.5)
    panel = smooth(
        [(120, left + 60), (330, left + 28), (560, right + 42), (576, right + 120),
         (400, left + 150), (120, left + 190)],
        tension=0.5,
    )  # fmt: skip
    canvas.drawPath(
        panel, ramp((300, left), (340, left + 190), [lighter(trim, 0.22), darker(trim, 0.42)])
    )
    rest = smooth(
        [(250, left + 96), (400, left + 62), (560, right + 78), (560, right + 98), (400, left + 90),
         (250, left + 128)],
        tension=0.5,
    )  # fmt: skip
    cast(canvas, rest, (0, 10), 6, 0.4)
    slab(canvas, rest, lighter(trim, 0.08))
    handle: Point = (398, left + 40 - (left - right) * 0.35)
    canvas.drawPath(oval(handle, 30, 12, -12), fill(darker(trim, 0.7)))
    canvas.drawPath(oval((handle[0] + 3, handle[1] - 2), 21, 5.5, -12), fill(lighter(trim, 0.5)))


def draw_seat(canvas: skia.Canvas, cabin: Cabin) -> None:
    """Paint the head rest, the back and the cushion."""
    x, y = cabin.headrest
    color = cabin.seat
    for post in (-14, 14):
        canvas.drawLine(x + post, y + 40, x + post + 4, y + 100, stroke((150, 152, 156), 6))
    rest = smooth(
        [(x - 44, y - 52), (x + 4, y - 68), (x + 38, y - 52), (x + 48, y + 6), (x + 40, y + 54),
         (x - 4, y + 66), (x - 46, y + 50), (x - 56, y)],
    )  # fmt: skip
    back = smooth(
        [(x - 60, y + 92), (x - 10, y + 74), (x + 46, y + 84), (x + 92, y + 150), (x + 140, 350),
         (x + 214, 470), (x + 190, 620), (-160, 620), (-160, 420), (x - 120, y + 220)],
        tension=0.8,
    )  # fmt: skip
    cushion = smooth(
        [(150, 470), (300, 416), (470, 388), (540, 402), (556, 450), (540, 620), (140, 620)],
        tension=0.7,
    )
    slab(canvas, cushion, darker(color, 0.25), 0.6)
    cast(canvas, back, (10, 4), 12, 0.45)
    slab(canvas, back, color, 0.6)
    _stitch(canvas, back, color, x)
    cast(canvas, rest, (6, 8), 8, 0.45)
    slab(canvas, rest, lighter(color, 0.04), 0.6)


def _stitch(canvas: skia.Canvas, back: skia.Path, color: Color, x: float) -> None:
    canvas.save()
    canvas.clipPath(back, doAntiAlias=True)
    seam = smooth(
        [(x - 66, 560), (x - 40, 400), (x - 26, 300), (x - 4, 226), (x + 30, 216)], closed=False
    )
    canvas.drawPath(seam, stroke(darker(color, 0.6), 4, 0.8))
    canvas.translate(3, 1)
    canvas.drawPath(seam, stroke(lighter(color, 0.35), 1.2, 0.6))
    canvas.restore()


def draw_dashboard(canvas: skia.Canvas, cabin: Cabin, night: bool) -> None:
    """Paint the instrument hood and the dashboard behind the wheel."""
    x, y = cabin.wheel_center
    trim = darker(cabin.trim, 0.12)
    board = smooth(
        [(x + 34, y - 112), (x + 84, y - 140), (x + 200, y - 150), (x + 300, y - 120),
         (x + 300, 620), (x + 66, 620), (x + 72, y + 150), (x + 40, y + 70), (x + 26, y - 30)],
        tension=0.6,
    )  # fmt: skip
    cast(canvas, board, (-8, 6), 12, 0.5)
    slab(canvas, board, trim, 0.6)
    cluster = smooth(
        [
            (x + 66, y - 96),
            (x + 140, y - 106),
            (x + 190, y - 80),
            (x + 180, y - 20),
            (x + 96, y - 16),
        ],
        tension=0.7,
    )
    canvas.drawPath(cluster, fill((14, 15, 19)))
    canvas.drawPath(cluster, stroke(lighter(trim, 0.2), 2.4, 0.7))
    for dial, radius in (((x + 102, y - 58), 23), ((x + 150, y - 62), 20)):
        canvas.drawPath(oval(dial, radius * 0.72, radius), stroke((150, 156, 168), 2, 0.9))
        tint: Color = (255, 90, 60) if night else (226, 74, 60)
        canvas.drawLine(*dial, dial[0] + 9, dial[1] - 11, stroke(tint, 2.4))
    if night:
        canvas.drawCircle(x + 120, y - 60, 90, glow((x + 120, y - 60), 90, (90, 150, 255), 0.5))
    canvas.drawPath(oval((x + 52, y - 84), 9, 24, 10), fill((20, 21, 25)))
    for slat in (-12, -2, 8):
        canvas.drawLine(
            x + 46, y - 82 + slat, x + 58, y - 86 + slat, stroke(lighter(trim, 0.25), 2.2)
        )


def draw_console(canvas: skia.Canvas, cabin: Cabin, night: bool) -> None:
    """Paint the radio stack at the lower right, the ignition key and the gear knob."""
    x, y = radio(cabin)
    trim = darker(cabin.trim, 0.28)
    stack = smooth(
        [(x - 34, y - 66), (x + 30, y - 86), (x + 140, y - 96), (x + 140, 640), (x - 60, 640),
         (x - 54, y + 40)],
        tension=0.5,
    )  # fmt: skip
    slab(canvas, stack, trim, 0.6)
    screen = polygon([(x - 16, y - 50), (x + 84, y - 72), (x + 84, y - 30), (x - 20, y - 10)])
    lit: Color = (70, 150, 190) if night else (48, 74, 88)
    canvas.drawPath(screen, ramp((x - 20, y - 70), (x + 60, y), [lighter(lit, 0.25), lit]))
    canvas.drawPath(screen, stroke((16, 17, 20), 3))
    for row in range(3):
        for column in range(4):
            left, top = x - 20 + column * 24, y + 26 + row * 20 - column * 4
            canvas.drawPath(rounded(left, top, left + 17, top + 11, 3), fill(lighter(trim, 0.16)))
    canvas.drawCircle(x - 4, y + 6, 11, fill((14, 15, 18)))
    canvas.drawCircle(x - 5, y + 5, 8.5, fill(lighter(trim, 0.45)))
    canvas.drawCircle(x - 6, y + 4, 5.5, fill(lighter(trim, 0.2)))
    key = (cabin.wheel_center[0] + 58, cabin.wheel_center[1] + 62)
    canvas.drawCircle(*key, 10, fill(darker(trim, 0.6)))
    canvas.drawCircle(*key, 6.5, fill((176, 178, 182)))
    canvas.drawPath(rounded(key[0] - 3, key[1], key[0] + 4, key[1] + 34, 3), fill((160, 162, 166)))
    _draw_knob(canvas, (x - 62, y + 68), trim)


def _draw_knob(canvas: skia.Canvas, at: Point, trim: Color) -> None:
    canvas.drawLine(at[0], at[1], at[0] + 6, at[1] + 80, stroke(darker(trim, 0.5), 13))
    slab(canvas, oval(at, 21, 24), lighter(trim, 0.22))


def draw_armrest(canvas: skia.Canvas, cabin: Cabin) -> None:
    """Paint the folding arm rest at the near side of the seat."""
    color = lighter(cabin.seat, 0.08)
    rest = smooth(
        [(150, 424), (180, 408), (300, 396), (372, 398), (384, 416), (370, 434), (260, 450),
         (190, 470), (158, 456)],
        tension=0.8,
    )  # fmt: skip
    cast(canvas, rest, (4, 12), 9, 0.5)
    slab(canvas, rest, color, 0.6)
    canvas.drawCircle(196, 440, 7, fill(darker(color, 0.3)))
