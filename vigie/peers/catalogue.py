"""Who is measured, in which forms, and what each form guarantees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent

DOCUMENTED = "as documented"
BEST = "at its best"


@dataclass(frozen=True)
class Peer:
    """Something else that can stand between two topics.

    Attributes:
        name: of its lock and its environment.
        title: what it calls itself.
        package: that is the peer, in its lock.
        program: module of :mod:`vigie.peers.programs`.
        documented: the guarantee of the form that its documentation shows.
        best: the guarantee of the form in which it is fastest without giving up a guarantee.
    """

    name: str
    title: str
    package: str
    program: str
    documented: str
    best: str

    @cached_property
    def lock(self) -> str:
        """All that its environment holds, with hashes."""
        return self.lock_file.read_text("utf-8")

    @property
    def lock_file(self) -> Path:
        """Where the lock is."""
        return FOLDER / "locks" / f"{self.name}.txt"

    @property
    def version(self) -> str:
        """Of its package, from the lock."""
        found = re.search(rf"^{re.escape(self.package)}==(\S+)", self.lock, re.MULTILINE)
        return found[1] if found else "?"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table: a peer in one of its forms, or ours.

    Attributes:
        peer: ``None``: ours.
        tuned: the peer at its best.
    """

    peer: Peer | None
    tuned: bool = False

    @property
    def title(self) -> str:
        """Who."""
        return f"{self.peer.title} {self.peer.version}" if self.peer else "Vigie"

    @property
    def form(self) -> str:
        """In which form."""
        return BEST if self.tuned else DOCUMENTED if self.peer else "as it ships"

    @property
    def guarantee(self) -> str:
        """What holds when the process is killed, a send fails, or a handler raises."""
        if self.peer is None:
            return OUR_GUARANTEE
        return self.peer.best if self.tuned else self.peer.documented

    def __str__(self) -> str:
        return f"{self.title}, {self.form}"


OUR_GUARANTEE = "exactly once, in order"

PEERS = (
    # Offsets are stored when a message is handed over and committed every 5 s, whatever became of
    # it (enable.auto.offset.store, auto.commit.interval.ms); without enable.idempotence a batch
    # that is sent again may land behind its successor (max.in.flight 1,000,000).
    # github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
    Peer(
        "keras",
        "Keras",
        "keras",
        "keras_loop",
        documented="can lose and repeat; a retry can break the order",
        best="at least once, in order",
    ),
    # Offsets and messages in one transaction: quixstreams.checkpointing, "Step 4".
    # quix.io/docs/quix-streams/configuration.html#processing-guarantees
    Peer(
        "quix",
        "Quix Streams",
        "quixstreams",
        "quix",
        documented="exactly once, in order",
        best="exactly once, in order",
    ),
    # It commits what an agent went past, after a flush of its producer; an event whose handler
    # raised counts as gone past, and so does one whose message could not be sent
    # (faust.transport.consumer._commit_offsets, faust.streams.Stream.__aiter__,
    # faust.topics.Topic._on_published). One batch per partition is on the way, so order holds.
    # faust-streaming.github.io/faust/userguide/agents.html
    Peer(
        "faust",
        "Faust",
        "faust-streaming",
        "faust_agent",
        documented="at least once when killed, can lose on an error; in order",
        best="at least once, in order",
    ),
    # AckPolicy.ACK_FIRST, its default, is Kafka's auto commit; each publication is awaited before
    # the next message, so order holds. NACK_ON_ERROR commits behind the handler and its
    # publications, or rewinds. faststream.ag2.ai/latest/confluent/ack
    Peer(
        "faststream",
        "FastStream",
        "faststream",
        "faststream_handler",
        documented="can lose and repeat; in order",
        best="at least once, in order",
    ),
)

OURS = Contender(None)


def contenders(peers: tuple[Peer, ...] = PEERS) -> tuple[Contender, ...]:
    """Ours first, then each peer in both its forms."""
    forms = (Contender(peer, tuned) for peer in peers for tuned in (False, True))
    return (OURS, *forms)
