"""Keeps a window of messages in flight topped up, in few calls."""

from __future__ import annotations

from confluent_kafka import Consumer, Message

IDLE_POLL_S = 0.05
"""How long an idle worker waits for a first message before it looks at its stop flag again."""

REFILL = 16
"""The window is topped up by handfuls: one consume() call per so many images, not one per image."""


def fetch(consumer: Consumer, held: int, window: int) -> list[Message]:
    """What a window of ``window`` messages, ``held`` of them in flight, has room for; errors too.

    Waits for a first message only while nothing is in flight.
    """
    room = window - held
    if room < (min(REFILL, window) if held else 1):
        return []
    # consume() alone would wait its whole time-out for a partial batch.
    first = consumer.poll(0 if held else IDLE_POLL_S)
    if first is None:
        return []
    return [first, *(consumer.consume(room - 1, 0) if room > 1 else [])]
