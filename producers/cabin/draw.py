"""From a scene to pixels: the layers in order, the camera, the light, the sensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simplejpeg
import skia

from producers.cabin import sensor
from producers.cabin.body import draw_arm, draw_belt, draw_legs, draw_neck, draw_trunk
from producers.cabin.brush import Color, fill, glow, polygon, ramp, soft
from producers.cabin.hair import draw_hair_behind, draw_hair_over
from producers.cabin.head import draw_face, draw_glasses
from producers.cabin.interior import (
    draw_armrest,
    draw_console,
    draw_dashboard,
    draw_seat,
    draw_shell,
    side_window,
)
from producers.cabin.outside import draw_outside
from producers.cabin.pose import Pose, solve
from producers.cabin.scene import Behaviour, Scene
from producers.cabin.wheel import draw_column, draw_wheel

Image = npt.NDArray[np.uint8]

BASE_WIDTH, BASE_HEIGHT = 640, 480

# How dark the air in the cabin is at each hour.
_GLOOM = {"day": 0.0, "overcast": 0.06, "dusk": 0.18, "night": 0.42}


def draw(scene: Scene, width: int = BASE_WIDTH, height: int = BASE_HEIGHT) -> Image:
    """Draw the scene as RGB pixels of shape (height, width, 3).

    Raises:
        ValueError: width or height is below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(
            f"An image of {width} x {height} pixels cannot be drawn; each side needs 1."
        )
    surface = skia.Surface(width, height)
    with surface as canvas:
        canvas.concat(_view(scene, width, height))
        _paint(canvas, scene, solve(scene))
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
    exposed = sensor.expose(np.ascontiguousarray(pixels[:, :, :3]), scene.light)
    return sensor.sense(exposed, scene.camera)


def encode(image: Image, quality: int) -> bytes:
    """Compress RGB pixels to JPEG at a quality of 1 to 100."""
    pixels = np.ascontiguousarray(image)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorspace="RGB"))


def _view(scene: Scene, width: int, height: int) -> skia.Matrix:
    """Base coordinates to pixels: mounting and shake of the camera about the frame's middle."""
    cabin, camera = scene.cabin, scene.camera
    zoom = cabin.zoom * camera.zoom
    view = skia.Matrix()
    view.setScale(width / BASE_WIDTH, height / BASE_HEIGHT)
    view.preTranslate(
        BASE_WIDTH / 2 + cabin.shift[0] + camera.shift[0],
        BASE_HEIGHT / 2 + cabin.shift[1] + camera.shift[1],
    )
    lens = skia.Matrix()
    lens.setPerspX(cabin.keystone[0])
    lens.setPerspY(cabin.keystone[1])
    view.preConcat(lens)
    view.preRotate(cabin.rotation + camera.rotation)
    view.preScale(zoom, zoom)
    view.preTranslate(-BASE_WIDTH / 2, -BASE_HEIGHT / 2)
    return view


def _paint(canvas: skia.Canvas, scene: Scene, pose: Pose) -> None:
    """Lay every layer, furthest first."""
    cabin, night = scene.cabin, scene.light.hour == "night"
    draw_outside(canvas, scene.outside, scene.light.hour, sum(cabin.sill) / 2 - 26)
    draw_shell(canvas, cabin)
    draw_dashboard(canvas, cabin, night)
    draw_column(canvas, cabin)
    draw_seat(canvas, cabin)
    draw_legs(canvas, pose, scene.driver)
    _shade(canvas, scene)
    draw_wheel(canvas, cabin)
    _paint_driver(canvas, scene, pose)
    _flood(canvas, scene)


def _paint_driver(canvas: skia.Canvas, scene: Scene, pose: Pose) -> None:
    cabin, driver, act = scene.cabin, scene.driver, scene.behaviour
    draw_hair_behind(canvas, pose.head, driver)
    draw_arm(canvas, pose.far, driver, neck=None, at_ear=act is Behaviour.PHONE_LEFT)
    draw_trunk(canvas, pose, driver)
    draw_belt(canvas, pose, cabin)
    draw_neck(canvas, pose, driver)
    draw_face(canvas, pose.head, driver, talking=act is Behaviour.TALKING)
    draw_hair_over(canvas, pose.head, driver)
    draw_glasses(canvas, pose.head, driver)
    draw_console(canvas, cabin, scene.light.hour == "night")
    if cabin.armrest:
        draw_armrest(canvas, cabin)
    draw_arm(canvas, pose.near, driver, neck=pose.neck, at_ear=act is Behaviour.PHONE_RIGHT)


def _shade(canvas: skia.Canvas, scene: Scene) -> None:
    """Let the depth of the cabin fall into shade, as light comes in above."""
    gloom = _GLOOM[scene.light.hour]
    deep = (8, 9, 14)
    canvas.drawRect(
        skia.Rect.MakeLTRB(-200, 160, 860, 700),
        ramp((320, 170), (290, 540), [deep, deep], (gloom * 0.3, 0.36 + gloom * 0.5)),
    )


def _flood(canvas: skia.Canvas, scene: Scene) -> None:
    """Bleed the window into the cabin, or at night the glow of the instruments."""
    light = scene.light
    tone = {"day": (255, 252, 240), "overcast": (236, 242, 250), "dusk": (255, 190, 120)}
    if light.hour not in tone:
        canvas.drawPaint(fill((10, 14, 34), 0.28))
        canvas.drawPaint(glow((560, 190), 380, (110, 160, 235), 0.22))
        return
    glare = fill(tone[light.hour], 0.40 * light.haze, blur=26)
    glare.setBlendMode(skia.BlendMode.kScreen)
    canvas.drawPath(side_window(scene.cabin), glare)
    if light.hour != "overcast":
        _shafts(canvas, tone[light.hour], light.haze)


def _shafts(canvas: skia.Canvas, color: Color, haze: float) -> None:
    """Sunbeams that fall through the window on chest and lap."""
    canvas.save()
    canvas.clipRect(skia.Rect.MakeLTRB(-200, 150, 860, 700))
    for left, width in ((330, 70), (480, 130)):
        beam = polygon(
            [(left, 130), (left + width, 130), (left + width - 200, 620), (left - 270, 620)]
        )
        soft(canvas, beam, color, 18, 0.10 * haze)
    canvas.restore()
