"""The simulated cabin: ten behaviours, repeatable, varied, never failing."""

import math
from dataclasses import replace

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.cabin.draw import draw, encode
from producers.cabin.pose import Arm, Grip, Held, Pose, bend, on_wheel, radio, solve
from producers.cabin.scene import (
    BEHAVIOURS,
    Behaviour,
    Scene,
    random_cabin,
    random_driver,
    random_scene,
)

# Postures per behaviour that the pose tests look at; solving one takes 50 microseconds.
MANY = range(60)


def scene_of(behaviour: int, seed: int) -> Scene:
    return random_scene(np.random.default_rng(seed), behaviour)


def poses(behaviour: Behaviour) -> list[tuple[Scene, Pose]]:
    scenes = [scene_of(behaviour, seed) for seed in MANY]
    return [(scene, solve(scene)) for scene in scenes]


def to_rim(scene: Scene, arm: Arm) -> float:
    """Base pixels from the palm to the nearest point of the steering wheel's rim."""
    rim = [on_wheel(scene.cabin, degrees) for degrees in range(0, 360, 3)]
    return min(math.dist(arm.palm[:2], point) for point in rim)


def test_behaviours_are_the_ints_zero_to_nine() -> None:
    assert list(BEHAVIOURS) == list(range(10))


def test_an_unknown_behaviour_is_refused() -> None:
    with pytest.raises(ValueError, match="10 is not a valid Behaviour"):
        scene_of(10, 0)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_each_behaviour_draws_at_the_given_size(behaviour: int) -> None:
    image = draw(scene_of(behaviour, 5), width=200, height=150)
    assert image.shape == (150, 200, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10  # a picture, not a flat colour


def test_a_size_below_one_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 10 pixels"):
        draw(scene_of(0, 0), width=0, height=10)


def test_the_same_seed_gives_the_same_scene() -> None:
    assert scene_of(4, 11) == scene_of(4, 11)


def test_the_same_scene_gives_the_same_bytes() -> None:
    first, second = (encode(draw(scene_of(6, 3), 160, 120), 80) for _ in range(2))
    assert first == second


def test_the_jpeg_is_the_picture() -> None:
    image = draw(scene_of(2, 8), 160, 120)
    decoded = simplejpeg.decode_jpeg(encode(image, 95))
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 6


def test_a_driver_and_a_cabin_stay_while_the_behaviour_changes() -> None:
    rng = np.random.default_rng(1)
    driver, cabin = random_driver(rng), random_cabin(rng)
    scenes = [random_scene(rng, behaviour, driver, cabin) for behaviour in BEHAVIOURS]
    assert {(scene.driver, scene.cabin) for scene in scenes} == {(driver, cabin)}


def test_drivers_differ_in_looks_and_in_pixels() -> None:
    rng = np.random.default_rng(2)
    drivers = [random_driver(rng) for _ in range(50)]
    assert len(set(drivers)) == 50
    scene = scene_of(0, 4)
    pictures = {draw(replace(scene, driver=driver), 64, 48).tobytes() for driver in drivers[:8]}
    assert len(pictures) == 8


def test_the_world_outside_moves_with_the_metres_travelled() -> None:
    scene = scene_of(0, 4)
    later = replace(scene, outside=replace(scene.outside, travelled=scene.outside.travelled + 3))
    change = np.abs(draw(scene, 160, 120).astype(int) - draw(later, 160, 120)).mean(axis=2)
    assert change[:45].mean() > 3 * change[75:].mean()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BEHAVIOURS), st.integers(0, 2**32 - 1), st.integers(1, 48))
def test_no_random_scene_fails(behaviour: int, seed: int, width: int) -> None:
    assert draw(scene_of(behaviour, seed), width, 24).shape == (24, width, 3)


def test_safe_driving_has_both_hands_on_the_wheel() -> None:
    for scene, pose in poses(Behaviour.SAFE):
        assert to_rim(scene, pose.near) < 25
        assert to_rim(scene, pose.far) < 25


@pytest.mark.parametrize("behaviour", [Behaviour.TEXTING_RIGHT, Behaviour.PHONE_RIGHT])
def test_the_right_hand_holds_the_phone_and_the_left_one_steers(behaviour: Behaviour) -> None:
    for scene, pose in poses(behaviour):
        assert (pose.near.held, pose.far.held) == (Held.PHONE, Held.NOTHING)
        assert to_rim(scene, pose.far) < 25


@pytest.mark.parametrize("behaviour", [Behaviour.TEXTING_LEFT, Behaviour.PHONE_LEFT])
def test_the_left_hand_holds_the_phone_and_the_right_one_steers(behaviour: Behaviour) -> None:
    for scene, pose in poses(behaviour):
        assert (pose.far.held, pose.near.held) == (Held.PHONE, Held.NOTHING)
        assert to_rim(scene, pose.near) < 25


def test_a_call_on_the_right_is_at_the_right_ear() -> None:
    for _, pose in poses(Behaviour.PHONE_RIGHT):
        assert math.dist(pose.near.palm[:2], pose.head.ear) < 0.4 * pose.head.height


def test_a_call_on_the_left_is_beyond_the_face() -> None:
    for _, pose in poses(Behaviour.PHONE_LEFT):
        assert math.dist(pose.far.palm[:2], pose.head.center) < 0.8 * pose.head.height
        assert pose.far.palm[2] < 0


@pytest.mark.parametrize("behaviour", [Behaviour.TEXTING_RIGHT, Behaviour.TEXTING_LEFT])
def test_who_texts_looks_down_at_a_phone_in_front_of_the_chest(behaviour: Behaviour) -> None:
    found = poses(behaviour)
    arms = [pose.far if scene.posture.left_handed else pose.near for scene, pose in found]
    assert np.mean([pose.head.tilt for _, pose in found]) > 10
    assert all(
        arm.palm[1] > pose.head.center[1] for arm, (_, pose) in zip(arms, found, strict=True)
    )


def test_the_radio_is_touched_by_the_right_hand() -> None:
    for scene, pose in poses(Behaviour.RADIO):
        assert pose.near.grip is Grip.TOUCH
        assert math.dist(pose.near.palm[:2], radio(scene.cabin)) < 75


def test_a_drink_is_at_the_mouth() -> None:
    for scene, pose in poses(Behaviour.DRINKING):
        arm = pose.far if scene.posture.left_handed else pose.near
        assert arm.held in (Held.CUP, Held.BOTTLE)
        assert math.dist(arm.palm[:2], pose.head.mouth) < 0.6 * pose.head.height


def test_reaching_behind_takes_the_right_hand_behind_the_seat() -> None:
    for _, pose in poses(Behaviour.REACHING_BEHIND):
        assert pose.near.palm[0] < pose.near.shoulder[0] - 40


def test_grooming_has_a_hand_at_the_head() -> None:
    for scene, pose in poses(Behaviour.GROOMING):
        arm = pose.far if scene.posture.left_handed else pose.near
        assert math.dist(arm.palm[:2], pose.head.center) < 1.0 * pose.head.height


def test_talking_turns_the_face_to_the_passenger() -> None:
    assert all(pose.head.yaw < 60 for _, pose in poses(Behaviour.TALKING))


def test_driving_keeps_the_face_to_the_road() -> None:
    assert all(pose.head.yaw > 45 for _, pose in poses(Behaviour.SAFE))


@given(st.tuples(*[st.floats(-400, 400)] * 3), st.tuples(*[st.floats(0.1, 1)] * 3))
def test_the_elbow_keeps_both_bones_at_their_length(
    wrist: tuple[float, float, float], pole: tuple[float, float, float]
) -> None:
    elbow, hand = bend((0, 0, 0), wrist, (200.0, 180.0), pole)
    assert math.dist((0, 0, 0), elbow) == pytest.approx(200, abs=0.01)
    assert math.dist(elbow, hand) == pytest.approx(180, abs=0.01)
