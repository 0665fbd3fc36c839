"""The push: one persistent WebSocket callback per open page.

The page keeps its own state (how far it has read, its filter, whether it is paused) in a store.
Four times a second the server reads it and answers with what comes next, so an update that is
lost, repeated or late changes nothing, and a page that has gone is noticed because it no longer
answers.

The answers go into the text of two hidden elements, not into a ``dcc.Store``: Dash keeps every
value of a property that is an Input of a callback in its undo history, for ever.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from dash import Dash, ctx, set_props

from dashboard import ids
from dashboard.feed.filters import EVERYTHING, FeedFilter
from dashboard.feed.hub import Batch, Hub, PageState

TICK_S = 0.25
"""At most four updates a second: more froze the page, fewer look late."""

PULSE_TICKS = 4
"""A pulse each second: numbers for the eye, and a sign of life for the page."""

PUSHED = (
    *("id", "at", "source", "severity", "label", "p"),
    *("shares", "image", "heat", "reason", "detail", "review"),
)
"""What a card says of its event; its order is its time of appending and its id."""

ANSWER_WITHIN_S = 20.0
"""A hidden tab is slowed to one turn a second; one silent for this long is gone."""


class Pulse:
    """What a page is told each second; made once for all pages that look at the same.

    Args:
        make: what is the same for all, at a moment in seconds since 1970.
        counts: what belongs to a filter.
        clock: seconds since 1970.
        reviews: how many reviews are known, told as of this moment: an action of one person is
            seen by the others with their next pulse.
    """

    def __init__(
        self,
        make: Callable[[float], dict[str, Any]],
        counts: Callable[[FeedFilter], dict[str, int]],
        clock: Callable[[], float],
        reviews: Callable[[], int],
    ) -> None:
        self._make = make
        self._counts = counts
        self._clock = clock
        self._reviews = reviews
        self._made: tuple[int, dict[FeedFilter, dict[str, Any]]] = (-1, {})

    def of(self, wanted: FeedFilter = EVERYTHING) -> dict[str, Any]:
        """The pulse of a page with this filter."""
        now = self._clock()
        if int(now) != self._made[0]:
            shared = self._make(now)
            self._made = int(now), {EVERYTHING: shared | {"counts": self._counts(EVERYTHING)}}
        made = self._made[1]
        if wanted not in made:
            made[wanted] = made[EVERYTHING] | {"counts": self._counts(wanted)}
        return made[wanted] | {"reviews": self._reviews()}


class Conversation:
    """What one page has been told, so that it is not told again without need."""

    def __init__(self) -> None:
        self.turn = -1
        self._sent: tuple[PageState, str | None, int] | None = None

    def pulse_is_due(self) -> bool:
        """Whether this turn, which it counts, brings the pulse."""
        self.turn += 1
        return self.turn % PULSE_TICKS == 0

    def worth_sending(self, page: PageState, batch: Batch | None) -> bool:
        """Whether the batch tells the page something new.

        What was told is told again only with the pulse, in case it was lost. A cursor that moved
        over unwanted events alone goes with the pulse too: the next answer can begin after them.
        """
        if batch is None:
            return False
        with_pulse = self.turn % PULSE_TICKS == 0
        moved = with_pulse and batch["cursor"] != batch["after"]
        told = page, batch["cursor"], batch["waiting"]
        if told == self._sent and not with_pulse:
            return False
        self._sent = told
        return bool(batch["cards"] or batch["waiting"] or batch["reset"] or moved)


def packed(card: Mapping[str, Any]) -> list[Any]:
    """A card as it is pushed: values without their names, which are half of its text.

    ``assets/90-wire.js`` gives them their names back.
    """
    own = card["group"]
    values = [card[name] for name in PUSHED]
    return [card["order"][0], *values, own["order"], own["since"], own["n"]]


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _batch_text(turn: int, batch: Batch) -> str:
    # The turn makes a repeated text another one: the same would not be noticed.
    return _text({"turn": turn, **batch, "cards": [packed(card) for card in batch["cards"]]})


def register(app: Dash, hub: Hub, pulse: Pulse) -> None:
    """Make every page of the app be told of new events."""

    @app.callback(websocket=True, persistent=True)
    async def push() -> None:
        socket, told = ctx.websocket, Conversation()
        if socket is None:
            return  # no SharedWorker in this browser: Dash falls back to HTTP, the page asks itself
        try:
            while not socket.is_shutdown:
                store = await socket.get_prop(ids.PAGE, "data", timeout=ANSWER_WITHIN_S)
                page = PageState.from_store(store)
                if told.pulse_is_due():
                    set_props(ids.WIRE_PULSE, {"children": _text(pulse.of(page.filter))})
                batch = hub.batch(page)
                if batch and told.worth_sending(page, batch):
                    set_props(ids.WIRE_BATCH, {"children": _batch_text(told.turn, batch)})
                await asyncio.sleep(TICK_S)
        except TimeoutError:
            return  # the page has gone: a closed tab does not close the socket its sisters share
