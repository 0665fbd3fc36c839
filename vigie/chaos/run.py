"""``vigie chaos``: worker and broker killed under load, on topics that nobody else uses."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL

from producers.publish import make_reference
from schemas.codec import decode_prediction, encode_reference
from schemas.errors import VigieError
from schemas.events import ImageReference
from transport.reading import read_to_end
from vigie.bench.pictures import LEAST_IMAGES, Stage, draw_images, repeat
from vigie.chaos.blows import POLL_S, Blow, BrokerVictim, WorkerVictim
from vigie.chaos.comparison import compare
from vigie.chaos.feeder import Feeder
from vigie.chaos.ground import Ground, open_ground
from vigie.chaos.offsets import Offsets
from vigie.chaos.report import ChaosReport
from vigie.chaos.trial import StalledError, Trial, settled
from vigie.chaos.witness import Witness
from vigie.invocation import Invocation


class Interrupted(Exception):  # noqa: N818 - it is no error: a person wants to leave
    """Ctrl-C came before the end."""


@dataclass
class Watch:
    """Looks all the time whether to go on.

    Attributes:
        own_ends: what the worker ended with by itself; it was started again each time.
    """

    ground: Ground
    stop: threading.Event
    own_ends: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Start a worker again that ended by itself.

        Raises:
            Interrupted: a person wants to leave.
            VigieError: the worker cannot go on.
        """
        if self.stop.is_set():
            raise Interrupted
        if ended := self.ground.worker.watch():
            if not ended.restarted:
                raise VigieError(f"Given up, for there is no worker any more: {ended}")
            self.own_ends.append(str(ended))

    def pause(self) -> None:
        """Between two looks at a broker that is coming back."""
        self.look()
        time.sleep(POLL_S)


def run_chaos(
    invocation: Invocation,
    images: int,
    kills: int,
    stop: threading.Event,
    stage: Stage,
    tell: Callable[[str], None],
    *,
    broker: bool,
) -> ChaosReport:
    """Send simulated images through worker and broker while both are killed; compare.

    Args:
        invocation: whose Kafka is used, if one runs or is named; else a broker of its own.
        images: how many references.
        kills: how often each is killed.
        stop: ends it early.
        stage: told how far it is: predictions seen, of all.
        tell: told what could not be cleared away.
        broker: whether a broker that others may use is killed too.

    Raises:
        Interrupted: ``stop`` was set.
        UsageError: ``broker`` is wanted where that cannot be done.
        VigieError: broker or worker cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-chaos-") as scratch:
        stage("starting", 0, images)
        with open_ground(invocation, Path(scratch), tell, allowed=broker) as ground:
            watch = Watch(ground, stop)
            # One of each behaviour: what is judged is not what is tested.
            files = draw_images(Path(scratch), LEAST_IMAGES)
            references = _references(ground, files, images)
            ground.worker.start()
            report = _try(ground, watch, references, kills, stage)
            stage("clearing away", images, images)
    return report


def _try(
    ground: Ground,
    watch: Watch,
    references: Sequence[ImageReference],
    kills: int,
    stage: Stage,
) -> ChaosReport:
    offsets = Offsets(ground.cluster, ground.topics)
    witness = Witness(ground.cluster, ground.topics.predictions)
    feeder = Feeder(
        ground.cluster.producer("vigie-chaos"),
        ground.topics.images,
        lambda number: encode_reference(references[number]),
        len(references),
    )
    blows = _blows(ground, watch) * kills

    def look() -> None:
        watch.look()
        stage(f"{len(trial.recoveries)} of {len(blows)} survived", witness.count, feeder.total)

    trial = Trial(feeder, witness, offsets.predictions, look)
    stalled = None
    with witness.looking_on():
        try:
            trial.endure(blows)
            trial.until(lambda: settled(offsets, witness), "the last commit")
        except StalledError as error:
            stalled = str(error)
    return _report(ground, watch, trial, references[: feeder.published], stalled)


def _blows(ground: Ground, watch: Watch) -> list[Blow]:
    """One round; worker and broker take turns."""
    blows = [Blow(WorkerVictim(ground.worker), SIGKILL)]
    if ground.broker is not None:
        victim = BrokerVictim(ground.broker, watch.pause)
        blows += [Blow(victim, number) for number in ground.plan.signals]
    return blows


def _report(
    ground: Ground,
    watch: Watch,
    trial: Trial,
    references: Sequence[ImageReference],
    stalled: str | None,
) -> ChaosReport:
    offsets, witness = Offsets(ground.cluster, ground.topics), trial.witness
    expected = [one.reference_id for one in references]
    afterwards = [
        decode_prediction(message.value()).reference_id
        for message in read_to_end(ground.cluster, ground.topics.predictions, "vigie-chaos")
    ]
    found, later = compare(expected, witness.ids), compare(expected, afterwards)
    committed, end = offsets.committed(), offsets.references()
    return ChaosReport(
        exact=found.exact and later.exact and committed == end and stalled is None,
        references=len(references),
        predictions=witness.count,
        failures=witness.failures,
        found=found,
        later=later,
        committed_offset=committed,
        end_offset=end,
        longest_pause_s=round(witness.longest_pause_s, 2),
        recoveries=tuple(trial.recoveries),
        own_ends=tuple(watch.own_ends),
        broker=ground.plan.broker,
        stalled=stalled,
    )


def _references(ground: Ground, files: Sequence[Path], number: int) -> list[ImageReference]:
    """References to a few simulated images in turn, each with an id of its own."""
    stored = [
        make_reference(
            ground.store,
            ground.topics.job,
            file.read_bytes(),
            source="chaos",
            name=file.name,
            captured_at=datetime.now(UTC),
            reference_id="",
        )
        for file in files
    ]
    return [replace(one, reference_id=f"chaos-{n}") for n, one in enumerate(repeat(stored, number))]
