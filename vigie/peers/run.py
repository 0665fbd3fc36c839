"""``vigie bench --peers``: ours and every peer in turn, round by round, on the same broker.

The machine's speed drifts, so each rate is compared with ours of the same round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from schemas.errors import ConfigurationError, VigieError
from vigie.bench.machine import Machine, this_machine
from vigie.bench.marked import Part, markdown_table, origin
from vigie.bench.pairs import Spread
from vigie.bench.path import open_kafka, open_path
from vigie.bench.pictures import DISTINCT_IMAGES, JOB, Stage, draw_images, repeat
from vigie.invocation import Invocation
from vigie.jobs import configured_loader
from vigie.peers.catalogue import OURS, PEERS, Contender, Peer, contenders
from vigie.peers.environment import Environments
from vigie.peers.turns import Kafka, Turn, log_folder, measure, open_contender

PEERS_PART = Part("peers", "vigie bench --peers")

GIVEN_UP = 2
"""Turns that fail before a contender gets no more: each may wait half a minute for nothing."""

Turns = Mapping[Contender, Mapping[int, Turn]]
"""Of each contender, by the number of the round."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one contender.

    Attributes:
        who: its name and version.
        form: as documented, or at its best.
        guarantee: what holds when its process is killed, a send fails, or a handler raises.
        rate: images per second from the first to the last prediction made.
        of_ours: median of the rounds' ratios to our rate.
        ratios: of each round.
        readable_rate: images per second until the last prediction was readable.
        worker_ms: processor time of its process per image, median of the rounds.
        broker_ms: of the broker meanwhile; ``None`` where it is not the embedded one.
        others_cores: processor seconds per second of other programs, the most of all rounds.
        latency_p50_ms: publish -> readable at 20 images per second; ``None``: it is too slow.
        images: that its turns measured, the fewest of all rounds.
        offence: what was not "one each, in order", if anything.
        problem: why there is no figure, or fewer rounds.
    """

    who: str
    form: str
    guarantee: str
    rate: Spread | None
    of_ours: float | None
    ratios: tuple[float, ...]
    readable_rate: Spread | None
    worker_ms: float | None
    broker_ms: float | None
    others_cores: float | None
    latency_p50_ms: float | None
    images: int
    offence: str | None
    problem: str | None

    def cells(self) -> tuple[str, ...]:
        """The row as people read it."""
        seen = f"; seen: {self.offence}" if self.offence else ""
        told = self.who, self.form, self.guarantee + seen
        if self.rate is None:
            return (*told, self.problem or "not measured", "", "", "")
        latency = "?" if self.latency_p50_ms is None else f"{self.latency_p50_ms:g}"
        processor = f"{self.worker_ms:.2f} + {_or_unknown(self.broker_ms)}"
        rate = f"{self.rate} ({self.problem})" if self.problem else str(self.rate)
        return (*told, rate, f"{self.of_ours:.2f}", processor, latency)


@dataclass(frozen=True, slots=True)
class PeersReport:
    """What was measured, ours first."""

    machine: Machine
    model_version: str
    images: int
    rounds: int
    rows: tuple[Row, ...]

    def columns(self) -> tuple[str, ...]:
        """The headings of `lines`."""
        return (
            *("who", "form", "guarantee", "images/s", "of ours"),
            *("processor ms per image: it + broker", "p50 ms at 20 images/s"),
        )

    def lines(self) -> list[tuple[str, ...]]:
        """What is shown to a person."""
        return [row.cells() for row in self.rows]

    def markdown(self, now: datetime) -> str:
        """What stands in a document."""
        command = f"{PEERS_PART.command} --images {self.images} --rounds {self.rounds}"
        return "\n".join(
            [
                f"{origin(command, self.machine, now)} Model {self.model_version}.",
                f"Smallest / median / largest of {self.rounds} interleaved rounds.",
                "",
                markdown_table(self.columns(), self.lines()),
            ]
        )


def run_peers(
    invocation: Invocation,
    images: int,
    rounds: int,
    warm_up_s: float,
    model: str | None,
    stage: Stage,
    peers: tuple[Peer, ...] = PEERS,
) -> PeersReport:
    """Build the environments that are missing, then measure everybody in interleaved rounds.

    Args:
        invocation: whose settings count.
        images: per turn at most; who is slow gets fewer.
        rounds: how many turns everybody has.
        warm_up_s: how long the broker is under load before.
        model: version or folder; ``None``: the one that the settings name.
        stage: told of the progress.
        peers: who is measured beside ours.

    Raises:
        ConfigurationError: the cluster wants a login, which the peers are not told.
        VigieError: an environment cannot be built, or our own path does not run.
    """
    settings = invocation.settings
    if settings.kafka.client:
        raise ConfigurationError(
            "VIGIE_KAFKA__CLIENT is set, but the peers are not told how to log in: measure them on"
            " the embedded broker, with that setting and VIGIE_KAFKA__BOOTSTRAP_SERVERS unset."
        )
    model_version = configured_loader(JOB, settings, model)().model_version
    pythons = _environments(log_folder(invocation).parent, peers, stage)
    everybody = contenders(peers)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as scratch:
        folder = Path(scratch)
        stage("drawing images", 0, 1)
        work = repeat(draw_images(folder, DISTINCT_IMAGES), images)
        with open_kafka(settings, folder) as kafka:
            stage("warming up", 0, 1)
            with open_path(invocation, JOB, folder, kafka, model=model) as whole:
                whole.warm(work, warm_up_s)
            tour = _Tour(invocation, model, folder, kafka, pythons, work)
            turns, problems = _measure_all(tour, everybody, rounds, stage)
    rows = tuple(row_of(one, turns, problems.get(one)) for one in everybody)
    return PeersReport(this_machine(), model_version, images, rounds, rows)


def interleaved(everybody: Sequence[Contender], rounds: int) -> Iterator[tuple[int, Contender]]:
    """Everybody once, then everybody again: the round's number and who has the turn."""
    for number in range(rounds):
        for contender in everybody:
            yield number, contender


def row_of(contender: Contender, turns: Turns, problem: str | None) -> Row:
    """What the turns say of a contender; those of ours are what it is compared with."""
    found, ours = turns[contender], turns[OURS]
    ratios = tuple(round(turn.rate / ours[number].rate, 3) for number, turn in found.items())
    own = list(found.values())
    waits = [wait for turn in own for wait in turn.waits_ms]
    broker = [turn.broker_ms for turn in own if turn.broker_ms is not None]
    return Row(
        who=contender.title,
        form=contender.form,
        guarantee=contender.guarantee,
        rate=Spread.of([turn.rate for turn in own]) if own else None,
        of_ours=round(median(ratios), 3) if ratios else None,
        ratios=ratios,
        readable_rate=Spread.of([turn.readable_rate for turn in own]) if own else None,
        worker_ms=_median([turn.worker_ms for turn in own]),
        broker_ms=_median(broker),
        others_cores=round(max(turn.others_cores for turn in own), 2) if own else None,
        latency_p50_ms=round(median(waits), 1) if waits else None,
        images=min((turn.images for turn in own), default=0),
        offence=next((turn.offence for turn in own if turn.offence), None),
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class _Tour:
    invocation: Invocation
    model: str | None
    folder: Path
    kafka: Kafka
    pythons: Mapping[str, Path]
    work: Sequence[Path]

    def turn(self, contender: Contender) -> Turn:
        python = self.pythons[contender.peer.name] if contender.peer else None
        place = self.invocation, self.model, self.folder, self.kafka
        with open_contender(contender, python, *place) as whole:
            return measure(whole, self.work)


def _measure_all(
    tour: _Tour, everybody: Sequence[Contender], rounds: int, stage: Stage
) -> tuple[dict[Contender, dict[int, Turn]], dict[Contender, str]]:
    """The turns of each by round, and why somebody has none or fewer."""
    turns: dict[Contender, dict[int, Turn]] = {contender: {} for contender in everybody}
    problems: dict[Contender, list[str]] = {contender: [] for contender in everybody}
    total = rounds * len(everybody)
    for done, (number, contender) in enumerate(interleaved(everybody, rounds)):
        if len(problems[contender]) >= GIVEN_UP:
            continue
        stage(f"round {number + 1}: {contender}", done, total)
        try:
            turns[contender][number] = tour.turn(contender)
        except VigieError as error:
            # What the others gave so far took minutes and is worth telling.
            if contender.peer is None:
                raise
            log = log_folder(tour.invocation) / f"{contender.peer.name}.log"
            problems[contender].append(f"round {number + 1}: {error} Its log is {log}.")
    return turns, {one: " ".join(found) for one, found in problems.items() if found}


def _environments(root: Path, peers: Sequence[Peer], stage: Stage) -> dict[str, Path]:
    environments = Environments(root)
    pythons = {}
    for done, peer in enumerate(peers):
        missing = "" if environments.built(peer) else " (once; minutes on a slow line)"
        stage(f"environment of {peer.title}{missing}", done, len(peers))
        pythons[peer.name] = environments.ensure(peer)
    return pythons


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 3) if values else None


def _or_unknown(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
