"""Measures: small cases worked out by hand, and rules that hold for all inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from model.classifier import softmax
from model.measures import (
    TEMPERATURES,
    Share,
    calibration,
    class_scores,
    confusion_matrix,
    fit_temperature,
    group_interval,
    log_loss,
    risk_coverage,
    shares_by_group,
    spread_of,
    threshold_for,
    wilson_interval,
)

CLASSES = 4
# Few distinct values, so that ties are common.
CONFIDENCE = st.sampled_from([0.25, 0.3, 0.5, 0.5000001, 0.7, 0.9, 0.99, 1.0])


def array(values, dtype):
    return np.array(values, dtype)


@st.composite
def judged(draw):
    """Confidences, and whether each was right."""
    pairs = draw(st.lists(st.tuples(CONFIDENCE, st.booleans()), min_size=1, max_size=40))
    return array([c for c, _ in pairs], float), array([r for _, r in pairs], bool)


@st.composite
def labelled(draw):
    """True classes and classes said."""
    label = st.integers(0, CLASSES - 1)
    pairs = draw(st.lists(st.tuples(label, label), min_size=1, max_size=60))
    return array([t for t, _ in pairs], int), array([s for _, s in pairs], int)


@st.composite
def scored(draw):
    """Logits and true classes."""
    images = draw(st.integers(1, 20))
    values = st.floats(-8, 8, width=32)
    scores = draw(arrays.arrays(np.float64, (images, CLASSES), elements=values))
    truth = draw(arrays.arrays(np.int64, images, elements=st.integers(0, CLASSES - 1)))
    return scores, truth


def test_confusion_and_its_scores_by_hand():
    confusion = confusion_matrix(array([0, 0, 1, 1, 1], int), array([0, 1, 1, 1, 2], int), 3)
    scores = class_scores(confusion)
    assert confusion.tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 0]]
    assert scores.precision.tolist() == pytest.approx([1, 2 / 3, 0])
    assert scores.recall.tolist() == pytest.approx([1 / 2, 2 / 3, np.nan], nan_ok=True)
    assert scores.f1.tolist() == pytest.approx([2 / 3, 2 / 3, np.nan], nan_ok=True)
    assert scores.macro_f1 == pytest.approx(2 / 3)


@given(labelled())
def test_a_confusion_keeps_every_image_in_its_row(labels):
    truth, said = labels
    confusion = confusion_matrix(truth, said, CLASSES)
    assert confusion.sum(axis=1).tolist() == np.bincount(truth, minlength=CLASSES).tolist()
    assert confusion.sum(axis=0).tolist() == np.bincount(said, minlength=CLASSES).tolist()
    assert np.trace(confusion) == (truth == said).sum()


@given(labelled())
def test_f1_lies_between_precision_and_recall(labels):
    scores = class_scores(confusion_matrix(*labels, CLASSES))
    for precision, recall, f1 in zip(scores.precision, scores.recall, scores.f1, strict=True):
        if not np.isnan(precision) and not np.isnan(recall):
            assert min(precision, recall) - 1e-12 <= f1 <= max(precision, recall) + 1e-12


def test_log_loss_of_a_coin_is_the_logarithm_of_two():
    assert log_loss(np.full((3, 2), 0.5), array([0, 1, 1], int)) == pytest.approx(np.log(2))


def test_a_probability_of_zero_costs_much_and_not_infinitely_much():
    assert 10 < log_loss(np.array([[1.0, 0.0]]), array([1], int)) < 20


def test_the_wilson_interval_is_that_of_the_books():
    # Newcombe 1998, table I, method 3: 81 of 263 and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_wilson_interval_holds_its_share_and_stays_a_share(hits, more):
    low, high = wilson_interval(hits, hits + more)
    assert 0 <= low <= Share(hits, hits + more).value <= high <= 1


@given(st.integers(0, 50), st.integers(1, 50), st.integers(2, 20))
def test_more_images_make_a_wilson_interval_narrower(hits, more, times):
    narrow, wide = (wilson_interval(hits * n, (hits + more) * n) for n in (times, 1))
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_groups_are_counted_each_and_the_unknown_left_out():
    shares = shares_by_group(["b", "a", None, "a"], array([1, 1, 0, 0], bool))
    assert shares == {"a": Share(1, 2), "b": Share(1, 1)}


def test_the_spread_names_the_worst_group():
    spread = spread_of({"a": Share(1, 2), "b": Share(4, 4)})
    assert (spread.worst, spread.least) == ("a", 0.5)
    assert (spread.mean, spread.deviation) == (0.75, 0.25)


def test_without_groups_there_is_no_spread():
    assert spread_of({}) is None


def test_groups_that_differ_widen_the_interval_beyond_that_of_independent_images():
    shares = [Share(100, 100), Share(50, 100), Share(95, 100), Share(80, 100)]
    low, high = group_interval(shares, np.random.default_rng(1))
    alone = wilson_interval(325, 400)
    assert high - low > 2 * (alone[1] - alone[0])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8))
def test_an_interval_over_groups_lies_between_the_extremes(counts):
    shares = [Share(min(hits, total), total) for hits, total in counts]
    values = [share.value for share in shares]
    low, high = group_interval(shares, np.random.default_rng(1), resamples=50)
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12


def test_calibration_error_by_hand():
    found = calibration(array([0.5, 0.5, 0.95, 0.95], float), array([1, 0, 1, 0], bool), bins=10)
    assert found.ece == pytest.approx(0.5 * 0 + 0.5 * 0.45)
    assert found.counts.tolist() == [0, 0, 0, 0, 2, 0, 0, 0, 0, 2]


@given(judged())
def test_every_image_is_in_one_bin_of_its_confidence(told):
    found = calibration(*told)
    filled = found.counts > 0
    assert found.counts.sum() == len(told[0])
    assert (found.confidence[filled] <= found.edges[1:][filled] + 1e-12).all()
    assert (found.confidence[filled] >= found.edges[:-1][filled] - 1e-12).all()


@given(judged())
def test_calibration_error_is_at_least_the_distance_of_the_means(told):
    confidences, right = told
    assert abs(confidences.mean() - right.mean()) - 1e-12 <= calibration(*told).ece <= 1


def test_risk_and_coverage_by_hand():
    curve = risk_coverage(array([0.9, 0.8, 0.8, 0.6], float), array([1, 1, 0, 0], bool))
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 2) / 4)
    assert curve.risk_at(0.5) == pytest.approx(1 / 3)


@given(judged())
def test_answering_all_risks_what_is_wrong(told):
    confidences, right = told
    curve = risk_coverage(confidences, right)
    assert curve.coverage[-1] == pytest.approx(1)
    assert curve.risk[-1] == pytest.approx(1 - right.mean())
    assert curve.risk_at(1.0) == curve.risk[-1]


@given(judged(), st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter(told, random):
    order = list(range(len(told[0])))
    random.shuffle(order)
    here, there = risk_coverage(*told), risk_coverage(*(values[order] for values in told))
    assert here.area == pytest.approx(there.area)
    assert here.risk.tolist() == there.risk.tolist()


@given(judged(), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_threshold_keeps_its_word_and_is_the_lowest_that_does(told, accuracy):
    confidences, right = told

    def accuracy_from(threshold):
        return right[confidences >= threshold].mean()

    found = threshold_for(confidences, right, accuracy)
    enough = [c for c in confidences if accuracy_from(c) >= accuracy - 1e-12]
    if found is None:
        assert enough == []
    else:
        assert found.value == min(enough)
        assert found.accuracy == pytest.approx(accuracy_from(found.value))
        assert found.coverage == pytest.approx((confidences >= found.value).mean())


def test_no_threshold_helps_where_the_surest_answer_is_wrong():
    assert threshold_for(array([0.9, 0.5], float), array([0, 1], bool), 0.6) is None


def loss_at(temperature, scores, truth):
    scaled = scores / temperature
    return (np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(truth)), truth]).mean()


@given(scored())
def test_no_other_temperature_has_less_log_loss(told):
    found = fit_temperature(*told)
    others = np.geomspace(*TEMPERATURES, 40)
    assert TEMPERATURES[0] * 0.999 <= found <= TEMPERATURES[1] * 1.001
    assert all(loss_at(found, *told) <= loss_at(other, *told) + 1e-9 for other in others)


def test_a_network_that_says_twice_its_logits_gets_temperature_two():
    rng = np.random.default_rng(5)
    honest = rng.normal(0, 2, (4000, CLASSES))
    shares = np.array([softmax(row, 1.0) for row in honest])
    truth = (shares.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert fit_temperature(2 * honest, truth) == pytest.approx(2.0, rel=0.1)


@given(scored())
def test_log_probabilities_do_as_well_as_logits(told):
    scores, truth = told
    shares = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    # Where the loss is flat, other temperatures are as good: what counts is the loss.
    best = loss_at(fit_temperature(scores, truth), scores, truth)
    assert loss_at(fit_temperature(shares, truth), scores, truth) == pytest.approx(best, abs=1e-9)
