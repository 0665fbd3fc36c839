"""Where a job's topics end and where its group goes on, asked of the broker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from transport.clients import Cluster
from transport.topics import JobTopics

ANSWER_S = 1.0
"""One question; a broker answers in milliseconds, or is just being started again."""

PATIENCE_S = 30.0
"""A broker that answers knows its topics and groups a second or two later."""

AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Offsets:
    """Of partition 0. Each is asked again for a while; ``KafkaException`` without an answer."""

    cluster: Cluster
    topics: JobTopics

    def references(self) -> int:
        """The end of the images topic."""
        return self.end(self.topics.images)

    def predictions(self) -> int:
        """The end of what is committed in the predictions topic."""
        return self.end(self.topics.predictions)

    def committed(self) -> int:
        """Where the job's workers go on; negative before the first commit."""

        def ask(reader: Consumer) -> int:
            [found] = reader.committed([TopicPartition(self.topics.images, 0)], ANSWER_S)
            return int(found.offset)

        return self._ask(ask, self.topics.group)

    def end(self, topic: str) -> int:
        """The end of what is committed in a topic."""

        def ask(reader: Consumer) -> int:
            return int(reader.get_watermark_offsets(TopicPartition(topic, 0), ANSWER_S)[1])

        return self._ask(ask, "vigie-offsets")

    def _ask(self, question: Callable[[Consumer], int], group: str) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            # A client of its own: one that has lost its connection would wait before the next.
            reader = self.cluster.reader("vigie-offsets", {"group.id": group})
            try:
                return question(reader)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(AGAIN_S)
            finally:
                reader.close()
