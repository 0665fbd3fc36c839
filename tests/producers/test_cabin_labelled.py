"""The labelled set that training reads: who does what, and the same again from the same seed."""

import csv
from pathlib import Path

from producers.cabin.labelled import draw_labelled


def test_every_picture_stands_in_its_class_and_in_the_list_of_subjects(tmp_path: Path) -> None:
    draw_labelled(tmp_path, per_class=2, seed=3)
    with (tmp_path / "drivers.csv").open(newline="") as file:
        listed = {(row["classname"], row["img"]): row["subject"] for row in csv.DictReader(file)}
    drawn = {(path.parent.name, path.name) for path in tmp_path.glob("c*/*.jpg")}
    assert set(listed) == drawn
    assert {name for name, _ in drawn} == {f"c{label}" for label in range(10)}
    assert all(image.startswith(subject) for (_, image), subject in listed.items())


def test_the_same_seed_draws_the_same_pictures(tmp_path: Path) -> None:
    for name in ("one", "other"):
        draw_labelled(tmp_path / name, per_class=1, seed=5)
    one, other = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name in ("one", "other")
        for files in [sorted((tmp_path / name).rglob("*.jpg"))]
    )
    assert one == other
