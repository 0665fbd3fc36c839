"""A producer that outwaits any outage, and knows what Kafka has acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable

from confluent_kafka import Producer

PATIENCE_S = 300.0


class Sender:
    """Sends numbered messages for as long as its block lasts, then waits for the last of them.

    Args:
        bootstrap_servers: the broker's address.
        topic: where to.
        value: makes the message of a number.
        pause_s: between two messages.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        value: Callable[[int], bytes],
        pause_s: float = 0.001,
    ) -> None:
        self.sent = 0
        self.acknowledged: list[int] = []
        self._topic = topic
        self._value = value
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "message.timeout.ms": int(PATIENCE_S * 1000),
                "reconnect.backoff.max.ms": 1000,
                "log_level": 0,
            }
        )

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Send no more, and wait until Kafka has all."""
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(PATIENCE_S) == 0

    def _send(self) -> None:
        while not self._stop.wait(self._pause_s):
            number = self.sent

            def delivered(error: object, _message: object, number: int = number) -> None:
                if error is None:
                    self.acknowledged.append(number)

            self._producer.produce(self._topic, self._value(number), on_delivery=delivered)
            self._producer.poll(0)
            self.sent += 1
