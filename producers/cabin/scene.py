"""Everything that can vary in one simulated picture, as plain frozen values, and its chance.

The same generator state gives the same scene; nothing here draws or keeps state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import numpy as np

from producers.cabin import wardrobe
from producers.cabin.wardrobe import Color

T = TypeVar("T")


class Behaviour(IntEnum):
    """The ten behaviours; the value n stands for class cn. Sides are the driver's."""

    SAFE = 0
    TEXTING_RIGHT = 1
    PHONE_RIGHT = 2
    TEXTING_LEFT = 3
    PHONE_LEFT = 4
    RADIO = 5
    DRINKING = 6
    REACHING_BEHIND = 7
    GROOMING = 8
    TALKING = 9


BEHAVIOURS: tuple[int, ...] = tuple(int(behaviour) for behaviour in Behaviour)


@dataclass(frozen=True)
class Driver:
    """One person, who keeps looks and clothes while the pose changes."""

    skin: Color
    hair: str
    """One of bald, buzz, short, swept, curly, bob, long, ponytail, bun."""
    hair_color: Color
    beard: str
    """One of none, stubble, full, moustache."""
    glasses: str
    """One of none, clear, sun."""
    hat: str
    """One of none, cap, beanie, brim."""
    hat_color: Color
    made_up: bool
    """Lashes, redder lips and an earring."""
    size: float
    """Length of the limbs, 1 is average."""
    girth: float
    """Breadth of the body, 1 is average."""
    head: float
    """Height of the head, 1 is average."""
    sleeve: str
    """One of short, long."""
    pattern: str
    """One of plain, stripes, pinstripe, plaid, dots."""
    shirt: Color
    accent: Color
    collar: bool
    open_jacket: bool
    """A jacket of the shirt's colour, open over a top of the accent colour."""
    trousers: Color
    watch: bool
    phone: Color
    cup: Color


@dataclass(frozen=True)
class Cabin:
    """One car and where its camera is mounted."""

    seat: Color
    trim: Color
    belt: Color
    headrest: tuple[float, float]
    """Centre of the head rest, base pixels."""
    sill: tuple[float, float]
    """Height of the window's lower edge at x = 120 and at x = 560, base pixels."""
    wheel_center: tuple[float, float]
    wheel_radii: tuple[float, float]
    wheel_tilt: float
    """Degrees, clockwise."""
    wheel_color: Color
    armrest: bool
    rotation: float
    """Degrees that the camera is mounted off level."""
    zoom: float
    shift: tuple[float, float]
    keystone: tuple[float, float]
    """Perspective of the mounting, per base pixel."""


@dataclass(frozen=True)
class Light:
    """The hour and how the camera takes it."""

    hour: str
    """One of day, overcast, dusk, night."""
    exposure: float
    """Gain on the whole picture, 1 is neutral."""
    warmth: float
    """-1 (blue) to 1 (amber)."""
    haze: float
    """How much the window bleeds into the cabin, 0..1."""
    contrast: float
    """Slope around middle grey, 1 is neutral."""


@dataclass(frozen=True)
class Camera:
    """What differs between two pictures of one mounted camera: shake and sensor."""

    rotation: float
    zoom: float
    shift: tuple[float, float]
    blur: float
    """Sigma in pixels of a 640 pixel wide picture."""
    noise: float
    """Standard deviation in 8-bit steps."""
    noise_seed: int
    quality: int
    """JPEG quality that suits this picture."""


@dataclass(frozen=True)
class Outside:
    """The world beyond the window."""

    seed: int
    travelled: float
    """Metres since the start: let it grow and the scene moves by."""
    car: Color
    car_at: float
    """Where a car is in the window, 0..1; outside this range there is none."""


@dataclass(frozen=True)
class Posture:
    """Small freedom inside one behaviour: degrees and base pixels."""

    yaw: float
    tilt: float
    twist: float
    """How far the chest is turned to the camera, 0 (ahead) to 1."""
    lean: tuple[float, float]
    head: tuple[float, float]
    hand: tuple[float, float]
    near_wheel: float
    far_wheel: float
    knees: float
    prop: float
    """Chooses between objects, 0..1."""
    left_handed: bool
    """The free hand is the left (decided by the behaviour where its name says the side)."""


@dataclass(frozen=True)
class Scene:
    """One picture, completely."""

    behaviour: Behaviour
    driver: Driver
    cabin: Cabin
    light: Light
    camera: Camera
    outside: Outside
    posture: Posture


def random_driver(rng: np.random.Generator) -> Driver:
    """Cast one driver."""
    skin = _jitter(rng, _choice(rng, wardrobe.SKINS), 2.5)
    womanly = bool(rng.random() < 0.45)
    hairs = ["bob", "long", "long", "ponytail", "bun", "curly", "short"]
    if not womanly:
        hairs = ["short", "short", "swept", "buzz", "bald", "curly"]
    tone = rng.integers(4 if sum(skin) < 420 else len(wardrobe.HAIRS))  # dark skin, dark hair
    shirt = _choice(rng, wardrobe.SHIRTS)
    return Driver(
        skin=skin,
        hair=_choice(rng, hairs),
        hair_color=_jitter(rng, wardrobe.HAIRS[int(tone)], 8),
        beard="none" if womanly else _choice(rng, ["none", "none", "stubble", "full", "moustache"]),
        glasses=_choice(rng, ["none", "none", "none", "clear", "clear", "sun"]),
        hat=_choice(rng, ["none"] * 8 + ["cap", "beanie", "brim"]),
        hat_color=_choice(rng, wardrobe.HATS),
        made_up=womanly,
        size=float(rng.uniform(0.93, 1.06)),
        girth=float(rng.uniform(0.86, 1.24)),
        head=float(rng.uniform(0.94, 1.08)),
        sleeve=_choice(rng, ["short", "long"]),
        pattern=_choice(rng, ["plain", "plain", "plain", "stripes", "pinstripe", "plaid", "dots"]),
        shirt=_jitter(rng, shirt, 8),
        accent=_choice(rng, [color for color in wardrobe.SHIRTS if color != shirt]),
        collar=bool(rng.random() < 0.45),
        open_jacket=bool(rng.random() < 0.22),
        trousers=_jitter(rng, _choice(rng, wardrobe.TROUSERS), 6),
        watch=bool(rng.random() < 0.4),
        phone=_choice(rng, wardrobe.PHONES),
        cup=_choice(rng, wardrobe.CUPS),
    )


def random_cabin(rng: np.random.Generator) -> Cabin:
    """Build one car and mount its camera."""
    level = float(rng.uniform(140, 178))
    return Cabin(
        seat=_jitter(rng, _choice(rng, wardrobe.SEATS), 6),
        trim=_jitter(rng, _choice(rng, wardrobe.TRIMS), 6),
        belt=_choice(rng, wardrobe.BELTS),
        headrest=(float(rng.uniform(62, 104)), float(rng.uniform(106, 150))),
        sill=(level, level - float(rng.uniform(8, 70))),
        wheel_center=(float(rng.uniform(496, 528)), float(rng.uniform(186, 216))),
        wheel_radii=(float(rng.uniform(44, 60)), float(rng.uniform(94, 112))),
        wheel_tilt=float(rng.uniform(4, 16)),
        wheel_color=_jitter(rng, _choice(rng, [(44, 45, 50), (62, 64, 70), (96, 98, 102)]), 5),
        armrest=bool(rng.random() < 0.4),
        rotation=float(rng.uniform(-3.5, 3.5)),
        zoom=float(rng.uniform(0.97, 1.12)),
        shift=(float(rng.uniform(-16, 16)), float(rng.uniform(-14, 14))),
        keystone=(float(rng.uniform(-1.2e-4, 1.2e-4)), float(rng.uniform(-1.2e-4, 1.2e-4))),
    )


def random_light(rng: np.random.Generator) -> Light:
    """Choose an hour, mostly day as in the real pictures, and a camera's answer to it."""
    hour = _choice(rng, ["day"] * 6 + ["overcast"] * 2 + ["dusk", "night"])
    return Light(
        hour=hour,
        exposure=float(rng.uniform(0.88, 1.32)),
        warmth=float(np.clip(rng.normal(-0.05, 0.35), -1, 1)),
        haze=float(rng.uniform(0.15, 0.8)),
        contrast=float(rng.uniform(0.92, 1.16)),
    )


def random_scene(
    rng: np.random.Generator,
    behaviour: int,
    driver: Driver | None = None,
    cabin: Cabin | None = None,
    light: Light | None = None,
) -> Scene:
    """Choose one picture of a behaviour (0..9); driver, cabin and light stay as given.

    Raises:
        ValueError: the behaviour is none of `BEHAVIOURS`.
    """
    act = Behaviour(behaviour)
    return Scene(
        behaviour=act,
        driver=driver or random_driver(rng),
        cabin=cabin or random_cabin(rng),
        light=light or random_light(rng),
        camera=_random_camera(rng),
        outside=Outside(
            seed=int(rng.integers(2**31)),
            travelled=float(rng.uniform(0, 500)),
            car=_choice(rng, wardrobe.CARS),
            car_at=float(rng.uniform(-0.6, 1.6)),
        ),
        posture=_random_posture(rng, act),
    )


def _random_camera(rng: np.random.Generator) -> Camera:
    return Camera(
        rotation=float(rng.normal(0, 0.4)),
        zoom=float(rng.normal(1, 0.006)),
        shift=(float(rng.normal(0, 2)), float(rng.normal(0, 2))),
        blur=float(rng.uniform(0.0, 0.9)),
        noise=float(rng.uniform(0.8, 5.0)),
        noise_seed=int(rng.integers(2**31)),
        quality=int(rng.integers(72, 95)),
    )


# Mean yaw of the head (0 camera, 90 road), its spread, mean tilt (+ down), its spread, chest twist.
_BEARING: dict[Behaviour, tuple[float, float, float, float, float]] = {
    Behaviour.SAFE: (74, 8, -1, 4, 0.0),
    Behaviour.TEXTING_RIGHT: (66, 9, 17, 7, 0.05),
    Behaviour.PHONE_RIGHT: (72, 8, 0, 5, 0.05),
    Behaviour.TEXTING_LEFT: (70, 8, 15, 6, 0.0),
    Behaviour.PHONE_LEFT: (70, 8, 0, 5, 0.0),
    Behaviour.RADIO: (58, 12, 10, 7, 0.1),
    Behaviour.DRINKING: (72, 8, -7, 6, 0.0),
    Behaviour.REACHING_BEHIND: (16, 22, 13, 9, 1.0),
    Behaviour.GROOMING: (66, 12, 0, 6, 0.05),
    Behaviour.TALKING: (16, 11, 2, 5, 0.3),
}

# How often the free hand is the left where the behaviour's name leaves it open.
_LEFT_SHARE = {Behaviour.DRINKING: 0.12, Behaviour.GROOMING: 0.15}


def _random_posture(rng: np.random.Generator, act: Behaviour) -> Posture:
    yaw, yaw_spread, tilt, tilt_spread, twist = _BEARING[act]
    forward = 26.0 if act is Behaviour.RADIO else 0.0
    back = -20.0 if act is Behaviour.REACHING_BEHIND else 0.0
    left = act in (Behaviour.TEXTING_LEFT, Behaviour.PHONE_LEFT)
    left = left or bool(rng.random() < _LEFT_SHARE.get(act, 0.0))
    texting_left = act is Behaviour.TEXTING_LEFT  # the steering arm must not hide the screen
    return Posture(
        yaw=float(np.clip(rng.normal(yaw, yaw_spread), -28, 88)),
        tilt=float(np.clip(rng.normal(tilt, tilt_spread), -18, 30)),
        twist=float(np.clip(rng.normal(twist, 0.12), 0, 1.1)),
        lean=(float(rng.normal(forward + back, 7)), float(rng.normal(0, 6) + abs(forward) * 0.5)),
        head=(float(rng.normal(0, 4)), float(rng.normal(0, 3))),
        hand=(float(rng.normal(0, 13)), float(rng.normal(0, 13))),
        near_wheel=float(rng.uniform(30, 66) if texting_left else rng.uniform(-12, 62)),
        far_wheel=float(rng.uniform(196, 262)),
        knees=float(rng.normal(0, 10)),
        prop=float(rng.random()),
        left_handed=left,
    )


def _choice(rng: np.random.Generator, options: list[T] | tuple[T, ...]) -> T:
    return options[int(rng.integers(len(options)))]


def _jitter(rng: np.random.Generator, color: Color, spread: float) -> Color:
    """Brighter or darker by `spread` (standard deviation, 8-bit steps), the hue nearly kept."""
    change = rng.normal(0, spread) + rng.normal(0, spread / 5, 3)
    red, green, blue = np.clip(np.asarray(color) + change, 0, 255).tolist()
    return (red, green, blue)
