"""Everything about one event, as the browser gets it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboard.components.inspector import inspector_texts
from dashboard.feed.detail import detail
from dashboard.feed.items import Place, read_item
from dashboard.i18n import Translator
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from schemas.events import HeatGrids, Outcome
from tests.dashboard.kit import FAILED, prediction, seen

ROWS, COLUMNS = 4, 4
CORNERS = {0: 0, 1: 3, 2: 12, 3: 15}  # class -> its one hot cell


def told(outcome: Outcome) -> dict[str, object]:
    message = encode_prediction(prediction(1, outcome))
    return detail(read_item(Place(0, 1), 0, message), message, BEHAVIOURS)


def heat(cells: bytes, classes: int = 10) -> HeatGrids:
    return HeatGrids(ROWS, COLUMNS, (1.0,) * classes, cells)


def gazes(grids: HeatGrids) -> dict[str, object]:
    found = told(replace(seen(4), heat=grids))["classes"]
    assert isinstance(found, list)
    return {row["label"]: row["gaze"] for row in found}


def test_each_class_tells_where_its_own_map_is_hot() -> None:
    cells = bytearray(10 * ROWS * COLUMNS)
    for label, cell in CORNERS.items():
        cells[label * ROWS * COLUMNS + cell] = 255
    found = gazes(heat(bytes(cells)))
    where = [found[BEHAVIOURS[label].key]["where"] for label in CORNERS]  # type: ignore[index]
    assert where == ["upper-left", "upper-right", "lower-left", "lower-right"]
    assert found[BEHAVIOURS[9].key] is None


@pytest.mark.parametrize(
    "grids", [heat(b""), heat(b"\xff" * 7), heat(b"\xff" * 32, classes=2), HeatGrids(0, 0, (), b"")]
)
def test_a_map_that_is_not_whole_tells_nothing_and_breaks_nothing(grids: HeatGrids) -> None:
    assert gazes(grids)[BEHAVIOURS[9].key] is None


def test_a_failure_has_facts_and_no_classes() -> None:
    found = told(FAILED)
    assert found["classes"] == []
    assert found["facts"]["event_id"] == "vigie.driver.images-0-1"  # type: ignore[index]


def test_every_fact_has_its_words() -> None:
    named = {key for _, names in inspector_texts(Translator())["facts"] for key in names}
    facts = told(seen(4))["facts"]
    assert isinstance(facts, dict)
    assert named == set(facts)


def test_what_is_told_is_json_that_every_reader_accepts() -> None:
    json.dumps(told(seen(4, float("nan"))), allow_nan=False)


@pytest.mark.parametrize(
    ("outcome", "doubts"),
    [
        (seen(4), []),
        (FAILED, []),
        (seen(4, 0.3, abstained=True), ["unsure"]),
        (replace(seen(4, 0.3, abstained=True), novelty=1.0), ["unsure"]),
        (replace(seen(4, 0.99, abstained=True), novelty=1.01), ["unlike"]),
        (replace(seen(4), heat=replace(seen(4).heat, verified=True)), []),
        (replace(seen(4), heat=replace(seen(4).heat, verified=False)), ["map"]),
        (
            replace(seen(4, abstained=True), heat=replace(seen(4).heat, verified=False)),
            ["unsure", "map"],
        ),
    ],
)
def test_what_to_doubt_is_told(outcome: Outcome, doubts: list[str]) -> None:
    assert told(outcome)["doubts"] == doubts


def test_classes_of_another_model_are_not_called_by_this_ones_names() -> None:
    found = told(replace(seen(4), behaviour="singing"))["classes"]
    assert isinstance(found, list)
    assert sorted(row["label"] for row in found) == sorted([*"012356789", "singing"])
