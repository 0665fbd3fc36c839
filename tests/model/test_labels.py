"""The exercise's words, in the order of the network's outputs."""

from model.driver.labels import BEHAVIOURS
from model.labels import read_labels
from model.registry import shipped


def test_french_names_are_the_exercises_nine():
    assert [label.fr for label in BEHAVIOURS[1:]] == [
        "texto main droite",
        "appel main droite",
        "texto main gauche",
        "appel main gauche",
        "autoradio",
        "boisson ou nourriture",
        "objet sur la banquette arrière",
        "maquillage ou coiffure",
        "discussion avec un passager",
    ]


def test_only_attentive_driving_is_no_infraction():
    assert [label.key for label in BEHAVIOURS if not label.is_infraction] == ["safe"]


def test_codes_are_those_of_the_data_folders():
    assert [label.code for label in BEHAVIOURS] == [f"c{i}" for i in range(10)]


def test_keys_are_unique_and_stable():
    assert " ".join(label.key for label in BEHAVIOURS) == (
        "safe text-right phone-right text-left phone-left radio drink reach hair talk"
    )


def test_the_packaged_labels_are_those_of_the_code():
    assert read_labels(shipped("driver").folder) == BEHAVIOURS
