"""What doubt is learned from: answers about people the network never saw."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.driver.calibrate import Calibration, calibrate, cross_calibrate, recalibrate, weigh
from model.driver.dataset import Sample
from model.driver.evaluate import Answer
from model.driver.settings import TrainSettings
from schemas.events import Classification, HeatGrids

SETTINGS = TrainSettings()
COLD = HeatGrids(1, 1, (0.0,) * 3, bytes(3))


def answer(truth, shares, residual=0.1):
    said = int(np.argmax(shares))
    verdict = Classification(
        label=said,
        behaviour=str(said),
        confidence=float(shares[said]),
        is_infraction=True,
        abstained=False,
        probabilities=tuple(shares),
        heat=COLD,
        novelty=residual,
    )
    return Answer(Sample(Path("x.jpg"), truth, "ann", "test"), verdict)


def drawn(seed=1, number=2000, sharpness=1.0):
    """Answers whose probabilities are true, then made ``sharpness`` times as sure in logits."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        scores = rng.normal(size=3) * 3
        true = np.exp(scores) / np.exp(scores).sum()
        said = np.exp(scores * sharpness) / np.exp(scores * sharpness).sum()
        found.append(answer(int(rng.choice(3, p=true)), said, float(rng.random())))
    return found


def right_of(answers):
    return np.array([a.sample.label == a.verdict.label for a in answers])


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_temperature_undoes_too_much_and_too_little_confidence(sharpness):
    assert calibrate(drawn(sharpness=sharpness), SETTINGS).temperature == pytest.approx(
        sharpness, rel=0.1
    )


def test_what_is_answered_is_as_right_as_asked():
    answers = drawn()
    read = recalibrate(answers, calibrate(answers, SETTINGS))
    kept = [a for a in read if not a.verdict.abstained]
    assert len(kept) > 100
    assert right_of(kept).mean() >= SETTINGS.sure


def test_the_lead_over_the_second_decides_and_not_the_confidence():
    near, apart = answer(0, [0.7, 0.28, 0.02]), answer(0, [0.6, 0.2, 0.2])
    read = recalibrate([near, apart], Calibration(1.0, math.log(2.8), novelty_limit=0.5))
    assert [one.verdict.abstained for one in read] == [True, False]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("odds", "abstained"), [(2.9, False), (3.1, True)])
def test_no_temperature_moves_the_least_margin(temperature, odds, abstained):
    told = answer(0, [0.75, 0.25, 0.0])
    (read,) = recalibrate([told], Calibration(temperature, math.log(odds), novelty_limit=0.5))
    assert read.verdict.abstained is abstained


def test_as_many_known_images_are_lost_as_was_chosen():
    answers = drawn()
    read = recalibrate(answers, calibrate(answers, SETTINGS))
    lost = np.mean([a.verdict.novelty > 1 for a in read])
    assert lost == pytest.approx(1 - SETTINGS.known, abs=0.002)


def test_an_image_unlike_the_known_ones_is_not_answered_however_sure():
    sure = answer(0, [0.998, 0.001, 0.001], residual=0.9)
    (read,) = recalibrate([sure], Calibration(1.0, 0.5, novelty_limit=0.5))
    assert read.verdict.novelty == pytest.approx(1.8)
    assert read.verdict.abstained


def test_no_mistake_is_answered_where_no_threshold_is_right_enough():
    hopeless = [answer(1, [0.8, 0.1, 0.1]) for _ in range(50)]
    read = recalibrate(hopeless, calibrate(hopeless, SETTINGS))
    assert all(a.verdict.abstained for a in read)


@given(st.floats(0.1, 10.0), st.integers(0, 1000))
def test_no_temperature_changes_a_verdict(temperature, seed):
    answers = drawn(seed, 5)
    read = recalibrate(answers, Calibration(temperature, 0.5, 0.5))
    assert [np.argmax(a.verdict.probabilities) for a in read] == [a.verdict.label for a in answers]
    assert all(sum(a.verdict.probabilities) == pytest.approx(1) for a in read)


def test_a_fold_is_read_by_what_the_others_teach():
    sharp, flat = drawn(1, 500, 4.0), drawn(2, 500, 0.25)
    first, second = cross_calibrate([sharp, flat], [sharp, flat], SETTINGS)
    assert first == recalibrate(sharp, calibrate(flat, SETTINGS))
    assert second == recalibrate(flat, calibrate(sharp, SETTINGS))


def test_the_less_often_it_has_to_be_right_the_more_it_answers():
    choices = weigh([drawn(1), drawn(2), drawn(3)], SETTINGS)
    assert [choice.right for choice in choices] == [0.99, 0.98, 0.97, 0.95]
    margins, answered = zip(*((c.least_margin, c.answered) for c in choices), strict=True)
    assert sorted(margins, reverse=True) == list(margins)
    assert sorted(answered) == list(answered)
    assert all(choice.accuracy == pytest.approx(choice.right, abs=0.01) for choice in choices)


def test_where_nothing_would_be_answered_there_is_no_choice():
    wrong = [answer(1, (0.9, 0.05, 0.05))] * 20
    assert weigh([wrong, wrong], SETTINGS) == ()
