"""The parts of a report: tiles with the headline figures, and sections with figures to read.

They return HTML. Texts that a person chose (names of drivers, classes, files) are escaped here.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from model import measures
from model.driver.deletion import Drops, drops_by_class, mean_drops
from model.driver.evaluate import SURE, Report, arrays, summarise
from model.driver.report import figures
from model.driver.report.markup import (
    decimals,
    list_of,
    more,
    odds,
    percent,
    plot,
    reach,
    section,
    table,
    tile,
    times,
)
from model.driver.report.study import Study
from model.driver.report.worst import wall
from model.driver.unrelated import Unrelated
from model.measures import Share

# Drawing drivers anew takes chance; the same answers shall give the same report.
SEED = 1
CONFUSIONS_TOLD = 5


def tiles(study: Study, report: Report) -> Iterator[str]:
    """The headline figures, each with how far to trust it."""
    shares = _by_driver(study)
    note = f"95% interval {reach(report.accuracy_interval)} over images"
    if len(shares) > 1:
        wider = measures.group_interval([*shares.values()], np.random.default_rng(SEED))
        note += f", {reach(wider)} over drivers"
    yield tile("Accuracy", percent(report.accuracy), note)
    if report.spread:
        spread, images = report.spread, shares[report.spread.worst].total
        note = f"{escape(spread.worst)}, {images} images; mean over drivers {percent(spread.mean)}"
        note += f" ± {percent(spread.deviation)}"
        yield tile("Worst driver", percent(spread.least), note)
    yield tile("Macro-F1", decimals(report.macro_f1), "each behaviour counting once")
    guess = float(np.log(len(study.labels)))
    yield tile("Log loss", decimals(report.log_loss), f"nats; blind guessing has {guess:.3f}")
    yield tile("Calibration error", decimals(report.ece), f"ECE, {measures.ECE_BINS} bins")
    note = f"as served; {percent(report.accuracy_answered)} of the answers right"
    yield tile("Answered", percent(report.answered), note)
    share, note = "none", "no threshold reaches it on these images"
    if report.sure:
        share = percent(report.sure.coverage)
        note = f"answered, from odds of {odds(report.sure.value)} on (found on these images)"
    yield tile(f"At {SURE:.0%} right", share, note)
    yield from _optional_tiles(study)


def _optional_tiles(study: Study) -> Iterator[str]:
    if study.drops:
        found = mean_drops(study.drops)
        note = (
            f"{found.hot:.3f} of probability lost by the hottest tenth, {found.chance:.3f} by any"
        )
        yield tile("Deletion test", times(found.ratio), note)
    if study.unrelated:
        told = study.unrelated.total
        note = f"of {told.total} pictures; {percent(study.unrelated.lost.value)} of real ones lost"
        yield tile("No cabin: abstained", percent(told.value), note)


def sections(study: Study, report: Report) -> Iterator[str]:
    """Everything below the headline, in reading order."""
    yield _confusion(study, report)
    yield _behaviours(study, report)
    yield _confidence(study, report)
    yield _abstaining(study, report)
    if report.per_subject:
        yield _drivers(study, report)
    if study.drops:
        yield _deletion(study)
    if study.folds:
        yield _folds(study, report)
    if study.unrelated:
        yield _unrelated(study.unrelated)
    yield _worst(study, report)
    facts = {escape(name): escape(value) for name, value in study.facts.items()}
    yield section("What was judged", "", list_of(facts), wide=True)


def _confusion(study: Study, report: Report) -> str:
    confusion = np.array(report.confusion)
    wrong = confusion - np.diag(np.diag(confusion))
    most = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS_TOLD]
    told = [
        f"{study.labels[true].key} called {study.labels[said].key}"
        f" ({wrong[true, said]} of {confusion[true].sum()})"
        for true, said in zip(*np.unravel_index(most, wrong.shape), strict=True)
        if wrong[true, said]
    ]
    reading = "Rows are the truth, columns the verdict, numbers images; colour is the row's share."
    reading += f" Most often: {escape('; '.join(told))}." if told else " None is confused."
    figure = figures.confusion_figure(confusion, study.labels)
    return section("Confusion", reading, plot(figure, "Confusion matrix"))


def _behaviours(study: Study, report: Report) -> str:
    confusion = np.array(report.confusion)
    scores, images = measures.class_scores(confusion), confusion.sum(axis=1)
    columns = zip(study.labels, images, scores.precision, scores.recall, scores.f1, strict=True)
    rows = [
        (*map(escape, (label.code, label.key, label.en)), str(count), *map(decimals, values))
        for label, count, *values in columns
    ]
    heads = ("", "key", "behaviour", "images", "precision", "recall", "F1")
    reading = (
        "Precision: of the images called so, how many are. Recall: of the images that are so, how"
        " many are called so. Beside each name, its images; the least F1 on top."
    )
    figure = figures.per_class_figure(scores, images, study.labels)
    body = plot(figure, "Precision, recall and F1 of each behaviour")
    return section("Each behaviour", reading, body + more("In numbers", table(heads, rows)))


def _confidence(study: Study, report: Report) -> str:
    told = arrays(study.answers)
    mean = float(told.confidences.mean())
    side = "less" if mean < report.accuracy else "more"
    reading = (
        f"On average it is {percent(mean)} sure and {percent(report.accuracy)} right: {side} sure"
        f" than right. The calibration error {decimals(report.ece)} is the mean distance of both"
        f" over {measures.ECE_BINS} bins of equal width on the class said, weighted by images (Guo"
        " et al. 2017). Whiskers: 95% intervals."
    )
    figure = figures.reliability_figure(measures.calibration(told.confidences, told.right))
    return section("Confidence", reading, plot(figure, "Reliability diagram"))


def _abstaining(study: Study, report: Report) -> str:
    told = arrays(study.answers)
    curve = measures.risk_coverage(told.odds, told.right)
    served = (report.answered, 1 - report.accuracy_answered)
    wrong = f"{percent(served[1], 2)} of those answers are wrong. " if report.answered else ""
    reading = f"As served it answers {percent(report.answered)} of the images. {wrong}"
    if report.sure:
        reading += (
            f"From odds of {odds(report.sure.value)} on, best class to second, at least"
            f" {SURE:.0%} are right, and {percent(report.sure.coverage)} are answered; a threshold"
            " found on these very images flatters."
        )
    else:
        reading += f"No odds of best class to second make {SURE:.0%} of them right."
    reading += f" Area under the curve: {report.risk_area:.4f}."
    if report.novel is not None:
        reading += f" {percent(report.novel)} it leaves to people as unlike what it learned from."
    figure = figures.risk_coverage_figure(curve, served, report.sure)
    return section("What abstaining buys", reading, plot(figure, "Risk over coverage"))


def _drivers(study: Study, report: Report) -> str:
    shares = _by_driver(study)
    rows = [
        (escape(who), str(share.total), percent(share.value), reach(share.interval))
        for who, share in sorted(shares.items(), key=lambda item: item[1].value)
    ]
    reading = (
        "Right answers per driver with 95% intervals, beside each name the images. Red: even the"
        " interval lies below the accuracy over all."
    )
    figure = figures.shares_figure(shares, report.accuracy)
    body = plot(figure, "Accuracy of each driver")
    heads = ("driver", "images", "accuracy", "95% interval")
    return section("Each driver", reading, body + more("In numbers", table(heads, rows)))


def _deletion(study: Study) -> str:
    by_class, all_ = drops_by_class(study.drops), mean_drops(study.drops)
    rows = [_drops_row(key, drops) for key, drops in [*by_class.items(), ("all", all_)]]
    reading = (
        "How much of its probability the class said loses when the hottest tenth of its heat map"
        f" is blurred: {decimals(all_.hot)} on average. A tenth chosen by chance costs"
        f" {decimals(all_.chance)} (ratio {times(all_.ratio)}), the hottest tenth's own shape at"
        f" another place {decimals(all_.elsewhere)}. Where the points lie together, the map does"
        " not show what the verdict rests on."
    )
    heads = ("called", "images", "hottest tenth", "any tenth", "same shape elsewhere", "ratio")
    body = plot(figures.deletion_figure(by_class), "Probability lost by blurring, per behaviour")
    body += more("In numbers", table(heads, rows))
    return section("What the heat maps are worth", reading, body)


def _drops_row(name: str, drops: Drops) -> tuple[str, ...]:
    losses = (drops.hot, drops.chance, drops.elsewhere)
    return (escape(name), str(drops.images), *map(decimals, losses), times(drops.ratio))


def _folds(study: Study, report: Report) -> str:
    told = {name: summarise(answers, study) for name, answers in study.folds}
    shares = {name: measures.share_of(arrays(answers).right) for name, answers in study.folds}
    rows = [
        (
            escape(name),
            str(one.images),
            percent(one.accuracy),
            decimals(one.macro_f1),
            decimals(one.log_loss),
            decimals(one.ece),
            f"{escape(one.spread.worst)} {percent(one.spread.least)}" if one.spread else "–",
        )
        for name, one in told.items()
    ]
    heads = ("fold", "images", "accuracy", "macro-F1", "log loss", "ECE", "worst driver")
    reading = "Each fold's drivers, judged by a model that never saw them."
    figure = figures.shares_figure(shares, report.accuracy)
    return section("Each fold", reading, plot(figure, "Accuracy of each fold") + table(heads, rows))


def _unrelated(found: Unrelated) -> str:
    total, lost = found.total, found.lost
    reading = (
        f"Share of pictures without a cabin on which it abstained, with 95% intervals:"
        f" {percent(total.value)} of all. The same check makes it abstain on {percent(lost.value)}"
        f" of {lost.total} real images (95%: {reach(lost.interval)})."
    )
    figure = figures.shares_figure(found.abstained, total.value)
    return section("Pictures of no cabin", reading, plot(figure, "Abstained, per kind of picture"))


def _worst(study: Study, report: Report) -> str:
    wrong = report.images - sum(report.confusion[n][n] for n in range(len(report.confusion)))
    if not wrong:
        return section("Worst images", "No answer is wrong.", "", wide=True)
    reading = f"The surest of the {wrong} wrong answers, with the evidence the model saw."
    return section("Worst images", reading, wall(study), wide=True)


def _by_driver(study: Study) -> dict[str, Share]:
    told = arrays(study.answers)
    return measures.shares_by_group(told.subjects, told.right)
