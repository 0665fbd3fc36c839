"""Open pages without their browsers: each speaks Dash's WebSocket protocol as a page does.

Written after Dash 4.4's ``dash-ws-worker.js`` and ``backends/ws.py``; ``test_bench_page.py`` holds
that the server still understands it. They fetch no pictures: those cost per picture, not per page.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from schemas.errors import VigieError
from vigie.bench.wire import Update, messages_in, updates_in

ARRIVAL_S = 0.02
"""Between two arrivals: people do not all open a page in the same millisecond, and pages that
did would be told in step for ever."""

PATIENCE_S = 10.0
SOCKET = "_dash-ws-callback"


class Metered(ClientConnection):
    """Counts the bytes that come off the network: after compression, with the frames' heads."""

    received = 0

    def data_received(self, data: bytes) -> None:
        """Overrides asyncio's."""
        self.received += len(data)
        super().data_received(data)


@dataclass
class Visitor:
    """One open page that shows everything."""

    page: str = field(default_factory=lambda: str(uuid4()))
    cursor: str | None = None
    cards: set[str] = field(default_factory=set)
    updates: list[Update] = field(default_factory=list)
    received: int = 0

    async def stay(self, link: str, push: str) -> None:
        """Keep the page open until cancelled; ``push`` is the name of the server's callback."""
        address = f"ws{link.removeprefix('http').rstrip('/')}/{SOCKET}"
        async with connect(
            address, origin=Origin(link.rstrip("/")), create_connection=Metered, max_size=None
        ) as socket:
            ask = {"output": push, "inputs": [], "changedPropIds": [], "parsedChangedPropsIds": []}
            await socket.send(self._message("callback_request", f"{self.page}-1", ask))
            async for text in socket:
                self.received = cast("Metered", socket).received
                self.updates += updates_in(str(text), time.monotonic())
                for message in messages_in(str(text)):
                    if message["type"] == "get_props_request":
                        answer = self._message(
                            "get_props_response", message["requestId"], {"data": self.standing()}
                        )
                        await socket.send(answer)
                    elif message["type"] == "set_props":
                        self.take(message["payload"])

    def standing(self) -> dict[str, Any]:
        """What the page says of itself."""
        return {"cursor": self.cursor, "query": "", "paused": False}

    def take(self, payload: Mapping[str, Any]) -> None:
        """Read on as the page does: only what answers our own cursor counts."""
        if payload["componentId"] != "wire-batch":
            return
        batch = json.loads(payload["props"]["children"])
        if batch["after"] == self.cursor and batch["query"] == "":
            self.cursor = batch["cursor"]
            self.cards.update(card[1] for card in batch["cards"])

    def _message(self, kind: str, request: str, payload: Mapping[str, Any]) -> str:
        return json.dumps(
            {"type": kind, "rendererId": self.page, "requestId": request, "payload": payload}
        )


class Visitors:
    """So many open pages, in a thread of their own.

    Raises:
        VigieError: on leaving, when one of them was sent away.
    """

    def __init__(self, link: str, number: int) -> None:
        self.all = [Visitor() for _ in range(number)]
        self._link = link
        self._push = push_callback(link)
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bench-visitors", daemon=True)
        self._error: Exception | None = None

    def __enter__(self) -> Visitors:
        """Open the pages; each has its first cards when this returns."""
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S + len(self.all) * ARRIVAL_S
        while not all(visitor.cards for visitor in self.all):
            if self._error or time.monotonic() > deadline:
                self.__exit__()
                raise VigieError("The pages of the measurement were not served: is it overloaded?")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the pages."""
        with suppress(RuntimeError):  # the loop has ended by an error
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        if self._error:
            raise VigieError(f"A page of the measurement was sent away: {self._error}")

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._stay())
        # Whatever it is, it is raised in the thread that measures.
        except Exception as error:  # noqa: BLE001
            self._error = error
        finally:
            self._loop.close()

    async def _stay(self) -> None:
        staying = []
        for visitor in self.all:
            staying.append(asyncio.create_task(visitor.stay(self._link, self._push)))
            await asyncio.sleep(ARRIVAL_S)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stop, *staying], return_when=asyncio.FIRST_COMPLETED)
        ended = [one for one in staying if one.done()]
        for one in (stop, *staying):
            one.cancel()
        await asyncio.gather(stop, *staying, return_exceptions=True)
        for one in ended:
            raise one.exception() or VigieError("the server closed its socket")


def push_callback(link: str) -> str:
    """The name of the callback by which the server pushes, as Dash tells its pages.

    Raises:
        VigieError: it has none.
    """
    with urllib.request.urlopen(  # noqa: S310 - our own page, on loopback
        f"{link.rstrip('/')}/_dash-dependencies", timeout=PATIENCE_S
    ) as answer:
        for callback in json.load(answer):
            if callback.get("websocket") and not callback["inputs"]:
                return str(callback["output"])
    raise VigieError(f"The page at {link} pushes nothing: is it another version of Vigie?")
