"""``vigie bench --peers``: who has turns when, what the table says, and what each lock holds."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from model.classifier import Classifier
from producers.cabin.draw import draw, encode
from producers.cabin.scene import random_scene
from producers.publish import make_reference
from schemas.codec import decode_prediction, encode_reference
from schemas.errors import ConfigurationError, VigieError
from schemas.events import Failure
from storage.images import ImageStore
from tests.requirements import missing
from transport.broker import Running
from vigie.invocation import Invocation
from vigie.jobs import find_model
from vigie.peers.catalogue import FOLDER, OURS, PEERS, Contender, Peer, contenders
from vigie.peers.environment import LINKED, MARK, Environments, explain
from vigie.peers.programs.desk import Desk, WideClassifier
from vigie.peers.run import PeersReport, interleaved, row_of, run_peers
from vigie.peers.task import Task
from vigie.peers.turns import LEAST_IMAGES, TURN_S, Turn, affordable, pace

ROOT = Path(__file__).resolve().parents[2]
QUIX = next(peer for peer in PEERS if peer.name == "quix")
FASTSTREAM = next(peer for peer in PEERS if peer.name == "faststream")


def turn(rate: float, **different: object) -> Turn:
    values = {
        "images": 100,
        "rate": rate,
        "readable_rate": rate / 2,
        "worker_ms": 5.0,
        "broker_ms": 0.5,
        "others_cores": 0.1,
        "waits_ms": (10.0, 30.0, 20.0),
        "offence": None,
    }
    return Turn(**values | different)


def quiet(_what: str, _done: int, _total: int) -> None:
    """Tells nobody of the progress."""


def test_everybody_has_a_turn_before_anybody_has_another():
    everybody = contenders((QUIX,))

    assert list(interleaved(everybody, 2)) == [
        *((0, OURS), (0, Contender(QUIX)), (0, Contender(QUIX, tuned=True))),
        *((1, OURS), (1, Contender(QUIX)), (1, Contender(QUIX, tuned=True))),
    ]


def test_ours_is_first_and_each_peer_has_both_forms():
    everybody = contenders()

    assert everybody[0] is OURS
    assert [(one.peer, one.tuned) for one in everybody[1:]] == [
        (peer, tuned) for peer in PEERS for tuned in (False, True)
    ]
    assert len({str(one) for one in everybody}) == len(everybody)


@pytest.mark.parametrize("contender", contenders(), ids=str)
def test_each_guarantee_says_what_is_lost_repeated_and_reordered(contender):
    assert re.match("exactly once|at least once|can lose", contender.guarantee)
    assert "order" in contender.guarantee


def test_only_transactions_are_called_exactly_once():
    exact = {one.title.split()[0] for one in contenders() if "exactly" in one.guarantee}

    assert exact == {"Vigie", "Quix"}


def test_a_rate_is_compared_with_ours_of_the_same_round():
    peer = Contender(QUIX)
    turns = {
        OURS: {0: turn(100), 1: turn(200), 2: turn(400)},
        peer: {0: turn(50), 2: turn(100)},  # its second turn failed
    }

    assert row_of(peer, turns, "round 2: it ended").ratios == (0.5, 0.25)


def test_a_row_has_spread_medians_and_what_was_seen():
    peer = Contender(QUIX, tuned=True)
    offence = "a prediction is double"
    turns = {
        OURS: {number: turn(100) for number in range(3)},
        peer: {0: turn(50), 1: turn(60, offence=offence), 2: turn(40, worker_ms=7.0)},
    }

    assert row_of(peer, turns, None).cells() == (
        *(f"Quix Streams {QUIX.version}", "at its best"),
        f"exactly once, in order; seen: {offence}",
        *("40 / 50 / 60", "0.50", "5.00 + 0.50", "20"),
    )


def test_whoever_has_no_turn_says_why():
    row = row_of(Contender(QUIX), {OURS: {0: turn(100)}, Contender(QUIX): {}}, "it ended")

    assert row.cells()[3:] == ("it ended", "", "", "")
    assert row.rate is None


def test_a_round_that_failed_is_told_beside_those_that_did_not():
    peer = Contender(QUIX)
    turns = {OURS: {0: turn(100), 1: turn(100)}, peer: {0: turn(50)}}

    assert row_of(peer, turns, "round 2: it ended").cells()[3] == "50 / 50 / 50 (round 2: it ended)"


def test_a_latency_that_could_not_be_measured_is_not_told():
    slow = Contender(QUIX)
    turns = {OURS: {0: turn(100)}, slow: {0: turn(4, waits_ms=(), broker_ms=None)}}

    assert row_of(slow, turns, None).cells()[-2:] == ("5.00 + ?", "?")


def test_every_row_has_a_cell_per_column(machine):
    turns = {OURS: {0: turn(100)}, Contender(QUIX): {}}
    rows = tuple(row_of(one, turns, None) for one in turns)
    report = PeersReport(machine, "driver-1", 100, 1, rows)

    assert {len(line) for line in report.lines()} == {len(report.columns())}
    told = report.markdown(datetime(2026, 11, 21, tzinfo=UTC))
    assert "`vigie bench --peers --images 100 --rounds 1`" in told
    assert len([line for line in told.splitlines() if line.startswith("|")]) == len(rows) + 2


@pytest.fixture
def machine():
    from vigie.bench.machine import this_machine

    return this_machine()


def test_a_slow_peer_gets_fewer_images():
    assert affordable(1000.0, 500) == 500
    assert affordable(20.0, 2000) == 20 * TURN_S
    assert affordable(0.1, 2000) == LEAST_IMAGES
    assert affordable(0.1, 30) == 30


def test_the_pace_is_that_of_the_moments_whatever_their_order():
    start = datetime(2026, 11, 21, tzinfo=UTC)
    moments = [start + timedelta(seconds=second) for second in (0.5, 0.0, 2.0, 1.0)]

    assert pace(moments) == 3 / 2


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
class TestLock:
    def test_names_no_host(self, peer):
        assert "://" not in peer.lock
        assert not re.search(r"^-", peer.lock, re.MULTILINE)

    def test_has_hashes_for_every_requirement(self, peer):
        requirements = re.split(r"\n(?=\S)", peer.lock.strip())

        assert [
            one.splitlines()[0]
            for one in requirements
            if not re.fullmatch(r"\S+==.*(\\\n +--hash=sha256:[0-9a-f]{64} ?)+", one)
        ] == []

    def test_holds_all_that_is_wanted(self, peer):
        wanted = {name for file in ("judging", peer.name) for name in names_wanted(file)}

        assert wanted - versions(peer.lock).keys() == set()
        assert peer.package in wanted

    def test_judges_with_our_own_versions(self, peer):
        ours = versions((ROOT / "requirements.txt").read_text("utf-8"))
        its = versions(peer.lock)

        assert {name: its[name] for name in names_wanted("judging")} == {
            name: ours[name] for name in names_wanted("judging")
        }

    def test_belongs_to_a_program(self, peer):
        assert (FOLDER / "programs" / f"{peer.program}.py").is_file()


def test_nobody_has_another_ones_kafka_client_forced_upon_it():
    clients = {peer.name: versions(peer.lock).get("confluent-kafka") for peer in PEERS}

    assert clients["quix"] not in (None, clients["faststream"])
    assert versions(QUIX.lock)["quixstreams"].startswith("3.")
    assert clients["faust"] is None


def test_the_packages_that_are_linked_exist():
    assert [name for name in LINKED if not (ROOT / name / "__init__.py").is_file()] == []


def names_wanted(name: str) -> set[str]:
    lines = (FOLDER / "wanted" / f"{name}.txt").read_text("utf-8").splitlines()
    return {re.split(r"[<>=\[ ]", line)[0] for line in lines if not line.startswith("#")}


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock, re.MULTILINE))


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("Retrying ... Failed to establish a new connection: [Errno 111]", "check the network"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("The virtual environment ... ensurepip is not available", "python3-venv"),
        ("Collecting\n  ERROR: no wheel for numpy\nbye", "ERROR: no wheel for numpy"),
        ("", "pip does not say why"),
    ],
)
def test_a_failed_installation_is_told_in_a_sentence(output, told, tmp_path):
    sentence = explain(QUIX, output, tmp_path / "quix.log")

    assert "Quix Streams" in sentence
    assert told in sentence
    assert str(tmp_path / "quix.log") in sentence


def test_an_environment_of_another_lock_or_half_a_one_is_built_anew(tmp_path):
    environments = Environments(tmp_path)
    (tmp_path / QUIX.name).mkdir()
    half = environments.built(QUIX)
    (tmp_path / QUIX.name / MARK).write_text("of another lock")

    assert (half, environments.built(QUIX)) == (False, False)


def test_a_task_reaches_a_program_as_it_was(tmp_path):
    assert Task.from_json(task(tmp_path).to_json()) == task(tmp_path)


def test_a_cluster_that_wants_a_login_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIE_KAFKA__CLIENT", '{"security.protocol": "ssl"}')

    with pytest.raises(ConfigurationError, match="how to log in"):
        run_peers(Invocation(tmp_path, None, ()), 50, 1, 0.0, None, quiet)


def task(folder: Path) -> Task:
    return Task(
        bootstrap_servers="127.0.0.1:1",
        images="images",
        predictions="predictions",
        group="group",
        job="bench",
        store=str(folder / "images"),
        model=str(find_model("driver").folder),
        scratch=str(folder),
        ready=str(folder / "ready"),
        max_image_bytes=1_000_000,
        max_reference_bytes=65_536,
        threads=2,
        tuned=True,
    )


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> tuple[Task, list[bytes]]:
    """A task, and references to images in its store."""
    given = task(tmp_path_factory.mktemp("peers"))
    store = ImageStore(Path(given.store), given.max_image_bytes)
    rng = np.random.default_rng(1)
    made = [
        make_reference(
            store,
            given.job,
            encode(draw(random_scene(rng, number)), 80),
            source="bench",
            name=f"{number}.jpg",
            captured_at=datetime.now(UTC),
            reference_id=str(number),
        )
        for number in range(8)
    ]
    return given, [encode_reference(reference) for reference in made]


@pytest.mark.parametrize("kind", [Classifier, WideClassifier])
def test_a_desk_answers_in_the_order_of_the_references(kind, references):
    given, values = references
    desk = Desk(given, kind.load, judges=2)
    messages = [desk.message(number, None, value, 0) for number, value in enumerate(values)]

    answers = [decode_prediction(answer) for answer in desk.answers(messages)]

    assert [answer.reference_id for answer in answers] == [str(number) for number in range(8)]
    assert [answer.source_offset for answer in answers] == list(range(8))
    assert not any(isinstance(answer.outcome, Failure) for answer in answers)
    assert Path(given.ready).is_file()


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_a_peer_is_built_and_measured_beside_ours(kafka: Running, tmp_path):
    here = (f"kafka.bootstrap_servers={kafka.bootstrap_servers}",)

    report = short_round(Invocation(tmp_path, None, here), FASTSTREAM)

    assert [(row.problem, row.offence) for row in report.rows] == [(None, None)] * 3
    assert all(row.rate is not None and row.rate.median > 0 for row in report.rows)
    assert report.rows[0].of_ours == 1.0
    assert Environments(tmp_path / "peers").built(FASTSTREAM)


def short_round(invocation: Invocation, peer: Peer) -> PeersReport:
    try:
        return run_peers(invocation, 60, 1, 0.0, None, quiet, (peer,))
    except VigieError as error:
        if "cannot be downloaded" in str(error):
            missing(str(error))
        raise


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_without_network_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")

    with pytest.raises(VigieError, match="cannot be downloaded: check the network"):
        Environments(tmp_path).ensure(FASTSTREAM)
