"""What a peer's program is told, as one argument; the standard library only, for both sides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """Judge the references of one topic into another.

    Attributes:
        bootstrap_servers: addresses of Kafka.
        images: topic of one partition with the image references.
        predictions: topic of one partition for the answers.
        group: consumer group and, where a peer has one, application id.
        job: that the references are for.
        store: root of the image store.
        model: folder of the weights.
        scratch: folder where a peer may leave what it likes.
        ready: file that the program makes when its models are in memory.
        max_image_bytes: of an image file.
        max_reference_bytes: of a reference.
        threads: images judged at the same time, where a form can.
        tuned: at its best instead of as its documentation has it.
    """

    bootstrap_servers: str
    images: str
    predictions: str
    group: str
    job: str
    store: str
    model: str
    scratch: str
    ready: str
    max_image_bytes: int
    max_reference_bytes: int
    threads: int
    tuned: bool

    def to_json(self) -> str:
        """The argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        """The task in an argument."""
        return cls(**json.loads(text))
