"""Whether a consumer still belongs to its group."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

ANSWER_TIMEOUT_S = 2.0
"""One question waits this long before it looks whether to give up."""

AGAIN_S = 0.1
"""Between two questions while the broker does not know its groups yet, as after a restart."""


def is_member(
    admin: AdminClient, consumer: Consumer, group: str, give_up: Callable[[], bool]
) -> bool:
    """Whether the broker counts a consumer, by the name it gave it, among a group's members.

    A consumer learns only from its next heartbeat that its session was lost; a process that was
    suspended has to ask before it takes anything over. A member whose slot another process has
    taken is known by another name, so that it is none either.

    Waits for a broker that is away until ``give_up`` says so; ``False`` then.
    """
    while not give_up():
        # Not the newer call, which can end the process (librdkafka's issue 4605).
        try:
            found = admin.list_groups(group, ANSWER_TIMEOUT_S)
        except KafkaException:
            found = []
        if found and found[0].error is None:
            name = consumer.memberid()
            return any(member.id == name for member in found[0].members)
        sleep(AGAIN_S)
    return False
