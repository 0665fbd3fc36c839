"""``vigie bench``: measures side by side, on topics of its own, and leaves none behind."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.errors import UsageError
from tests.vigie.cli import vigie
from transport.broker import Running
from transport.clients import Cluster
from vigie.app import app
from vigie.bench.bare import WINDOW, bare_rate
from vigie.bench.report import WHOLE_PATH
from vigie.bench.shares import JUDGING, OTHERS

SMALL = ("--images", "50", "--rounds", "1", "--warm-up", "0", "--json")


def bench(home: Path, kafka: Running, *words: str) -> dict[str, object]:
    """What a small measurement on the run's broker says."""
    servers = kafka.bootstrap_servers
    finished = vigie(home, "bench", *words, VIGIE_KAFKA__BOOTSTRAP_SERVERS=servers)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def topics_left(kafka: Running) -> list[str]:
    topics = Cluster(kafka.bootstrap_servers).admin().list_topics(timeout=10).topics
    return [name for name in topics if name.startswith("vigie.bench-")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a document with a place for the figures."""
    home = tmp_path_factory.mktemp("bench")
    (home / "figures.md").write_text(f"before\n{WHOLE_PATH.begin}\n{WHOLE_PATH.end}\nafter\n")
    return home


@pytest.fixture(scope="module")
def report(kafka: Running, home: Path) -> dict[str, object]:
    return bench(home, kafka, *SMALL, "--write", "figures.md")


@pytest.fixture
def form(report: dict[str, object]) -> dict[str, object]:
    """The only form of the model that was measured."""
    [form] = report["forms"]
    return form


def test_the_report_has_every_measure(form):
    rates = ("bare_one_core", "plain_all_cores", "bare_all_cores", "whole")

    assert min(form[name]["median"] for name in (*rates, "first_answer_s")) > 0
    assert 0 < form["latency_p50_ms"] <= form["latency_p95_ms"]
    assert form["heat_cost"] >= 1
    assert form["precision"] == "int8"


@pytest.mark.parametrize(
    ("ratio", "loop"),
    [("whole_over_bare", "bare_all_cores"), ("whole_over_plain", "plain_all_cores")],
)
def test_each_ratio_is_that_of_neighbouring_rounds(form, ratio, loop):
    whole, bare = form["whole"]["median"], form[loop]["median"]

    assert form[ratio] == pytest.approx(whole / bare, rel=0.01)


def test_the_report_names_who_used_the_processors(form):
    cores = {share["part"]: share["cores"] for share in form["shares"]}

    assert min(cores[JUDGING], form["bare_share"]["cores"]) > 0
    assert OTHERS in cores


def test_the_worker_stays_small(form):
    assert form["worker_mib"] < 250


def test_the_figures_stand_between_their_marks(report, home):
    text = (home / "figures.md").read_text("utf-8")
    [form] = report["forms"]

    assert text.startswith(f"before\n{WHOLE_PATH.begin}\nMeasured by `vigie bench ")
    assert text.endswith(f"\n{WHOLE_PATH.end}\nafter\n")
    assert f"| {form['whole_over_bare']} |" in text


def test_its_topics_are_gone(report, kafka):
    assert topics_left(kafka) == []


def refusal(home: Path, *words: str) -> BaseException | None:
    return CliRunner().invoke(app, ["--home", str(home), "bench", *words]).exception


def test_a_document_without_a_place_is_refused_before_anything_is_measured(tmp_path: Path):
    document = tmp_path / "prose.md"
    document.write_text("No figures here.\n")

    found = refusal(tmp_path, "--growth", "100", "--write", str(document))

    assert isinstance(found, UsageError)
    assert "prose.md has no place for growth" in str(found)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--growth", "100", "--page"), "are measured one at a time"),
        (("--growth", "100", "--model", "one", "--model", "two"), "where one is measured"),
    ],
)
def test_more_than_can_be_measured_at_a_time_is_refused(tmp_path: Path, words, sentence):
    found = refusal(tmp_path, *words)

    assert isinstance(found, UsageError)
    assert sentence in str(found)


@pytest.mark.prove
def test_growing_work_is_measured_on_one_worker(kafka: Running, tmp_path: Path):
    report = bench(tmp_path, kafka, "--growth", "200", "--warm-up", "0", "--json")

    assert [size["references"] for size in report["sizes"]] == [2, 20, 200]
    assert min(size["rate"] for size in report["sizes"]) > 0
    assert topics_left(kafka) == []


@pytest.mark.prove
def test_workers_that_share_the_cameras_are_measured_beside_one_alone(
    kafka: Running, tmp_path: Path
):
    report = bench(tmp_path, kafka, "--workers", "2", *SMALL)

    assert report["many_over_one"] == pytest.approx(
        report["many"]["median"] / report["one"]["median"], rel=0.01
    )
    assert topics_left(kafka) == []


@pytest.mark.parametrize("at_once", [1, 8])
def test_the_bare_loop_judges_every_image_once(tmp_path: Path, at_once: int):
    class Counting:
        def __init__(self) -> None:
            self.seen: list[bytes] = []

        def classify_all(self, images: Sequence[bytes]) -> None:
            self.seen += images

    files = []
    for number in range(2 * WINDOW + 3):
        files.append(tmp_path / str(number))
        files[-1].write_text(str(number))
    classifiers = [Counting(), Counting()]

    assert bare_rate(classifiers, files, at_once) > 0  # type: ignore[arg-type]
    assert sorted(int(data) for one in classifiers for data in one.seen) == list(range(len(files)))
